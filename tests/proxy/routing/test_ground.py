"""What is prepared of a catalogue: the prices of names that it does not list."""

from dataclasses import replace

from routing_made import MESSAGES, NOON, facts, model, policy, provider, rates, run

from proxy.catalogue import Route
from proxy.prices.rates import Rates
from proxy.routing import Mode
from proxy.routing.ground import entry_of
from proxy.routing.reasons import ReasonCode


def test_a_name_that_is_not_listed_costs_what_is_tracked_for_it() -> None:
    asked: list[str] = []

    def tracked(name: str) -> Rates | None:
        asked.append(name)
        return rates("2") if name == "older" else None

    taking = provider("taking", any_model=True, tracked=tracked)
    tiers = policy(Mode.DIRECT).tier_quality
    older = entry_of(Route(taking, None, "older", MESSAGES), MESSAGES, tiers)
    strange = entry_of(Route(taking, None, "strange", MESSAGES), MESSAGES, tiers)
    first = older.prices(1_000, NOON)
    assert first is not None
    assert older.prices(2_000, NOON) == first
    assert strange.prices(1_000, NOON) is None
    # Looked up once a name, however often it is asked for.
    assert asked == ["older", "strange"]


def test_under_a_ceiling_a_tracked_name_may_go_and_an_unknown_one_may_not() -> None:
    listed = {"older": rates("2")}
    taking = provider("taking", model("m"), any_model=True, tracked=listed.get)
    rule = replace(policy(Mode.DIRECT), ceiling_nano=500_000_000)
    found = run(facts("older"), taking, wanted=rule)
    assert found.attempts[0].name == "taking/older"
    found = run(facts("strange"), taking, wanted=rule)
    lost = {each.route: each.code for each in found.rejected}
    assert lost["taking/strange"] is ReasonCode.PRICE_UNKNOWN
