from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest

from proxy.catalogue import (
    AuthStyle,
    Billing,
    Catalogue,
    KeyRef,
    Model,
    Place,
    Provider,
    Route,
    Thinking,
)
from proxy.guard import Endpoint
from proxy.model import Protocol, Usage
from proxy.money import Price
from proxy.native import native_url
from proxy.prices.rates import Rate, Rates, Source, SourceType
from proxy.wire.dialect import Dialect, ReasoningWord

SHORT = Price(input=Decimal(1))
LONG = Price(input=Decimal(2))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOURCE = Source(SourceType.PROVIDER_DOCS, "a list", NOON)
RATES = Rates((Rate(SHORT), Rate(LONG, above=1000)), SOURCE)
MODEL = Model("big", lane="x/premium", rates=RATES)
PROVIDER = Provider(
    id="scripted",
    name="Scripted",
    base_url="http://127.0.0.1:9800",
    protocols=(Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT),
    key=KeyRef("env", "SCRIPTED_KEY"),
    billing=Billing.METERED,
    place=Place.PROVIDER,
    models=(MODEL, Model("cloud", place=Place.MY_NETWORK)),
)


@pytest.mark.parametrize("base", ["http://h:1", "http://h:1/v1"])
@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        (Protocol.MESSAGES, "/v1/messages"),
        (Protocol.RESPONSES, "/v1/responses"),
        (Protocol.CHAT, "/v1/chat/completions"),
    ],
)
def test_a_version_path_is_never_doubled(
    base: str, protocol: Protocol, path: str
) -> None:
    assert replace(PROVIDER, base_url=base).url(protocol) == f"http://h:1{path}"


@pytest.mark.parametrize(
    ("base", "protocol", "url"),
    [
        ("https://h/v1beta", Protocol.GEMINI, "https://h/v1beta/models"),
        ("https://h", Protocol.GEMINI, "https://h/v1beta/models"),
        ("https://h/v1", Protocol.GEMINI, "https://h/v1/v1beta/models"),
        ("http://h:1/api", Protocol.OLLAMA, "http://h:1/api/chat"),
        ("https://h/api", Protocol.CHAT, "https://h/api/v1/chat/completions"),
    ],
)
def test_each_protocol_has_a_version_path_of_its_own(
    base: str, protocol: Protocol, url: str
) -> None:
    assert replace(PROVIDER, base_url=base).url(protocol) == url


def test_an_endpoint_is_a_whole_url_or_a_path_below_the_base() -> None:
    provider = replace(
        PROVIDER,
        base_url="https://h/codex",
        endpoints=MappingProxyType(
            {
                Protocol.MESSAGES: "https://other/anthropic/v1/messages",
                Protocol.RESPONSES: "/responses",
            }
        ),
    )
    assert provider.url(Protocol.RESPONSES) == "https://h/codex/responses"
    assert provider.url(Protocol.MESSAGES) == "https://other/anthropic/v1/messages"
    counter = native_url(provider, Endpoint.COUNT_MESSAGES, "m")
    assert counter == "https://other/anthropic/v1/messages/count_tokens"
    assert provider.url(Protocol.CHAT) == "https://h/codex/v1/chat/completions"


@pytest.mark.parametrize(
    ("protocol", "style"),
    [
        (Protocol.MESSAGES, AuthStyle.X_API_KEY),
        (Protocol.RESPONSES, AuthStyle.BEARER),
        (Protocol.CHAT, AuthStyle.BEARER),
        (Protocol.OLLAMA, AuthStyle.BEARER),
        (Protocol.GEMINI, AuthStyle.X_GOOG_API_KEY),
    ],
)
def test_the_key_header_follows_the_protocol_unless_named(
    protocol: Protocol, style: AuthStyle
) -> None:
    assert PROVIDER.auth_style(protocol) is style
    named = replace(PROVIDER, auth=AuthStyle.API_KEY)
    assert named.auth_style(protocol) is AuthStyle.API_KEY


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("big", "big"),
        ("big-20251001", "big"),
        ("big-2025", None),
        ("big-20251001-x", None),
        ("bigger", None),
        ("", None),
    ],
)
def test_a_dated_name_is_the_listed_model(name: str, found: str | None) -> None:
    model = PROVIDER.find_model(name)
    assert (model.id if model else None) == found


def test_a_listed_dated_id_wins_over_the_one_without() -> None:
    dated = Model("big-20251001")
    provider = replace(PROVIDER, models=(MODEL, dated))
    assert provider.find_model("big-20251001") is dated


def test_a_route_takes_from_the_model_what_it_says_and_else_from_the_provider() -> None:
    listed = Route(PROVIDER, MODEL, "big", Protocol.CHAT)
    assert listed.name == "scripted/big"
    assert (listed.lane, listed.price) == ("x/premium", SHORT)
    assert (listed.place, listed.billing) == (Place.PROVIDER, Billing.METERED)
    elsewhere = Route(PROVIDER, PROVIDER.models[1], "cloud", Protocol.CHAT)
    assert elsewhere.place is Place.MY_NETWORK
    unlisted = Route(PROVIDER, None, "any", Protocol.CHAT)
    assert (unlisted.lane, unlisted.price) == (None, None)
    assert unlisted.price_for(Usage(input_tokens=1), NOON) is None
    assert unlisted.place is Place.PROVIDER


@pytest.mark.parametrize(
    ("usage", "price"),
    [
        (Usage(input_tokens=1000), SHORT),
        (Usage(input_tokens=1001), LONG),
        (Usage(input_tokens=1, cache_read_tokens=500, cache_write_tokens=500), LONG),
        (Usage(), SHORT),
    ],
)
def test_a_long_prompt_has_its_own_price(usage: Usage, price: Price) -> None:
    route = Route(PROVIDER, MODEL, "big", Protocol.CHAT)
    assert route.price_for(usage, NOON) is price


def test_a_route_says_what_provider_and_model_both_take() -> None:
    provider = replace(
        PROVIDER,
        dialects=MappingProxyType(
            {Protocol.CHAT: Dialect(stop_limit=1, efforts=("low",), images=True)}
        ),
    )
    unlisted = Route(provider, None, "any", Protocol.CHAT)
    assert unlisted.dialect is provider.dialects[Protocol.CHAT]
    blind = Model("m", tools=False, vision=False)
    plain = Route(provider, blind, "m", Protocol.CHAT).dialect
    assert (plain.stop_limit, plain.efforts) == (1, ("low",))
    assert (plain.images, plain.tools, plain.sampling) == (False, False, True)
    model = Model("m", vision=True, sampling=False, efforts=("high",))
    rich = Route(provider, model, "m", Protocol.CHAT).dialect
    assert (rich.images, rich.tools, rich.sampling) == (True, True, False)
    assert rich.efforts == ("high",)
    sightless = replace(provider, dialects={Protocol.CHAT: Dialect(images=False)})
    assert not Route(sightless, model, "m", Protocol.CHAT).dialect.images


def test_a_routes_dialect_is_worked_out_once() -> None:
    route = Route(PROVIDER, MODEL, "big", Protocol.CHAT)
    assert route.dialect is route.dialect
    assert Route(PROVIDER, MODEL, "big", Protocol.MESSAGES).dialect != route.dialect


@pytest.mark.parametrize(
    ("thinking", "protocol", "said", "word"),
    [
        (None, Protocol.CHAT, ReasoningWord.REASONING, ReasoningWord.REASONING),
        (Thinking.NONE, Protocol.CHAT, ReasoningWord.EFFORT, ReasoningWord.NONE),
        (Thinking.NONE, Protocol.GEMINI, ReasoningWord.THINKING, ReasoningWord.NONE),
        (Thinking.LEVELS, Protocol.CHAT, ReasoningWord.NONE, ReasoningWord.EFFORT),
        (
            Thinking.LEVELS,
            Protocol.CHAT,
            ReasoningWord.REASONING,
            ReasoningWord.REASONING,
        ),
        (
            Thinking.LEVELS,
            Protocol.MESSAGES,
            ReasoningWord.THINKING,
            ReasoningWord.ADAPTIVE,
        ),
        (
            Thinking.BUDGET,
            Protocol.MESSAGES,
            ReasoningWord.ADAPTIVE,
            ReasoningWord.THINKING,
        ),
        (
            Thinking.LEVELS,
            Protocol.GEMINI,
            ReasoningWord.THINKING,
            ReasoningWord.EFFORT,
        ),
    ],
)
def test_how_a_model_is_asked_to_think(
    thinking: Thinking | None,
    protocol: Protocol,
    said: ReasoningWord,
    word: ReasoningWord,
) -> None:
    model = Model("m", thinking=thinking)
    assert model.narrow(Dialect(reasoning=said), protocol).reasoning is word


def test_models_that_run_away_from_their_server() -> None:
    here = replace(PROVIDER, place=Place.THIS_MACHINE, away=("-cloud",))
    assert Route(here, None, "x-cloud", Protocol.CHAT).place is Place.PROVIDER
    assert Route(here, None, "x", Protocol.CHAT).place is Place.THIS_MACHINE
    own = Model("x-cloud", place=Place.MY_NETWORK)
    assert Route(here, own, "x-cloud", Protocol.CHAT).place is Place.MY_NETWORK


def test_what_runs_elsewhere_is_not_billed_as_local() -> None:
    local = replace(PROVIDER, billing=Billing.LOCAL, away=("-cloud",))
    here = replace(local, place=Place.THIS_MACHINE)
    assert Route(here, None, "x", Protocol.CHAT).billing is Billing.LOCAL
    assert Route(here, None, "x-cloud", Protocol.CHAT).billing is Billing.METERED
    # Somebody who says that of a provider elsewhere is believed.
    there = replace(local, place=Place.PROVIDER)
    assert Route(there, None, "x", Protocol.CHAT).billing is Billing.LOCAL


def test_values_can_be_hashed_and_found() -> None:
    assert len({PROVIDER, replace(PROVIDER), replace(PROVIDER, name="Other")}) == 2
    catalogue = Catalogue((PROVIDER,), "s")
    assert catalogue.provider("scripted") is PROVIDER
    assert catalogue.provider("nobody") is None


def test_a_key_reference_is_written_as_in_the_file() -> None:
    assert str(KeyRef("env", "A")) == "env:A"
    assert str(KeyRef("client")) == "client"


def test_the_price_without_conditions_is_the_one_people_see() -> None:
    dated = Rate(LONG, starts=NOON)
    at_night = Rate(LONG, from_minute=0, to_minute=60)
    fast = Rate(LONG, variant=(("speed", "fast"),))
    model = Model("m", rates=Rates((dated, at_night, fast, Rate(SHORT)), SOURCE))
    assert model.price is SHORT
    assert replace(model, rates=Rates((dated,), SOURCE)).price is None
    assert Model("untracked").price is None
    assert (model.price_source, Model("m").price_source) == (str(SOURCE), "")


def test_an_alias_is_found_and_goes_upstream_as_the_model() -> None:
    model = Model("Big-1", aliases=("big-1", "big-1-latest"))
    provider = replace(PROVIDER, models=(Model("big-1-latest"), model))
    assert provider.find_model("big-1") is model
    assert provider.find_model("big-1-20260901") is model
    assert provider.upstream_name("big-1") == "Big-1"
    assert provider.upstream_name("Big-1-20260901") == "Big-1-20260901"
    assert provider.upstream_name("unheard-of") == "unheard-of"
    listed = provider.find_model("big-1-latest")
    assert listed is provider.models[0], "an id goes before an alias"


def test_the_ways_to_all_models_are_made_once() -> None:
    gemini = replace(PROVIDER, id="g", protocols=(Protocol.GEMINI,))
    bare = replace(PROVIDER, id="bare", models=())
    catalogue = Catalogue((gemini, bare, PROVIDER), "s")
    ways = catalogue.options(Protocol.CHAT)
    assert [(way.name, way.protocol) for way in ways] == [
        ("g/big", Protocol.GEMINI),
        ("g/cloud", Protocol.GEMINI),
        ("scripted/big", Protocol.CHAT),
        ("scripted/cloud", Protocol.CHAT),
    ]
    assert catalogue.options(Protocol.CHAT) is ways
    native = catalogue.options(Protocol.GEMINI)
    assert [way.protocol for way in native] == [Protocol.GEMINI] * 2 + [
        Protocol.MESSAGES
    ] * 2
    fresh = Catalogue((gemini, bare, PROVIDER), "s")
    assert (fresh, hash(fresh)) == (catalogue, hash(catalogue))
    fewer = replace(catalogue, providers=(PROVIDER,))
    assert len(fewer.options(Protocol.CHAT)) == 2


def test_a_route_draws_on_the_limit_that_is_named_closest() -> None:
    own = replace(PROVIDER, models=(Model("a", quota="slow"), Model("b")))
    work = replace(own, quota="work")
    for provider, name, group in (
        (own, "a", "slow"),
        (own, "b", "scripted"),
        (own, "unlisted", "scripted"),
        (work, "a", "slow"),
        (work, "b", "work"),
    ):
        model = provider.find_model(name)
        assert Route(provider, model, name, Protocol.CHAT).quota_group == group
