"""Every route as one kind of request sees it."""

from routing_made import CHAT, MESSAGES, NOON, facts, model, policy, provider

from proxy.catalogue import Catalogue, KeyRef, Place
from proxy.routing.condition import ALL_WELL, Condition, Rest, RestKind
from proxy.routing.facts import Facts
from proxy.routing.listed import ANY_NAME, Listed, listed, routes_for
from proxy.routing.modes import Mode
from proxy.routing.reasons import REASONS, ReasonCode

CHATS = provider("chats", model("small", "x/small", tools=False), protocols=(CHAT,))
BOTH = provider("both", model("own", None, quality=77), any_model=True)
HERE = provider("here", model("m"), place=Place.THIS_MACHINE)
LENT = provider("lent", model("l"), key=KeyRef("client"), protocols=(CHAT,))


def seen(
    *providers: object,
    asked: Facts | None = None,
    condition: Condition = ALL_WELL,
    mode: Mode = Mode.CODING_AUTO,
    translates: bool = True,
    **wanted: object,
) -> dict[str, Listed]:
    catalogue = Catalogue(tuple(providers), "s")  # type: ignore[arg-type]
    spoken = MESSAGES if translates else None
    found = listed(
        routes_for(catalogue, spoken),
        asked or facts(""),
        catalogue,
        condition,
        policy(mode, **wanted),
        translates=translates,
    )
    return {each.route.name: each for each in found}


def test_names_that_are_not_listed_are_one_route() -> None:
    routes = list(routes_for(Catalogue((CHATS, BOTH), "s"), MESSAGES))
    assert [route.name for route in routes] == [
        "chats/small",
        "both/own",
        f"both/{ANY_NAME}",
    ]
    assert [route.protocol for route in routes] == [CHAT, MESSAGES, MESSAGES]
    assert routes[-1].model is None


def test_quality_is_the_models_own_else_its_tiers_else_unknown() -> None:
    found = seen(CHATS, BOTH)
    assert [each.quality for each in found.values()] == [30, 77, None]


def test_only_a_client_of_one_protocol_is_translated() -> None:
    assert [each.translated for each in seen(CHATS, BOTH).values()] == [
        True,
        False,
        False,
    ]
    found = seen(CHATS, LENT, translates=False, asked=facts("", own_credential=True))
    assert not any(each.translated for each in found.values())
    assert found["lent/l"].code is None


def test_what_can_be_taken_has_no_reason() -> None:
    found = seen(CHATS, HERE)
    assert {(each.code, each.why) for each in found.values()} == {(None, "")}


def test_each_reason_is_that_of_a_decision() -> None:
    asked = facts("", tools=True, moment=NOON)
    assert seen(CHATS, asked=asked)["chats/small"].code is ReasonCode.TOOLS_MISSING
    offline = seen(CHATS, HERE, mode=Mode.OFFLINE)
    assert offline["chats/small"].why == REASONS[ReasonCode.OFFLINE]
    assert offline["here/m"].code is None
    assert seen(LENT)["lent/l"].code is ReasonCode.CREDENTIAL_FOREIGN
    dear = seen(HERE, ceiling_nano=1)["here/m"]
    assert dear.code is ReasonCode.OVER_CEILING


def test_health_is_told_with_its_own_words() -> None:
    rest = Rest(RestKind.QUOTA, 30.0, "its window of 5 hours is used up")
    condition = Condition(not_ready={"chats": "no key is set"}, routes={"here/m": rest})
    found = seen(CHATS, HERE, condition=condition)
    assert found["chats/small"].why == "the provider is not ready: no key is set"
    assert found["here/m"].code is ReasonCode.QUOTA_EXHAUSTED
    assert found["here/m"].why.endswith("its window of 5 hours is used up")
