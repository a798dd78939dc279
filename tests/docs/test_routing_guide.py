"""The routing guide says what the shipped policy says."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from app.found import EVERY_SECONDS
from app.local_servers import SMALL_LANE, STANDARD_FROM, STANDARD_LANE
from proxy.aliases import MODE_NAMES
from proxy.policies import read_rules, shipped_policy
from proxy.routing import MAX_ATTEMPTS
from proxy.routing.facts import Intent, RouteClass
from proxy.routing.modes import Mode
from proxy.routing.policy import Choosing

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "routing.md"
_TEXT = _PAGE.read_text(encoding="utf-8")
_POLICY = shipped_policy()
_FLOORED = [
    mode for mode, rule in _POLICY.modes.items() if rule.choosing is Choosing.CHEAPEST
]


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its head, each cell without its marks."""
    part = _TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("mode", _FLOORED)
def test_the_floors_of_a_mode_are_as_shipped(mode: Mode) -> None:
    (told,) = (row for row in rows("Modes") if row[0] == f"`{mode}`")
    floors = _POLICY.modes[mode].floors
    assert told[1] == floors[Intent.AUTO, RouteClass.HOUSEKEEPING]
    assert told[2] == floors[Intent.ECO, RouteClass.FAST_CODE]
    assert told[4] == floors[Intent.PREMIUM, RouteClass.FAST_CODE]
    kinds = set(RouteClass) - {RouteClass.HOUSEKEEPING}
    found = {floors[Intent.AUTO, kind] for kind in kinds}
    assert len(found) == 1 or told[3] in {
        "by the kind of request",
        "one tier lower, never below small",
    }


def test_every_mode_is_told() -> None:
    assert {row[0] for row in rows("Modes")} == {f"`{mode}`" for mode in Mode}


def test_the_floor_of_each_class_is_as_shipped() -> None:
    told = {row[0].strip("`"): row[2] for row in rows("What kind of request it is")}
    floors = _POLICY.modes[Mode.CODING_AUTO].floors
    assert told == {str(kind): str(floors[Intent.AUTO, kind]) for kind in RouteClass}


def test_the_names_that_ask_for_something_are_as_shipped() -> None:
    words = {
        "a small model": Intent.ECO,
        "none in particular": Intent.AUTO,
        "a strong model": Intent.PREMIUM,
    }
    told = {
        (name, words[row[1]])
        for row in rows("What a name asks for")
        if row[1] in words
        for name in re.findall(r"`([^`]+)`", row[0])
    }
    assert told == set(_POLICY.intents)


def test_the_names_of_modes_are_those_that_are_taken() -> None:
    for name, _ in MODE_NAMES.values():
        assert f"`{name}`" in _TEXT


def test_numbers_are_those_in_force() -> None:
    tiers = ", ".join(
        f"{tier} {number}" for tier, number in _POLICY.tier_quality.items()
    )
    assert tiers in _TEXT
    assert f"{_POLICY.pressure_from * 100:.0f} % of a window" in _TEXT
    assert f"`{SMALL_LANE}`, or from {STANDARD_FROM:.0f} billion parameters" in _TEXT
    assert f"`{STANDARD_LANE}`" in _TEXT
    assert (EVERY_SECONDS, "once a minute" in _TEXT) == (60.0, True)
    assert (MAX_ATTEMPTS, "three calls at most" in _TEXT) == (3, True)


def test_its_rules_are_rules() -> None:
    found = re.findall(r"^```toml\n(.*?)\n```$", _TEXT, re.MULTILINE | re.DOTALL)
    tables = [tomllib.loads(text) for text in found]
    read = [read_rules(table) for table in tables if "rules" in table]
    assert len(list(chain.from_iterable(rules for rules, _ in read))) == 4
    assert not [problem for _, problems in read for problem in problems]
