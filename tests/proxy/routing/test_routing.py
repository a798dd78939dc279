"""Decisions as short stories: who is there, what is asked, who is taken and why."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from routing_made import (
    CHAT,
    MESSAGES,
    NOON,
    SOURCE,
    codes,
    facts,
    model,
    policy,
    provider,
    routes,
    run,
)

from proxy.catalogue import Billing, KeyRef, Place
from proxy.catalogue.provider import Compatibility, Safety
from proxy.model import Choice, Protocol, Request, ServerTool, ToolChoice
from proxy.money import Price
from proxy.prices.rates import Rate, Rates
from proxy.routing.builtin import MAX_CHOICES
from proxy.routing.condition import Condition, Pressure, Rest, RestKind
from proxy.routing.decision import AskedFor, DecidedBy, Decision, Mark
from proxy.routing.facts import Evidence, Intent, RouteClass, Size, Tier
from proxy.routing.modes import Mode
from proxy.routing.policy import Rule
from proxy.routing.reasons import REASONS, ReasonCode
from proxy.routing.telling import no_route_sentence

SMALL = model("little", "claude/small", "0.5")
STANDARD = model("middle", "claude/standard", "2")
PREMIUM = model("big", "claude/premium", "4")
LANES = provider("anthropic", SMALL, STANDARD, PREMIUM)


@pytest.mark.parametrize(
    ("mode", "asked", "route_class", "taken"),
    [
        (Mode.CODING_AUTO, "claude-opus-5", RouteClass.HOUSEKEEPING, "little"),
        (Mode.CODING_AUTO, "claude-haiku-5", RouteClass.DEEP_REASONING, "little"),
        (Mode.CODING_AUTO, "claude-sonnet-5", RouteClass.CHEAP_EDIT, "little"),
        (Mode.CODING_AUTO, "claude-sonnet-5", RouteClass.FAST_CODE, "middle"),
        (Mode.CODING_AUTO, "claude-sonnet-5", RouteClass.TOOL_HEAVY, "middle"),
        (Mode.CODING_AUTO, "whatever", RouteClass.FALLBACK_SAFE, "middle"),
        (Mode.CODING_AUTO, "gpt-6.1-terra", RouteClass.DEEP_REASONING, "big"),
        (Mode.CODING_AUTO, "claude-sonnet-5", RouteClass.LONG_CONTEXT, "big"),
        (Mode.CODING_AUTO, "gpt-6-sol", RouteClass.CHEAP_EDIT, "big"),
        (Mode.CODING_FAST, "claude-sonnet-5", RouteClass.TOOL_HEAVY, "little"),
        (Mode.CODING_FAST, "claude-sonnet-5", RouteClass.DEEP_REASONING, "middle"),
        (Mode.CODING_FAST, "claude-opus-5", RouteClass.DEEP_REASONING, "middle"),
        (Mode.CODING_PREMIUM, "claude-haiku-5", RouteClass.FAST_CODE, "middle"),
        (Mode.CODING_PREMIUM, "claude-opus-5", RouteClass.HOUSEKEEPING, "middle"),
        (Mode.CODING_PREMIUM, "claude-sonnet-5", RouteClass.CHEAP_EDIT, "big"),
    ],
)
def test_mode_intent_and_class_become_a_floor(
    mode: Mode, asked: str, route_class: RouteClass, taken: str
) -> None:
    found = run(facts(asked, route_class=route_class), LANES, wanted=mode)
    assert routes(found)[0] == f"anthropic/{taken}"


def test_the_cheapest_good_enough_route_wins_and_the_margin_is_told() -> None:
    other = provider("openai", model("sol", "gpt/standard", "3"), protocols=(CHAT,))
    found = run("claude-sonnet-5", LANES, other)
    # 10,000 tokens at 2 $ and 1,000 at 10 $ a million, against 3 $ and 15 $.
    assert found.choices[0].expected_nano == 30_000_000
    assert found.runner_up is not None
    assert (found.runner_up.route, found.runner_up.by) == (
        "openai/sol",
        DecidedBy.PRICE,
    )
    assert found.runner_up.margin_nano == 15_000_000
    assert codes(found) == {}


def test_fallbacks_are_the_same_lane_then_stronger_then_a_downgrade() -> None:
    second = provider("second", model("middle", "claude/standard", "9"))
    other = provider("other", model("g", "gpt/standard", "3"))
    found = run("claude-sonnet-5", LANES, second, other)
    assert [(c.route.name, c.mark) for c in found.choices] == [
        ("anthropic/middle", Mark.NONE),
        ("second/middle", Mark.SAME_LANE),
        ("other/g", Mark.NONE),
        ("anthropic/big", Mark.ESCALATION),
        ("anthropic/little", Mark.DOWNGRADE),
    ]


def test_at_most_six_stand_in_the_order() -> None:
    many = [provider(f"p{n}", model("m", price=str(n + 1))) for n in range(9)]
    weak = provider("weak", model("m", "x/small", "1"))
    found = run("claude-sonnet-5", *many, weak)
    assert len(found.choices) == MAX_CHOICES
    assert codes(found)["p8/m"] is ReasonCode.BEATEN
    assert codes(found)["weak/m"] is ReasonCode.BELOW_FLOOR
    strong = [provider(f"s{n}", model("m", "x/premium", "50")) for n in range(9)]
    assert codes(run("claude-sonnet-5", *many[:1], *strong))["s8/m"] is (
        ReasonCode.ATTEMPT_LIMIT
    )


def test_without_anything_good_enough_the_best_is_a_marked_downgrade() -> None:
    found = run("claude-opus-5", provider("p", SMALL, STANDARD))
    assert routes(found)[0] == "p/middle"
    assert found.choices[0].mark is Mark.DOWNGRADE
    assert "best one left" in found.reason


def test_a_premium_route_nobody_asked_for_is_an_escalation() -> None:
    found = run("claude-sonnet-5", provider("p", PREMIUM))
    assert found.choices[0].mark is Mark.ESCALATION
    assert "premium though that was not asked for" in found.reason


def test_evidence_of_failure_lifts_the_floor_but_not_in_direct() -> None:
    raised = Evidence(Tier.PREMIUM, "The same call failed three times.")
    found = run(facts(raised=raised), LANES)
    assert routes(found)[0] == "anthropic/big"
    assert (found.floor, found.raised) == (85, raised.sentence)
    assert found.choices[0].mark is Mark.ESCALATION
    assert raised.sentence in found.reason
    plain = run(facts("middle", raised=raised), LANES, wanted=Mode.DIRECT)
    assert (routes(plain), plain.raised) == (["anthropic/middle"], "")


def test_a_loop_of_tools_stays_unless_evidence_lifts_the_floor_over_it() -> None:
    loop = facts(continues=True, made_calls="anthropic/little")
    found = run(loop, LANES)
    assert routes(found)[0] == "anthropic/little"
    assert found.runner_up is not None
    assert found.runner_up.by is DecidedBy.LOOP
    assert routes(run(replace(loop, continues=False), LANES))[0] == "anthropic/middle"
    raised = Evidence(Tier.PREMIUM, "The same error came back.")
    assert routes(run(replace(loop, raised=raised), LANES))[0] == "anthropic/big"


DATED = "middle-20260901"


@pytest.mark.parametrize(
    "wanted", ["claude-sonnet-5", "claude-opus-5", "middle", DATED]
)
def test_a_loop_stays_though_a_dated_name_of_its_model_was_called(wanted: str) -> None:
    other = provider("cheap", model("middle", "gpt/standard", "0.1"))
    for made in ("anthropic/middle", f"anthropic/{DATED}"):
        loop = facts(wanted, continues=True, made_calls=made)
        first = run(loop, LANES, other).attempts[0]
        assert first.provider.id == "anthropic"
        assert first.model is STANDARD
        # What goes upstream is what was asked for, where that was a pin.
        assert first.model_id == (DATED if wanted == DATED else "middle")


@pytest.mark.parametrize("mode", [Mode.CODING_AUTO, Mode.DIRECT])
def test_a_dated_name_rests_with_its_model(mode: Mode) -> None:
    rest = Rest(RestKind.BREAKER, 30, "it failed")
    condition = Condition(routes={"anthropic/middle": rest})
    found = run(DATED, LANES, condition=condition, wanted=mode)
    assert found.last_resort
    probing = replace(condition, probes=frozenset({"anthropic/middle"}))
    assert not run(DATED, LANES, condition=probing, wanted=mode).last_resort


def test_a_loop_stays_in_direct_too() -> None:
    loop = facts("m", continues=True, made_calls="two/m")
    one, two = provider("one", model("m")), provider("two", model("m"))
    assert routes(run(loop, one, two, wanted=Mode.DIRECT)) == ["two/m", "one/m"]


def test_a_warm_route_is_left_only_if_that_saves_more_than_the_cache() -> None:
    cold = provider("cold", model("m", price="1.5"))
    warm = provider("warm", model("m", price="2"))
    assert routes(run("claude-sonnet-5", cold, warm))[0] == "cold/m"
    found = run(facts(warm={"warm/m": 9_000}), cold, warm)
    assert routes(found)[0] == "warm/m"
    assert found.runner_up is not None
    assert found.runner_up.by is DecidedBy.WARMTH


@pytest.mark.parametrize("billing", [Billing.SUBSCRIPTION, Billing.FREE_TIER])
def test_what_is_paid_anyway_costs_nothing_more(billing: Billing) -> None:
    paid = provider("paid", model("m", price="99"), billing=billing)
    found = run("claude-sonnet-5", provider("metered", model("m")), paid)
    assert (routes(found)[0], found.choices[0].expected_nano) == ("paid/m", 0)


def test_an_unknown_price_is_taken_only_where_there_is_no_other() -> None:
    known = provider("known", model("m", price="90"))
    unknown = provider("unknown", model("m", price=None))
    assert routes(run("claude-sonnet-5", unknown, known))[0] == "known/m"
    assert run("claude-sonnet-5", unknown).choices[0].expected_nano is None


def test_a_long_prompt_is_compared_by_the_price_of_long_prompts() -> None:
    dear = Rates(
        (
            Rate(Price(Decimal(1), Decimal(5))),
            Rate(Price(Decimal(9), Decimal(9)), above=200_000),
        ),
        SOURCE,
    )
    cliff = provider("cliff", replace(model("m"), rates=dear))
    flat = provider("flat", model("m", price="2"))
    assert routes(run("claude-sonnet-5", cliff, flat))[0] == "cliff/m"
    at = facts(size=Size(200_000, 200_000, 200_000))
    over = facts(size=Size(200_001, 200_001, 200_001))
    assert routes(run(at, cliff, flat))[0] == "cliff/m"
    assert routes(run(over, cliff, flat))[0] == "flat/m"


def test_prices_by_the_hour_are_those_of_the_request() -> None:
    night = Rates(
        (
            Rate(Price(Decimal(9), Decimal(9))),
            Rate(Price(Decimal(1), Decimal(1)), from_minute=990, to_minute=30),
        ),
        SOURCE,
    )
    hours = provider("hours", replace(model("m"), rates=night))
    flat = provider("flat", model("m", price="2"))
    assert routes(run("claude-sonnet-5", hours, flat))[0] == "flat/m"
    late = facts(moment=NOON.replace(hour=23))
    assert routes(run(late, hours, flat))[0] == "hours/m"


def test_waiting_counts_in_coding_fast() -> None:
    slow, quick = provider("slow", STANDARD), provider("quick", PREMIUM)
    condition = Condition(latency_ms={"slow/middle": 60_000, "quick/big": 100})
    asked = facts(route_class=RouteClass.FAST_CODE)
    patient = run(asked, slow, quick, condition=condition)
    assert routes(patient)[0] == "slow/middle"
    found = run(asked, slow, quick, condition=condition, wanted=Mode.CODING_FAST)
    assert routes(found)[0] == "quick/big"
    assert found.runner_up is not None
    assert found.runner_up.by is DecidedBy.SPEED


def test_ties_go_to_native_then_better_then_quicker_then_the_name() -> None:
    foreign = provider("a", model("m"), protocols=(CHAT,))
    native = provider("b", model("m"))
    better = provider("c", model("m", quality=70))
    quick = provider("d", model("m", quality=70))
    assert routes(run("claude-sonnet-5", foreign, native))[0] == "b/m"
    assert routes(run("claude-sonnet-5", native, better))[0] == "c/m"
    condition = Condition(latency_ms={"d/m": 10})
    found = run("claude-sonnet-5", better, quick, condition=condition)
    assert routes(found)[0] == "d/m"
    assert routes(run("claude-sonnet-5", quick, better))[0] == "c/m"


def test_a_quota_nearly_used_up_is_relieved_in_its_lane_first() -> None:
    second = provider("second", model("middle", "claude/standard", "3"))
    other = provider("other", model("g", "gpt/standard", "2.5"))
    pressure = Pressure(0.95, "95 % of its quota are used")
    condition = Condition(pressure={"anthropic": pressure})
    found = run("claude-sonnet-5", LANES, second, other, condition=condition)
    assert routes(found)[0] == "second/middle"
    assert "stands in for anthropic/middle: 95 %" in found.reason
    assert found.runner_up is not None
    assert found.runner_up.by is DecidedBy.HEALTH
    nearest = run("claude-sonnet-5", LANES, other, condition=condition)
    assert routes(nearest)[0] == "other/g"
    alone = run("claude-sonnet-5", LANES, condition=condition)
    assert routes(alone)[0] == "anthropic/middle"


def pressed(*groups: str) -> Condition:
    used = Pressure(0.95, "95 % of its quota are used")
    return Condition(pressure=dict.fromkeys(groups, used))


def test_without_its_lane_the_cheapest_good_enough_one_stands_in() -> None:
    std = provider("p", model("std", price="1"))
    # A stronger one may be cheaper than those of the same tier.
    near = provider("near", model("n", "gpt/standard", "9"))
    strong = provider("strong", model("s", "gpt/premium", "3"))
    found = run("claude-sonnet-5", std, near, strong, condition=pressed("p"))
    assert routes(found)[0] == "strong/s"
    assert found.choices[0].mark is Mark.ESCALATION
    assert found.reason.startswith("It stands in for p/std: 95 % of its quota")
    assert "with more of its quota left, costs less" in found.reason
    # And a weaker one than the winner, where that is good enough too.
    premium = provider("p", model("big", "claude/premium", "1"))
    weaker = provider("weaker", model("w", "gpt/standard", "2"))
    found = run("claude-sonnet-5", premium, weaker, condition=pressed("p"))
    assert routes(found)[0] == "weaker/w"


def test_of_its_lane_the_cheapest_stands_in_whatever_the_rest_costs() -> None:
    big = provider("p", model("big", "claude/premium", "1"))
    dear = provider("dear", model("big", "claude/premium", "9"))
    less = provider("less", model("big", "claude/premium", "5"))
    weaker = provider("weaker", model("w", "gpt/standard", "2"))
    found = run("claude-sonnet-5", big, dear, less, weaker, condition=pressed("p"))
    assert routes(found)[0] == "less/big"
    assert found.reason.endswith("not asked for. It is of the same lane.")


def test_a_known_price_is_not_left_for_an_unknown_one() -> None:
    known = provider("known", model("m", price="1"))
    unknown = provider("unknown", model("m", price=None))
    dear = provider("dear", model("d", "gpt/standard", "50"))
    left = pressed("known")
    for asked in ("claude-sonnet-5", "m"):
        found = run(asked, known, unknown, condition=left)
        assert routes(found)[0] == "known/m"
        assert "stands in" not in found.reason
    found = run("claude-sonnet-5", known, unknown, dear, condition=left)
    assert routes(found)[0] == "dear/d"


@pytest.mark.parametrize("mode", [Mode.CODING_AUTO, Mode.DIRECT])
def test_a_quota_nearly_used_up_is_relieved_for_a_model_asked_by_name(
    mode: Mode,
) -> None:
    one, two = provider("one", model("kimi")), provider("two", model("kimi", price="3"))
    left = pressed("one")
    found = run("kimi", one, two, condition=left, wanted=mode)
    assert routes(found) == ["two/kimi", "one/kimi"]
    assert "It stands in for one/kimi: 95 % of its quota" in found.reason
    assert found.runner_up is not None
    assert (found.runner_up.route, found.runner_up.by) == (
        "one/kimi",
        DecidedBy.HEALTH,
    )
    loop = facts("kimi", continues=True, made_calls="one/kimi")
    assert routes(run(loop, one, two, condition=left, wanted=mode))[0] == "one/kimi"
    both = run("kimi", one, two, condition=pressed("one", "two"), wanted=mode)
    assert routes(both)[0] == "one/kimi"


def test_direct_leaves_its_order_for_the_same_lane_only() -> None:
    one = provider("one", model("m"))
    other = provider("other", model("m", "gpt/standard"))
    found = run("m", one, other, condition=pressed("one"), wanted=Mode.DIRECT)
    assert routes(found) == ["one/m", "other/m"]


def test_nobody_stands_in_for_what_could_not_be_taken() -> None:
    choice = ToolChoice(Choice.TOOL, "web_search")
    search = ServerTool(MESSAGES, "web_search_20250305", "web_search", {})
    request = Request(MESSAGES, "m", (), tools=(search,), tool_choice=choice)
    foreign = provider("foreign", model("m", price="1"), protocols=(CHAT,))
    own = provider("own", model("m", price="2"))
    third = provider("third", model("n", price="3"))
    left = pressed("foreign")
    for asked, mode in (
        ("claude-sonnet-5", Mode.CODING_AUTO),
        ("m", Mode.CODING_AUTO),
        ("m", Mode.DIRECT),
    ):
        given = facts(asked, request=request)
        found = run(given, foreign, own, third, condition=left, wanted=mode)
        assert routes(found)[0] == "own/m"
        assert "stands in" not in found.reason
        lost = [each.code for each in found.rejected if each.route == "foreign/m"]
        assert lost == [ReasonCode.NOT_CARRIED]


def test_the_runner_up_could_have_been_taken() -> None:
    choice = ToolChoice(Choice.TOOL, "web_search")
    search = ServerTool(MESSAGES, "web_search_20250305", "web_search", {})
    request = Request(MESSAGES, "m", (), tools=(search,), tool_choice=choice)
    own = provider("own", model("m", price="1"))
    foreign = provider("foreign", model("m", price="2"), protocols=(CHAT,))
    third = provider("third", model("m", price="3"))
    found = run(facts(request=request), own, foreign, third)
    assert found.runner_up is not None
    assert found.runner_up.route == "third/m"
    alone = run(facts(request=request), own, foreign)
    assert alone.runner_up is None


def test_in_a_given_order_marks_are_beside_who_was_really_taken() -> None:
    choice = ToolChoice(Choice.TOOL, "web_search")
    search = ServerTool(MESSAGES, "web_search_20250305", "web_search", {})
    request = Request(MESSAGES, "m", (), tools=(search,), tool_choice=choice)
    foreign = provider("foreign", model("m", "x/premium"), protocols=(CHAT,))
    own = provider("own", model("m", "x/standard"))
    third = provider("third", model("m", "x/standard"))
    asked = facts("m", request=request)
    found = run(asked, foreign, own, third, wanted=Mode.DIRECT)
    assert [(c.route.name, c.mark) for c in found.choices] == [
        ("own/m", Mark.NONE),
        ("third/m", Mark.SAME_LANE),
    ]


def test_a_last_resort_is_good_enough_where_one_is_and_marked_where_none_is() -> None:
    rest = {
        f"p/{name}": Rest(RestKind.BREAKER, seconds, "it failed")
        for name, seconds in (("little", 5), ("middle", 30), ("big", 60))
    }
    names = {"p/little": SMALL, "p/middle": STANDARD, "p/big": PREMIUM}

    def resort(*left: str) -> Decision:
        models = [names[name] for name in left]
        condition = Condition(routes={name: rest[name] for name in left})
        return run("claude-sonnet-5", provider("p", *models), condition=condition)

    found = resort("p/little", "p/middle", "p/big")
    assert (routes(found), found.choices[0].mark) == (["p/middle"], Mark.NONE)
    assert "of those that are good enough the rest of this one ends" in found.reason
    weak = resort("p/little")
    assert (weak.last_resort, weak.choices[0].mark) == (True, Mark.DOWNGRADE)
    assert "None of them is good enough" in weak.reason
    strong = resort("p/little", "p/big")
    assert strong.choices[0].mark is Mark.ESCALATION
    assert "premium though that was not asked for" in strong.reason
    condition = Condition(routes=rest)
    pinned = run("p/little", provider("p", SMALL), condition=condition)
    assert (pinned.choices[0].mark, pinned.last_resort) == (Mark.NONE, True)


def test_what_rests_is_left_alone_and_the_first_to_wake_is_the_last_resort() -> None:
    one, two = provider("one", STANDARD), provider("two", STANDARD)
    long = Rest(RestKind.BREAKER, 30, "it failed three times")
    short = Rest(RestKind.QUOTA, 5, "its quota is used up")
    condition = Condition(routes={"one/middle": long}, groups={"two": short})
    found = run("claude-sonnet-5", one, two, condition=condition)
    assert found.last_resort
    assert routes(found) == ["two/middle"]
    assert "in 5 s" in found.reason
    assert codes(found) == {"one/middle": ReasonCode.BREAKER_OPEN}
    three = run("claude-sonnet-5", one, two, LANES, condition=condition)
    assert not three.last_resort
    assert codes(three)["two/middle"] is ReasonCode.QUOTA_EXHAUSTED


def test_a_half_open_breaker_lets_its_probe_through() -> None:
    rest = Rest(RestKind.BREAKER, 30, "it failed")
    condition = Condition(routes={"p/middle": rest}, probes=frozenset({"p/middle"}))
    found = run("claude-sonnet-5", provider("p", STANDARD), condition=condition)
    assert not found.last_resort


def test_offline_takes_the_best_of_this_machine_and_is_never_left() -> None:
    here = provider(
        "here",
        model("weak", "local/small", None),
        model("good", "local/standard", None),
        model("cloud", "local/premium", None, place=Place.PROVIDER),
        place=Place.THIS_MACHINE,
        billing=Billing.LOCAL,
    )
    for asked in (
        facts(),
        facts("anthropic/big"),
        facts(asked_mode="coding-premium"),
        facts("big"),
    ):
        found = run(asked, LANES, here, wanted=Mode.OFFLINE)
        assert all(name.startswith("here/") for name in routes(found))
        assert "here/cloud" not in routes(found)
    best = run("claude-sonnet-5", LANES, here, wanted=Mode.OFFLINE)
    assert routes(best) == ["here/good", "here/weak"]
    assert codes(best)["anthropic/big"] is ReasonCode.OFFLINE
    rule = policy(rules=(Rule(project="private", mode=Mode.OFFLINE),))
    private = facts("anthropic/big", project="private", asked_mode="coding-auto")
    assert routes(run(private, LANES, here, wanted=rule)) == []


def test_what_stays_here_stays_here_whatever_is_asked() -> None:
    found = run(facts("anthropic/big", stays_here=True), LANES)
    assert codes(found)["anthropic/big"] is ReasonCode.TRUST
    assert not found.choices


# --- wishes -----------------------------------------------------------------------


def test_wishes_have_their_precedence() -> None:
    rules = (
        Rule(route_class=RouteClass.FAST_CODE, mode=Mode.DIRECT),
        Rule(client="codex", mode=Mode.CODING_FAST),
        Rule(project="shop", mode=Mode.CODING_PREMIUM),
    )
    wanted = policy(rules=rules)
    fast = facts(route_class=RouteClass.FAST_CODE)
    assert run(facts(), LANES, wanted=wanted).mode is Mode.CODING_AUTO
    assert run(fast, LANES, wanted=wanted).mode is Mode.DIRECT
    codex = replace(fast, client="codex")
    assert run(codex, LANES, wanted=wanted).mode is Mode.CODING_FAST
    shop = replace(codex, project="shop")
    found = run(shop, LANES, wanted=wanted)
    assert (found.mode, found.mode_by) == (
        Mode.CODING_PREMIUM,
        "a rule for the project shop",
    )
    header = replace(shop, asked_mode="coding-auto")
    assert run(header, LANES, wanted=wanted).mode is Mode.CODING_AUTO


def test_a_rule_may_pin_a_tier_for_a_class_or_a_route() -> None:
    tier = policy(rules=(Rule(route_class=RouteClass.CHEAP_EDIT, tier=Tier.PREMIUM),))
    edit = facts(route_class=RouteClass.CHEAP_EDIT)
    assert routes(run(edit, LANES, wanted=tier))[0] == "anthropic/big"
    route = policy(rules=(Rule(client="unknown", route="anthropic/little"),))
    found = run("claude-opus-5", LANES, wanted=route)
    assert routes(found) == ["anthropic/little"]
    assert "rule for unknown pins" in found.reason
    pinned = run("anthropic/big", LANES, wanted=route)
    assert routes(pinned) == ["anthropic/big"]


@pytest.mark.parametrize(
    ("rules", "asked", "mode", "taken"),
    [
        # A mode stands over a lesser rule's tier and route.
        (
            (
                Rule(project="shop", mode=Mode.CODING_AUTO),
                Rule(client="codex", route="anthropic/little"),
                Rule(route_class=RouteClass.FALLBACK_SAFE, tier=Tier.PREMIUM),
            ),
            None,
            Mode.CODING_AUTO,
            "middle",
        ),
        # A tier stands over a lesser rule's route, tier, and a mode without a floor.
        (
            (
                Rule(project="shop", tier=Tier.PREMIUM),
                Rule(client="codex", mode=Mode.DIRECT, route="anthropic/little"),
                Rule(route_class=RouteClass.FALLBACK_SAFE, tier=Tier.SMALL),
            ),
            None,
            Mode.CODING_AUTO,
            "big",
        ),
        # A lesser mode that has floors leaves the tier alone.
        (
            (
                Rule(project="shop", tier=Tier.PREMIUM),
                Rule(client="codex", mode=Mode.CODING_FAST),
            ),
            None,
            Mode.CODING_FAST,
            "big",
        ),
        # A route stands over a lesser rule's route and mode.
        (
            (
                Rule(client="codex", route="anthropic/little"),
                Rule(
                    route_class=RouteClass.FALLBACK_SAFE,
                    mode=Mode.CODING_PREMIUM,
                    route="anthropic/big",
                ),
            ),
            None,
            Mode.CODING_PREMIUM,
            "little",
        ),
        # Rules with the same conditions complete each other.
        (
            (
                Rule(client="codex", mode=Mode.CODING_FAST),
                Rule(client="codex", tier=Tier.PREMIUM),
            ),
            None,
            Mode.CODING_FAST,
            "big",
        ),
        # A mode that the request asks for stands over all of them, both ways.
        (
            (
                Rule(client="codex", tier=Tier.SMALL),
                Rule(project="shop", route="anthropic/little"),
            ),
            "coding-auto",
            Mode.CODING_AUTO,
            "middle",
        ),
        (
            (Rule(client="codex", tier=Tier.PREMIUM),),
            "coding-auto",
            Mode.CODING_AUTO,
            "middle",
        ),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_lesser_rule_never_undoes_what_a_greater_one_asks_for(
    rules: tuple[Rule, ...],
    asked: str | None,
    mode: Mode,
    taken: str,
    *,
    turned: bool,
) -> None:
    wanted = policy(rules=rules[::-1] if turned else rules)
    given = facts("whatever", client="codex", project="shop", asked_mode=asked)
    found = run(given, LANES, wanted=wanted)
    assert (found.mode, routes(found)[0]) == (mode, f"anthropic/{taken}")


def test_a_lesser_rule_for_offline_still_keeps_a_request_here() -> None:
    rules = (
        Rule(project="shop", mode=Mode.CODING_AUTO),
        Rule(client="codex", mode=Mode.OFFLINE),
    )
    given = facts(client="codex", project="shop", asked_mode="direct")
    found = run(given, LANES, wanted=policy(rules=rules))
    assert (found.mode, routes(found)) == (Mode.OFFLINE, [])
    assert found.mode_by == "a rule for codex"


def test_a_pin_is_taken_and_nothing_stands_by() -> None:
    other = provider("other", model("m"))
    found = run("anthropic/little", LANES, other)
    assert routes(found) == ["anthropic/little"]
    assert codes(found) == {"other": ReasonCode.NOT_PINNED}


def test_a_listed_name_pins_the_model_on_any_of_its_routes() -> None:
    dear = provider("dear", model("kimi", price="5"))
    cheap = provider("cheap", model("kimi", price="2"), protocols=(CHAT,))
    found = run("kimi", dear, cheap, LANES)
    assert routes(found) == ["cheap/kimi", "dear/kimi"]
    assert codes(found) == {"anthropic": ReasonCode.NOT_PINNED}


def test_a_clients_own_vocabulary_is_an_intent_though_it_is_listed() -> None:
    opus = provider("a", model("claude-opus-5-5", "claude/premium", "9"), STANDARD)
    other = provider("b", model("sol", "gpt/premium", "5"))
    found = run("claude-opus-5-5", opus, other)
    assert (found.intent, routes(found)[0]) == (Intent.PREMIUM, "b/sol")
    assert found.asked == AskedFor("a/claude-opus-5-5", 135_000_000)
    direct = run("claude-opus-5-5", opus, other, wanted=Mode.DIRECT)
    assert routes(direct) == ["a/claude-opus-5-5"]


def test_an_unlisted_name_is_the_last_thing_to_fall_back_to() -> None:
    taking = provider("taking", any_model=True)
    found = run("brand-new", LANES, taking)
    assert routes(found)[0] == "anthropic/middle"
    assert routes(found)[-1] == "taking/brand-new"
    assert routes(run("brand-new", taking)) == ["taking/brand-new"]


# --- hard filters -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "made", "of", "code"),
    [
        ({"tools": True}, {"tools": False}, {}, ReasonCode.TOOLS_MISSING),
        ({"images": True}, {"vision": False}, {}, ReasonCode.VISION_MISSING),
        ({"images": True}, {"vision": None}, {}, None),
        (
            {"forced_tool": True},
            {"compatibility": Compatibility(forced_tools=False)},
            {},
            ReasonCode.CAPABILITY_MISSING,
        ),
        (
            {"structured": True},
            {"compatibility": Compatibility(structured=False)},
            {},
            ReasonCode.CAPABILITY_MISSING,
        ),
        (
            {"thinking": True},
            {"compatibility": Compatibility(thinking=False)},
            {},
            ReasonCode.CAPABILITY_MISSING,
        ),
        (
            {"thinking": True},
            {"compatibility": Compatibility(thinking=False)},
            {"protocols": (CHAT,)},
            None,
        ),
        ({}, {"context": 7_999}, {}, ReasonCode.CONTEXT_TOO_SMALL),
        ({}, {"context": 8_500}, {}, ReasonCode.OUTPUT_TOO_SMALL),
        ({"output": 100}, {"context": 8_500}, {}, None),
        ({"output": 128_000}, {"max_output": 8_000}, {}, None),
        ({"native_only": True}, {}, {"protocols": (CHAT,)}, ReasonCode.NATIVE_ONLY),
        ({}, {}, {"key": KeyRef("client")}, ReasonCode.NO_CREDENTIAL),
        (
            {"own_credential": True},
            {},
            {"key": KeyRef("client"), "protocols": (CHAT,)},
            ReasonCode.CREDENTIAL_FOREIGN,
        ),
        ({"own_credential": True}, {}, {"key": KeyRef("client")}, None),
    ],
)
def test_what_a_route_lacks(
    given: dict[str, Any],
    made: dict[str, Any],
    of: dict[str, Any],
    code: ReasonCode | None,
) -> None:
    found = run(facts(**given), provider("p", model("m", **made), **of))
    assert codes(found).get("p/m") is code
    assert routes(found) == ([] if code else ["p/m"])


@pytest.mark.parametrize(
    ("client", "able", "experimental", "code"),
    [
        ("claude-code", Compatibility(claude_code=Safety.NO), True, "tools_unsafe"),
        (
            "claude-code",
            Compatibility(claude_code=Safety.EXPERIMENTAL),
            False,
            "tools_experimental",
        ),
        ("claude-code", Compatibility(claude_code=Safety.EXPERIMENTAL), True, None),
        ("codex", Compatibility(claude_code=Safety.NO), False, None),
        ("codex", Compatibility(codex=Safety.NO), False, "tools_unsafe"),
        ("aider", Compatibility(claude_code=Safety.NO), False, None),
    ],
)
@pytest.mark.parametrize("mode", [Mode.CODING_AUTO, Mode.DIRECT])
def test_the_tools_flag_is_absolute_for_the_client_in_every_mode(
    mode: Mode,
    client: str,
    able: Compatibility,
    experimental: bool,
    code: str | None,
) -> None:
    only = provider("p", model("m", compatibility=able))
    wanted = policy(mode, experimental=experimental)
    for name in ("m", "p/m"):
        asked = facts(name, client=client, tools=True)
        assert codes(run(asked, only, wanted=wanted)).get("p/m") == code
        bare = replace(asked, tools=False)
        assert routes(run(bare, only, wanted=wanted)) == ["p/m"]


def test_a_pinned_native_provider_judges_sizes_itself_but_ollama_cuts() -> None:
    short = model("m", context=100)
    pinned = facts("p/m")
    assert routes(run(pinned, provider("p", short))) == ["p/m"]
    ollama = provider("p", short, protocols=(Protocol.OLLAMA,))
    found = run(replace(pinned, protocol=Protocol.OLLAMA), ollama)
    assert codes(found)["p/m"] is ReasonCode.CONTEXT_TOO_SMALL


def test_a_ceiling_is_never_lifted() -> None:
    wanted = policy(ceiling_nano=20_000_000)
    unknown = provider("unknown", model("m", price=None))
    for asked in (
        facts(),
        facts("anthropic/big"),
        facts(asked_mode="coding-premium"),
    ):
        found = run(asked, LANES, unknown, wanted=wanted)
        assert set(routes(found)) <= {"anthropic/little"}
        assert codes(found)["anthropic/big"] is ReasonCode.OVER_CEILING
    found = run("claude-sonnet-5", LANES, unknown, wanted=wanted)
    assert codes(found)["unknown/m"] is ReasonCode.PRICE_UNKNOWN
    big = run(facts("unknown/m"), LANES, unknown, wanted=wanted)
    assert codes(big)["unknown/m"] is ReasonCode.PRICE_UNKNOWN


def test_who_is_not_ready_is_out_and_says_why() -> None:
    condition = Condition(not_ready={"anthropic": "environment variable X is not set"})
    found = run("claude-sonnet-5", LANES, condition=condition)
    assert "variable X" in no_route_sentence(found)
    assert codes(found)["anthropic/big"] is ReasonCode.NOT_READY


def test_the_clients_own_credential_goes_to_one_provider_only() -> None:
    first = provider("first", model("m"), model("n"), key=KeyRef("client"))
    second = provider("second", model("m", price="3"), key=KeyRef("client"))
    found = run(facts(own_credential=True), first, second)
    assert routes(found) == ["first/m", "first/n"]
    assert codes(found)["second/m"] is ReasonCode.CREDENTIAL_ELSEWHERE


@pytest.mark.parametrize("mode", [Mode.CODING_AUTO, Mode.DIRECT])
def test_what_cannot_be_carried_falls_and_the_next_is_taken(mode: Mode) -> None:
    search = ServerTool(MESSAGES, "web_search_20250305", "web_search", {})
    choice = ToolChoice(Choice.TOOL, "web_search")
    request = Request(MESSAGES, "m", (), tools=(search,), tool_choice=choice)
    foreign = provider("foreign", model("m"), protocols=(CHAT,))
    own = provider("own", model("m", price="9"))
    asked = facts("m", request=request)
    found = run(asked, foreign, own, wanted=mode)
    assert routes(found) == ["own/m"]
    assert codes(found)["foreign/m"] is ReasonCode.NOT_CARRIED
    assert "forces a tool" in no_route_sentence(found)


def test_a_provider_without_a_candidate_is_named() -> None:
    assert codes(run("claude-sonnet-5", LANES, provider("empty"))) == {
        "empty": ReasonCode.NOT_LISTED
    }


def test_every_reason_code_has_its_sentence() -> None:
    assert set(REASONS) == set(ReasonCode)


# --- direct and practice --------------------------------------------------------------


def test_direct_goes_by_name_then_by_any_name_in_the_files_order() -> None:
    found = run(
        "big",
        provider("small", model("tiny")),
        provider("any", model("other"), any_model=True),
        provider("lists", model("big")),
        wanted=Mode.DIRECT,
    )
    assert routes(found) == ["lists/big", "any/big"]
    assert codes(found) == {"small": ReasonCode.NOT_LISTED}


def test_direct_takes_first_models_where_nobody_lists_the_name() -> None:
    found = run(
        "unheard-of",
        provider("one", model("a"), model("b")),
        provider("two", model("c")),
        wanted=Mode.DIRECT,
    )
    assert routes(found) == ["one/a", "two/c"]
    assert "first model" in found.reason


def test_direct_names_at_most_six() -> None:
    many = [provider(f"p{n}", model("m")) for n in range(8)]
    found = run("m", *many, wanted=Mode.DIRECT)
    assert routes(found) == [f"p{n}/m" for n in range(MAX_CHOICES)]
    assert codes(found)["p7/m"] is ReasonCode.ATTEMPT_LIMIT


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("qwen3:8b", "local/qwen3:8b"),
        ("claude-opus-5-5", "local/first"),
        ("gpt-6.1-terra", "local/first"),
        ("gemini-3-pro", "local/first"),
    ],
)
def test_a_vendors_own_name_says_nothing_to_a_provider_of_another_protocol(
    asked: str, taken: str
) -> None:
    local = provider("local", model("first"), any_model=True, protocols=(CHAT,))
    assert routes(run(asked, local, wanted=Mode.DIRECT)) == [taken]


def test_a_dated_name_is_the_model_it_dates_and_goes_on_unchanged() -> None:
    found = run("big-20260901", LANES, wanted=Mode.DIRECT)
    assert routes(found) == ["anthropic/big-20260901"]
    assert found.attempts[0].lane == "claude/premium"


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("asked", ["claude-opus-5", "practice/zzz", ""])
def test_with_nothing_configured_practice_answers(mode: Mode, asked: str) -> None:
    assert routes(run(asked, wanted=mode)) == ["practice/echo"]


def test_practice_leaves_once_a_provider_exists_unless_pinned() -> None:
    condition = Condition(not_ready={"anthropic": "its key is missing"})
    assert routes(run("big", LANES, condition=condition)) == []
    assert routes(run("practice/echo", LANES)) == ["practice/echo"]


def test_an_alias_is_looked_up_by_what_it_stands_for() -> None:
    asked = facts("claude-turnout/anthropic/big", stands_for="anthropic/big")
    found = run(asked, LANES)
    assert routes(found) == ["anthropic/big"]
    assert found.requested_model == "claude-turnout/anthropic/big"


def test_of_what_a_subscription_covers_the_one_that_draws_least_is_taken() -> None:
    plan = provider(
        "plan",
        model("fable", "claude/premium", "10"),
        model("opus", "claude/premium", "5"),
        model("sonnet", "claude/standard", "2"),
        billing=Billing.SUBSCRIPTION,
    )
    found = run("claude-sonnet-5", plan)
    assert routes(found)[0] == "plan/sonnet"
    assert found.choices[0].expected_nano == 0
    assert found.runner_up is not None
    assert (found.runner_up.route, found.runner_up.by) == ("plan/opus", DecidedBy.QUOTA)
    assert routes(run("claude-opus-5", plan))[0] == "plan/opus"


def test_what_is_covered_costs_less_than_what_is_billed_however_dear_by_list() -> None:
    plan = provider("plan", model("m", price="90"), billing=Billing.SUBSCRIPTION)
    cheap = provider("cheap", model("m", price="0.01"))
    assert routes(run("claude-sonnet-5", plan, cheap)) == ["plan/m", "cheap/m"]


def test_a_refused_key_is_tried_again_where_nobody_else_is_left() -> None:
    alone = provider("alone", model("m"))
    other = provider("other", model("m", price="9"))
    said = "its key was refused"
    refused = Condition(not_ready={"alone": said}, refused={"alone": 120.0})
    found = run("claude-sonnet-5", alone, condition=refused)
    assert (routes(found), found.last_resort) == (["alone/m"], True)
    assert "120 s" in found.reason
    with_other = run("claude-sonnet-5", alone, other, condition=refused)
    assert routes(with_other) == ["other/m"]
    assert codes(with_other)["alone/m"] is ReasonCode.NOT_READY
    # Without a key there is nothing to try.
    missing = run(
        "claude-sonnet-5", alone, condition=Condition(not_ready={"alone": "x"})
    )
    assert routes(missing) == []


def test_only_ollama_is_kept_from_what_is_too_long_for_a_route_asked_by_name() -> None:
    long = facts("p/m", size=Size(900, 900, 900, "bytes"))
    for spoken, taken in ((Protocol.CHAT, 1), (Protocol.OLLAMA, 0)):
        small = provider("p", model("m", context=500), protocols=(spoken,))
        assert len(routes(run(long, small))) == taken
