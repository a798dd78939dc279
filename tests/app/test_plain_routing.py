"""Routes, policies and simulations as lines for people."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.commands.policies import Floor, IntentRow, ModeRow, PolicyList, TierRow
from app.commands.routes import RouteHealth, RouteList, RouteRow
from app.commands.simulate import Outcome, SimulatedRow, Simulation, SkippedRow
from app.plain import plain
from proxy.catalogue import Billing, Place, Safety
from proxy.money import Price
from proxy.routing import Intent, Mode, RouteClass, Rule, Tier
from proxy.routing.policy import Choosing, Reach

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROUTE = RouteRow(
    id="house/large",
    ready=True,
    code="",
    why="",
    place=Place.PROVIDER,
    lane="claude/premium",
    quality=85,
    billing=Billing.METERED,
    price=Price(Decimal("3.00"), Decimal(15)),
    tracked=True,
    claude_code_safe=Safety.YES,
    codex_safe=Safety.EXPERIMENTAL,
    health=RouteHealth.WELL,
    until=None,
    latency_p50_ms=420,
    latency_p90_ms=1310,
    quota_group="house",
    quota_share=0.415,
)
DEAR = Outcome("house/large", "x/premium", 85, 40_000_000, downgrade=False, why="Best.")
SMALL = Outcome("other/small", "x/small", 30, 10_000_000, downgrade=True, why="Left.")
NOBODY = Outcome("", None, None, None, downgrade=False, why="No route can take it.")
ROW = SimulatedRow(
    "req_1", "codex", "fast_code", "gpt-6", before=DEAR, after=SMALL, changed=True
)
SAME = replace(ROW, request="req_2", after=DEAR, changed=False)
FOUND = Simulation(
    recorded=True,
    what_if="without house",
    rows=(ROW, SAME),
    skipped=(),
    compared=2,
    before_nano=80_000_000,
    after_nano=50_000_000,
    changed=1,
    downgrades=1,
    weaker=1,
    unroutable=0,
)


@pytest.fixture(autouse=True)
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """People read times in their own zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def text(result: object) -> str:
    return "\n".join(plain(result, "/opt/turnout"))


def words(line: str) -> str:
    return " ".join(line.split())


def test_a_route_is_a_line_with_all_that_decides() -> None:
    _, line, *rest = plain(RouteList((ROUTE,)))
    assert words(line) == (
        "house/large yes provider claude/premium 85 3.00 15 yes experimental "
        "0.4 / 1.3 s 42% well"
    )
    assert "1 of 1 can be taken now." in rest


def test_a_route_that_cannot_be_taken_says_why_and_until_when() -> None:
    resting = replace(
        ROUTE,
        ready=False,
        why="Its quota is used up for now.",
        health=RouteHealth.RESTS,
        until=NOON,
        quality=None,
        price=None,
        latency_p50_ms=None,
        quota_share=None,
    )
    _, line, *rest = plain(RouteList((resting,), "codex"))
    assert words(line) == (
        "house/large no provider claude/premium unknown unknown unknown yes "
        "experimental rests until 2026-11-21 21:00:00 Its quota is used up for now."
    )
    assert "0 of 1 can be taken now for a request of codex with tools." in rest
    untracked = replace(resting, tracked=False, until=None, health=RouteHealth.TRIAL)
    assert "untracked" in text(RouteList((untracked,)))
    assert " trial " in text(RouteList((untracked,)))


def test_a_translated_route_says_so() -> None:
    row = replace(ROUTE, translated=True, lane=None, price=Price(Decimal(1)))
    shown = text(RouteList((row,), "codex"))
    assert "It would be translated." in shown
    assert " none " in shown
    assert "1  unknown" in words(shown) or "1 unknown" in words(shown)


def test_without_providers_the_practice_one_is_named() -> None:
    assert "practice provider" in text(RouteList(()))


def mode(word: Mode, choosing: Choosing, *floors: Floor) -> ModeRow:
    reach = Reach.THIS_MACHINE if word is Mode.OFFLINE else Reach.ANYWHERE
    return ModeRow(word, word is Mode.DIRECT, "", choosing, reach, floors, False, 0)


POLICIES = PolicyList(
    mode=Mode.DIRECT,
    note="",
    modes=(
        mode(
            Mode.CODING_AUTO,
            Choosing.CHEAPEST,
            *(
                Floor(intent, each, tier)
                for intent, tier in (
                    (Intent.ECO, Tier.SMALL),
                    (Intent.PREMIUM, Tier.PREMIUM),
                )
                for each in (RouteClass.CHEAP_EDIT, RouteClass.TOOL_HEAVY)
            ),
            Floor(Intent.AUTO, RouteClass.HOUSEKEEPING, Tier.SMALL),
            Floor(Intent.AUTO, RouteClass.CHEAP_EDIT, Tier.SMALL),
            Floor(Intent.AUTO, RouteClass.TOOL_HEAVY, Tier.STANDARD),
        ),
        mode(Mode.OFFLINE, Choosing.BEST),
        mode(Mode.DIRECT, Choosing.ASKED),
    ),
    tiers=(TierRow(Tier.SMALL, 30), TierRow(Tier.PREMIUM, 85)),
    intents=(IntentRow(Intent.PREMIUM, ("claude-opus-*", "gpt-*-sol")),),
    rules=(),
    experimental_tools=False,
    ceiling_nano=None,
    pressure_percent=90,
    config_file="/home/config.toml",
)


def test_policies_are_a_table_of_modes_and_sentences() -> None:
    lines = [words(line) for line in plain(POLICIES)]
    assert "MODE TAKES HOUSEKEEPING ECO AUTO PREMIUM" in lines
    assert "coding-auto the cheapest small small by class premium" in lines
    assert "offline the best on this machine" in lines
    assert "* direct what was asked for" in lines
    assert "By class in coding-auto: cheap_edit small, tool_heavy standard." in lines
    assert "Least quality of a tier: small 30, premium 85." in lines
    assert "premium claude-opus-*, gpt-*-sol" in lines
    assert "There is no price ceiling." in lines
    assert "There are no rules in /home/config.toml." in lines


def test_what_the_user_set_is_told() -> None:
    rules = (
        Rule(project="pay", client="codex", tier=Tier.PREMIUM),
        Rule(mode=Mode.OFFLINE, route="a/b"),
    )
    shown = text(
        replace(
            POLICIES,
            note="The file's mode cannot be read.",
            rules=rules,
            experimental_tools=True,
            ceiling_nano=500_000_000,
        )
    )
    assert "The file's mode cannot be read." in shown
    assert "  project pay and client codex: tier premium" in shown
    assert "  every request: mode offline, route a/b" in shown
    assert "with tools may go to models" in shown
    assert "to cost more than 0.5000 $." in shown


def test_a_simulation_compares_and_adds_up() -> None:
    lines = [words(line) for line in plain(FOUND)]
    assert lines[0] == (
        "2 requests: before is as recorded, after is now without house."
    )
    assert (
        "req_1 codex fast_code gpt-6 house/large 0.0400 $ other/small 0.0100 $ other "
        "route, downgrade"
    ) in lines
    assert "Expected cost: 0.0800 $ -> 0.0500 $ (38 % less)." in lines
    assert (
        "Of 2: 1 to another route, 1 below what they need (downgrades), 1 to a model "
        "of lower quality."
    ) in lines
    assert lines[-1] == "Nothing was sent. Costs are expected ones, by list prices."


def test_what_costs_more_or_nobody_takes_is_told() -> None:
    lost = replace(ROW, after=NOBODY)
    dearer = replace(
        FOUND, rows=(lost, SAME), compared=1, before_nano=1_000_000_000,
        after_nano=2_000_000_000, unroutable=1, changed=0, downgrades=0, weaker=0,
    )  # fmt: skip
    shown = words(text(dearer))
    assert "1.00 $ -> 2.00 $ (100 % more), of 1 with prices." in shown
    assert "none No route can take it." in shown
    assert "Of 2: 1 that no route could take." in shown


def test_one_request_of_a_file_is_told_in_sentences() -> None:
    one = replace(
        FOUND, recorded=False, what_if="", rows=(SAME,), told=("Chosen.", "Beaten."),
        compared=1, changed=0, downgrades=0, weaker=0,
    )  # fmt: skip
    assert plain(one) == (
        "1 request as it would be decided now.",
        "",
        "Chosen.",
        "Beaten.",
        "",
        "Nothing was sent. Costs are expected ones, by list prices.",
    )
    several = replace(one, rows=(SAME, SAME), told=(), compared=2, after_nano=7)
    assert "2 requests as they would be decided now." in text(several)
    assert "None would go elsewhere." in text(several)
    assert "Expected cost: <0.0001 $." in text(several)
    compared = text(replace(one, what_if="in the mode offline"))
    assert "before is now, after is now in the mode offline." in compared


def test_of_many_only_those_that_change_are_listed() -> None:
    many = replace(FOUND, rows=(ROW, *[SAME] * 50))
    shown = text(many)
    assert "Those that go elsewhere:" in shown
    assert "req_1" in shown
    assert "req_2" not in shown
    lines = plain(replace(FOUND, rows=(ROW,) * 50))
    assert "Those that go elsewhere, the first 40 of 50; --json shows all:" in lines
    assert sum("req_1" in line for line in lines) == 40
    quiet = text(replace(FOUND, rows=(SAME,) * 50, changed=0, downgrades=0, weaker=0))
    assert "None would go elsewhere." in quiet
    assert "Those that" not in quiet


def test_what_was_left_out_is_told_in_few_lines() -> None:
    skipped = tuple(SkippedRow(f"line {n}", "It is none.") for n in range(8))
    lines = plain(replace(FOUND, skipped=skipped, left_out=1200))
    assert "Left out line 4: It is none." in lines
    assert "Left out line 5: It is none." not in lines
    assert "Left out 3 more; --json shows all." in lines
    assert "Left out 1,200 at the end of the file, which is too long." in lines
