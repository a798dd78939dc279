"""The interim rule of routing: pins, names, first models, offline and reasons."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.catalogue import Billing, Catalogue, KeyRef, Model, Place, Provider
from proxy.model import Choice, Protocol, Request, ServerTool, ToolChoice
from proxy.routing import (
    MAX_ATTEMPTS,
    Decision,
    Facts,
    ReasonCode,
    decide,
    effective_mode,
    explain,
    no_route_sentence,
    read_decision,
    write_decision,
)
from proxy.routing.modes import Mode
from proxy.routing.reasons import REASONS

MESSAGES, CHAT = Protocol.MESSAGES, Protocol.CHAT


def provider(
    name: str,
    *models: str,
    protocols: tuple[Protocol, ...] = (MESSAGES, CHAT),
    place: Place = Place.PROVIDER,
    any_model: bool = False,
    key: KeyRef | None = None,
) -> Provider:
    return Provider(
        id=name,
        name=name,
        base_url=f"http://{name}.test",
        protocols=protocols,
        key=key or KeyRef("none"),
        billing=Billing.METERED,
        place=place,
        any_model=any_model,
        models=tuple(Model(id=model, lane="claude/premium") for model in models),
    )


def run(
    asked: str,
    *providers: Provider,
    not_ready: dict[str, str] | None = None,
    mode: Mode = Mode.DIRECT,
    protocol: Protocol = MESSAGES,
    own: bool = False,
) -> Decision:
    facts = Facts(protocol, asked, own_credential=own)
    return decide(facts, Catalogue(providers, "s"), not_ready or {}, mode)


def routes(decision: Decision) -> list[str]:
    return [route.name for route in decision.attempts]


def codes(decision: Decision) -> dict[str, ReasonCode]:
    return {loser.route: loser.code for loser in decision.rejected}


def test_with_nothing_configured_practice_answers() -> None:
    assert routes(run("claude-opus")) == ["practice/echo"]


def test_practice_leaves_once_a_provider_exists_unless_pinned() -> None:
    one = provider("one", "m")
    assert routes(run("m", one, not_ready={"one": "its key is missing"})) == []
    assert routes(run("practice/echo", one)) == ["practice/echo"]


@pytest.mark.parametrize("asked", ["practice/zzz", "practice/a/b", "practice/echo"])
def test_whatever_name_is_practised_with_echo_answers(asked: str) -> None:
    (route,) = run(asked, provider("one", "m")).attempts
    assert route.name == "practice/echo"
    assert (route.lane, route.price) == ("practice/small", None)


def test_the_first_that_lists_or_takes_any_name_wins_and_the_others_stand_by() -> None:
    found = run(
        "big",
        provider("small", "tiny"),
        provider("lists", "big"),
        provider("any", "other", any_model=True),
    )
    assert routes(found) == ["lists/big", "any/big"]
    assert codes(found)["small"] is ReasonCode.NOT_LISTED


def test_without_anybody_who_lists_it_first_models_take_the_place() -> None:
    found = run("unheard-of", provider("one", "a", "b"), provider("two", "c"))
    assert routes(found) == ["one/a", "two/c"]
    assert found.attempts[0].model_id == "a"
    assert "one" not in codes(found)


def test_a_dated_name_is_the_model_it_dates_and_goes_on_unchanged() -> None:
    found = run("big-20260901", provider("one", "big"))
    assert routes(found) == ["one/big-20260901"]
    assert found.attempts[0].lane == "claude/premium"


def test_a_pin_is_taken_and_nothing_stands_by() -> None:
    found = run("two/special", provider("one", any_model=True), provider("two", "c"))
    assert routes(found) == ["two/special"]
    assert codes(found) == {"one": ReasonCode.NOT_PINNED}


def test_a_slash_is_no_pin_where_no_provider_has_that_name() -> None:
    found = run("openai/gpt-oss", provider("one", any_model=True))
    assert routes(found) == ["one/openai/gpt-oss"]


def test_readiness_is_a_hard_filter() -> None:
    found = run(
        "m",
        provider("tired", "m"),
        provider("fit", "m"),
        not_ready={"tired": "environment variable X is not set"},
    )
    assert routes(found) == ["fit/m"]
    assert "variable X" in no_route_sentence(found)


def test_a_provider_is_asked_in_the_clients_protocol_or_in_its_own_first() -> None:
    both = provider("both", "m", protocols=(CHAT, MESSAGES))
    other = provider("other", "m", protocols=(CHAT, Protocol.OLLAMA))
    found = run("m", both, other)
    assert [route.protocol for route in found.attempts] == [MESSAGES, CHAT]


def test_who_lists_a_model_comes_before_who_takes_any_name() -> None:
    found = run("m", provider("any", any_model=True), provider("lists", "m"))
    assert routes(found) == ["lists/m", "any/m"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("qwen3:8b", "local/qwen3:8b"),
        ("claude-opus-5-5", "local/first"),
        ("gpt-6.1-terra", "local/first"),
        ("gemini-3-pro", "local/first"),
    ],
)
def test_a_vendors_own_name_says_nothing_to_a_provider_of_another_protocol(
    asked: str, found: str
) -> None:
    local = provider("local", "first", any_model=True, protocols=(CHAT,))
    assert routes(run(asked, local)) == [found]


def test_what_only_the_clients_protocol_has_is_not_translated() -> None:
    facts = Facts(Protocol.RESPONSES, "m", native_only=True)
    catalogue = Catalogue((provider("one", "m"),), "s")
    found = decide(facts, catalogue, {}, Mode.DIRECT)
    assert codes(found)["one/m"] is ReasonCode.NATIVE_ONLY


def test_the_clients_own_credential_stays_in_its_own_protocol() -> None:
    found = run(
        "m", provider("one", "m", key=KeyRef("client"), protocols=(CHAT,)), own=True
    )
    assert codes(found)["one/m"] is ReasonCode.CREDENTIAL_FOREIGN


def test_what_cannot_be_carried_is_said() -> None:
    search = ServerTool(MESSAGES, "web_search_20250305", "web_search", {})
    choice = ToolChoice(Choice.TOOL, "web_search")
    asked = Request(MESSAGES, "m", (), tools=(search,), tool_choice=choice)
    facts = Facts(MESSAGES, "m", request=asked)
    foreign = provider("foreign", "m", protocols=(CHAT,))
    catalogue = Catalogue((foreign, provider("own", "m")), "s")
    found = decide(facts, catalogue, {}, Mode.DIRECT)
    assert routes(found) == ["own/m"]
    assert codes(found)["foreign/m"] is ReasonCode.NOT_CARRIED
    assert "forces a tool" in no_route_sentence(found)


def test_an_alias_is_looked_up_by_what_it_stands_for() -> None:
    facts = Facts(MESSAGES, "claude-turnout/one/m", stands_for="one/m")
    found = decide(facts, Catalogue((provider("one", "m"),), "s"), {}, Mode.DIRECT)
    assert routes(found) == ["one/m"]
    assert found.requested_model == "claude-turnout/one/m"


def test_offline_keeps_to_models_on_this_machine_whatever_is_asked() -> None:
    here = provider("here", "m", place=Place.THIS_MACHINE)
    away = provider("away", "m")
    assert routes(run("m", away, here, mode=Mode.OFFLINE)) == ["here/m"]
    pinned = run("away/m", away, here, mode=Mode.OFFLINE)
    assert routes(pinned) == []
    assert codes(pinned)["away/m"] is ReasonCode.OFFLINE


def test_a_model_that_runs_elsewhere_is_elsewhere_even_at_a_local_provider() -> None:
    here = provider("here", place=Place.THIS_MACHINE)
    here = replace(here, models=(Model(id="cloud", place=Place.PROVIDER),))
    assert routes(run("cloud", here, mode=Mode.OFFLINE)) == []


def test_the_clients_own_credential_goes_to_one_provider_only() -> None:
    first = provider("first", "m", key=KeyRef("client"))
    second = provider("second", "m", key=KeyRef("client"))
    keyed = provider("keyed", "m", key=KeyRef("env", "K"))
    found = run("m", first, second, keyed, own=True)
    assert routes(found) == ["first/m", "keyed/m"]
    assert codes(found)["second/m"] is ReasonCode.CREDENTIAL_ELSEWHERE
    assert routes(run("m", first, keyed)) == ["keyed/m"]


def test_at_most_three_calls() -> None:
    many = [provider(f"p{n}", "m") for n in range(6)]
    found = run("m", *many)
    assert len(found.attempts) == MAX_ATTEMPTS
    assert codes(found)["p3/m"] is ReasonCode.ATTEMPT_LIMIT


def test_every_reason_code_has_its_sentence() -> None:
    assert set(REASONS) == set(ReasonCode)


def test_a_stored_decision_names_how_its_choice_is_paid() -> None:
    stored = read_decision(write_decision(run("m", provider("one", "m"))))
    assert (stored.lane, stored.billing) == ("claude/premium", "metered")
    assert read_decision(write_decision(run("m"))).billing == "local"
    older = msgspec.to_builtins(stored)
    del older["billing"]
    assert read_decision(msgspec.json.encode(older).decode()).billing is None


def test_a_stored_decision_reads_back_as_sentences() -> None:
    found = run("m", provider("one", "m"), provider("two", "m"), provider("x", "y"))
    told = " ".join(explain(read_decision(write_decision(found))))
    for word in ("asked for m", "one/m", "claude/premium", "two/m", "x was rejected"):
        assert word in told


MODELS = st.sampled_from(["m", "n", "p0/m", "practice/echo", "zzz"])
PROVIDERS = st.lists(
    st.builds(
        provider,
        st.sampled_from([f"p{n}" for n in range(5)]),
        st.sampled_from(["m", "n"]),
        protocols=st.sampled_from([(MESSAGES,), (CHAT,), (MESSAGES, CHAT)]),
        place=st.sampled_from(Place),
        any_model=st.booleans(),
        key=st.sampled_from([KeyRef("none"), KeyRef("client")]),
    ),
    max_size=5,
    unique_by=lambda each: each.id,
)


@given(MODELS, PROVIDERS, st.sampled_from(Mode), st.booleans())
def test_no_route_ever_breaks_a_rule(
    asked: str, providers: list[Provider], mode: Mode, own: bool
) -> None:
    not_ready = {providers[0].id: "not now"} if providers else {}
    found = run(asked, *providers, not_ready=not_ready, mode=mode, own=own)
    assert found == run(asked, *providers, not_ready=not_ready, mode=mode, own=own)
    assert len(found.attempts) <= MAX_ATTEMPTS
    for route in found.attempts:
        assert route.protocol in route.provider.protocols
        if MESSAGES in route.provider.protocols:
            assert route.protocol is MESSAGES
        assert not not_ready.get(route.provider.id)
        assert own or route.provider.key.kind != "client"
        if effective_mode(mode) is Mode.OFFLINE:
            assert route.place is Place.THIS_MACHINE
    takers = [r for r in found.attempts if r.provider.key.kind == "client"]
    assert len(takers) <= 1
    chosen = {route.provider.id for route in found.attempts}
    losers = {loser.route.partition("/")[0] for loser in found.rejected}
    assert {each.id for each in providers} <= chosen | losers


@given(MODELS, PROVIDERS)
def test_an_ineligible_newcomer_changes_nothing(
    asked: str, providers: list[Provider]
) -> None:
    newcomer = provider("newcomer", "m")
    not_ready = {"newcomer": "not now"}
    if providers:
        assert routes(run(asked, *providers)) == routes(
            run(asked, *providers, newcomer, not_ready=not_ready)
        )
