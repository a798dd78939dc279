"""What holds of every decision, whatever is configured and asked."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from routing_made import (
    CHAT,
    MESSAGES,
    POLICY,
    codes,
    facts,
    model,
    policy,
    provider,
    rates,
    routes,
    run,
)

from proxy.catalogue import Billing, KeyRef, Model, Place, Provider
from proxy.catalogue.provider import Compatibility, Safety
from proxy.routing.builtin import MAX_CHOICES
from proxy.routing.condition import Condition, Pressure, Rest, RestKind
from proxy.routing.decision import Choice, Decision
from proxy.routing.facts import Evidence, Facts, RouteClass, Tier
from proxy.routing.modes import Mode
from proxy.routing.reasons import ReasonCode

PRICES = st.sampled_from([None, "0", "0.5", "1", "2", "3", "9"])
COMPARED = (Mode.CODING_AUTO, Mode.CODING_PREMIUM)
MODELS = st.lists(
    st.builds(
        model,
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(
            [None, "x/small", "x/standard", "y/standard", "x/premium", "y/premium"]
        ),
        PRICES,
        tools=st.booleans(),
        vision=st.sampled_from([None, True, False]),
        context=st.sampled_from([None, 5_000, 9_500, 200_000]),
        quality=st.sampled_from([None, 20, 60, 72, 90]),
        compatibility=st.builds(
            Compatibility,
            claude_code=st.sampled_from(Safety),
            forced_tools=st.sampled_from([None, False]),
        ),
    ),
    max_size=3,
    unique_by=lambda each: each.id,
)


def _made(name: str, models: list[Model], fields: dict[str, Any]) -> Provider:
    return provider(name, *models, **fields)


PROVIDERS = st.lists(
    st.builds(
        _made,
        st.sampled_from([f"p{n}" for n in range(6)]),
        MODELS,
        st.fixed_dictionaries(
            {
                "protocols": st.sampled_from([(MESSAGES,), (CHAT,)]),
                "place": st.sampled_from(Place),
                "billing": st.sampled_from(Billing),
                "any_model": st.booleans(),
                "key": st.sampled_from([KeyRef("none"), KeyRef("client")]),
            }
        ),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)
NAMES = [f"p{n}/{m}" for n in range(6) for m in "abcd"]
FACTS = st.builds(
    facts,
    st.sampled_from(
        ["claude-sonnet-5", "claude-opus-5", "x-mini", "", "a", "zzz", "p0/a"]
    ),
    client=st.sampled_from(["claude-code", "unknown"]),
    own_credential=st.booleans(),
    stays_here=st.sampled_from([False, False, False, True]),
    native_only=st.sampled_from([False, False, False, True]),
    asked_mode=st.sampled_from([None, None, *Mode]),
    route_class=st.sampled_from(RouteClass),
    tools=st.booleans(),
    images=st.booleans(),
    forced_tool=st.booleans(),
    continues=st.booleans(),
    made_calls=st.sampled_from([None, *NAMES]),
    warm=st.dictionaries(st.sampled_from(NAMES), st.integers(0, 20_000), max_size=3),
    raised=st.sampled_from([None, Evidence(Tier.PREMIUM, "It failed twice.")]),
)
RESTS = st.builds(
    Rest, st.sampled_from(RestKind), st.integers(1, 90), st.just("it failed")
)
CONDITIONS = st.builds(
    Condition,
    not_ready=st.dictionaries(st.sampled_from(["p0", "p1"]), st.just("no key")),
    routes=st.dictionaries(st.sampled_from(NAMES), RESTS, max_size=4),
    groups=st.dictionaries(st.sampled_from(["p2", "p3"]), RESTS, max_size=1),
    pressure=st.dictionaries(
        st.sampled_from(["p4", "p5"]), st.just(Pressure(0.95, "95 % used")), max_size=1
    ),
    latency_ms=st.dictionaries(st.sampled_from(NAMES), st.integers(10, 9_000)),
)
CALM = st.builds(
    Condition,
    routes=st.dictionaries(st.sampled_from(NAMES), RESTS, max_size=4),
    latency_ms=st.dictionaries(st.sampled_from(NAMES), st.integers(10, 9_000)),
)
CEILINGS = st.sampled_from([None, None, 20_000_000])
MODES = st.sampled_from(Mode)


def _free(asked: Facts) -> Facts:
    """The same without what takes the choice away: pins, loops, modes."""
    name = "claude-sonnet-5" if asked.requested_model == "p0/a" else None
    name = "zzz" if asked.requested_model == "a" else name
    return replace(
        asked,
        requested_model=name or asked.requested_model,
        asked_mode=None,
        continues=False,
    )


def _outcome(found: Decision) -> tuple[object, ...]:
    return found.choices, found.runner_up, found.reason, found.floor, found.asked


@settings(max_examples=200)
@given(FACTS, PROVIDERS, CONDITIONS, MODES, CEILINGS, st.booleans())
def test_no_route_ever_breaks_the_policy(
    asked: Facts,
    made: list[Provider],
    condition: Condition,
    mode: Mode,
    ceiling: int | None,
    experimental: bool,
) -> None:
    wanted = policy(mode, ceiling_nano=ceiling, experimental=experimental)
    found = run(asked, *made, condition=condition, wanted=wanted)
    assert found == run(asked, *made, condition=condition, wanted=wanted)
    assert len(found.choices) <= MAX_CHOICES
    assert len(set(routes(found))) == len(found.choices)
    assert not set(routes(found)) & set(codes(found))
    for choice in found.choices if made else ():
        _allowed(choice, asked, condition, found, ceiling, experimental)
    if mode is Mode.OFFLINE:
        assert found.mode is Mode.OFFLINE
    # Everybody is either in the order or told why not.
    told = {*routes(found), *codes(found)}
    assert {each.id for each in made} <= {name.partition("/")[0] for name in told}
    takers = {
        c.route.provider.id
        for c in found.choices
        if c.route.provider.key.kind == "client"
    }
    assert len(takers) <= 1


def _allowed(
    choice: Choice,
    asked: Facts,
    condition: Condition,
    found: Decision,
    ceiling: int | None,
    experimental: bool,
) -> None:
    route = choice.route
    if asked.stays_here or found.mode is Mode.OFFLINE:
        assert route.place is Place.THIS_MACHINE
    assert route.provider.id not in condition.not_ready
    assert asked.own_credential or route.provider.key.kind != "client"
    assert not (asked.native_only and route.protocol is not MESSAGES)
    if asked.tools:
        assert route.model is None or route.model.tools
        if asked.client == "claude-code":
            safe = route.compatibility.claude_code
            assert safe is not Safety.NO
            assert experimental or safe is Safety.YES
    if ceiling is not None:
        assert choice.expected_nano is not None
        assert choice.expected_nano <= ceiling
    if not found.last_resort:
        assert route.name not in condition.routes
        assert route.quota_group not in condition.groups


@settings(max_examples=100)
@given(
    FACTS,
    PROVIDERS,
    CONDITIONS,
    st.sampled_from([mode for mode in Mode if mode is not Mode.DIRECT]),
    st.data(),
)
def test_the_order_of_candidates_does_not_matter(
    asked: Facts,
    made: list[Provider],
    condition: Condition,
    mode: Mode,
    data: st.DataObject,
) -> None:
    if asked.asked_mode == Mode.DIRECT:
        asked = replace(asked, asked_mode=None)
    shuffled = [
        replace(each, models=tuple(data.draw(st.permutations(each.models))))
        for each in data.draw(st.permutations(made))
    ]
    one = run(asked, *made, condition=condition, wanted=mode)
    other = run(asked, *shuffled, condition=condition, wanted=mode)
    assert routes(one) == routes(other)
    assert [(c.mark, c.expected_nano) for c in one.choices] == [
        (c.mark, c.expected_nano) for c in other.choices
    ]
    assert (one.runner_up, one.reason) == (other.runner_up, other.reason)
    assert codes(one) == codes(other)


@settings(max_examples=100)
@given(FACTS, PROVIDERS, CONDITIONS, MODES, MODELS)
def test_an_ineligible_newcomer_changes_nothing(
    asked: Facts,
    made: list[Provider],
    condition: Condition,
    mode: Mode,
    models: list[Model],
) -> None:
    if not made:
        return
    # What the newcomer lists is no pin that the others would not have been.
    fresh = tuple(replace(each, id=f"new-{each.id}") for each in models)
    newcomer = provider("newcomer", *fresh)
    condition = replace(
        condition, not_ready={**condition.not_ready, "newcomer": "its key is missing"}
    )
    before = run(asked, *made, condition=condition, wanted=mode)
    after = run(asked, *made, newcomer, condition=condition, wanted=mode)
    assert _outcome(before) == _outcome(after)


@settings(max_examples=200)
@given(FACTS, PROVIDERS, CALM, st.sampled_from(COMPARED))
def test_nothing_taken_is_beaten_on_both_cost_and_quality(
    asked: Facts, made: list[Provider], condition: Condition, mode: Mode
) -> None:
    asked = _free(asked)
    found = run(asked, *made, condition=condition, wanted=mode)
    if not made or not found.choices or found.last_resort:
        return
    first = found.choices[0]
    for other in _eligible(asked, made, condition, mode):
        if other.expected_nano is None or other.quality is None:
            continue
        cheaper = first.expected_nano is None or (
            other.expected_nano < first.expected_nano
        )
        better = first.quality is None or other.quality > first.quality
        assert not (cheaper and better)


@settings(max_examples=100)
@given(FACTS, PROVIDERS, CALM, st.sampled_from(COMPARED))
def test_an_unknown_price_is_never_the_cheapest(
    asked: Facts, made: list[Provider], condition: Condition, mode: Mode
) -> None:
    asked = _free(asked)
    found = run(asked, *made, condition=condition, wanted=mode)
    if not made or not found.choices or found.choices[0].expected_nano is not None:
        return
    floor = found.floor or 0
    good = [
        each
        for each in _eligible(asked, made, condition, mode)
        if each.quality is not None and each.quality >= floor
    ]
    assert found.last_resort or all(each.expected_nano is None for each in good)


@settings(max_examples=200)
@given(FACTS, PROVIDERS, CONDITIONS, st.sampled_from(COMPARED))
def test_what_is_said_of_the_first_and_the_second_is_true(
    asked: Facts, made: list[Provider], condition: Condition, mode: Mode
) -> None:
    asked = _free(asked)
    found = run(asked, *made, condition=condition, wanted=mode)
    if not made or not found.choices or found.last_resort:
        return
    first, floor = found.choices[0], found.floor or 0
    second = found.runner_up
    good = [
        each
        for each in _eligible(asked, made, condition, mode)
        if each.quality is not None and each.quality >= floor
    ]
    known = [each.expected_nano for each in good if each.expected_nano is not None]
    if "the cheapest" in found.reason:
        assert first.expected_nano == min(known)
    if "No price is known" in found.reason:
        assert (first.expected_nano, known) == (None, [])
    if "stands in for" in found.reason:
        assert second is not None
        assert first.route.quota_group not in condition.pressure
        assert first.expected_nano is not None or second.expected_nano is None
        assert (first.quality or 0) >= floor
        lanes = {each.route.name: each.route.lane for each in good}
        if first.route.lane is None or first.route.lane != lanes[second.route]:
            eased = [
                each.expected_nano
                for each in good
                if each.route.quota_group not in condition.pressure
                and each.expected_nano is not None
            ]
            assert not eased or first.expected_nano == min(eased)
    if second is not None:
        assert codes(found).get(second.route) in {
            None,
            ReasonCode.BEATEN,
            ReasonCode.BELOW_FLOOR,
            ReasonCode.ATTEMPT_LIMIT,
        }


def _eligible(
    asked: Facts, made: list[Provider], condition: Condition, mode: Mode
) -> list[Choice]:
    """Every route that might be taken, found by leaving only it to choose from."""
    found: list[Choice] = []
    for each in made:
        for listed in each.models:
            alone = replace(each, models=(listed,), any_model=False)
            decision = run(asked, alone, condition=condition, wanted=mode)
            if not decision.last_resort:
                found.extend(decision.choices)
    return found


@settings(max_examples=200)
@given(FACTS, PROVIDERS, CONDITIONS, MODES)
def test_a_loop_of_tools_stays_where_it_may(
    asked: Facts, made: list[Provider], condition: Condition, mode: Mode
) -> None:
    asked = replace(asked, raised=None, continues=True)
    found = run(
        replace(asked, made_calls=None), *made, condition=condition, wanted=mode
    )
    if found.last_resort:
        return
    for choice in found.choices:
        name = choice.route.name
        if choice.route.provider.key.kind == "client":
            continue
        stays = run(
            replace(asked, made_calls=name), *made, condition=condition, wanted=mode
        )
        assert routes(stays)[0] == name


@settings(max_examples=150)
@given(FACTS, PROVIDERS, CONDITIONS, MODES, st.sampled_from(["0", "0.1", "0.4"]))
def test_a_cheaper_price_never_costs_the_chosen_route_its_place(
    asked: Facts, made: list[Provider], condition: Condition, mode: Mode, price: str
) -> None:
    found = run(asked, *made, condition=condition, wanted=mode)
    if not found.choices or not made:
        return
    chosen = found.attempts[0]
    if chosen.model is None or chosen.model.rates is None:
        return
    base = chosen.model.rates.base
    if base is None or base.input is None or not base.input > float(price):
        return
    cheaper = [_with_price(each, chosen.name, price) for each in made]
    again = run(asked, *cheaper, condition=condition, wanted=mode)
    assert routes(again)[0] == chosen.name


def _with_price(made: Provider, name: str, price: str) -> Provider:
    return replace(
        made,
        models=tuple(
            replace(each, rates=rates(price))
            if f"{made.id}/{each.id}" == name
            else each
            for each in made.models
        ),
    )


def test_the_shipped_policy_knows_every_mode() -> None:
    assert set(POLICY.modes) == set(Mode)
