"""Levels and budgets of thinking stand for one another in a fixed way."""

from __future__ import annotations

import pytest

from proxy.model import Reasoning
from proxy.wire.effort import BUDGETS, LEVELS, budget_of, level_of, nearest


@pytest.mark.parametrize(
    ("wish", "level"),
    [
        (None, None),
        (Reasoning(), None),
        (Reasoning(mode="adaptive"), None),
        (Reasoning(mode="disabled", effort="high"), "none"),
        (Reasoning(mode="adaptive", effort="xhigh"), "xhigh"),
        (Reasoning(effort="tremendous"), None),
        (Reasoning(mode="enabled", budget_tokens=1_024), "minimal"),
        (Reasoning(mode="enabled", budget_tokens=8_192), "medium"),
        (Reasoning(mode="enabled", budget_tokens=8_193), "high"),
        (Reasoning(mode="enabled", budget_tokens=10**9), "max"),
        (Reasoning(budget_tokens=-1), None),
    ],
)
def test_the_level_of_a_wish(wish: Reasoning | None, level: str | None) -> None:
    assert level_of(wish) == level


@pytest.mark.parametrize("level", LEVELS)
def test_a_budget_stands_for_its_own_level(level: str) -> None:
    assert level_of(Reasoning(budget_tokens=BUDGETS[level])) == level


@pytest.mark.parametrize(
    ("level", "taken", "found"),
    [
        ("high", (), "high"),
        ("max", ("low", "medium", "high"), "high"),
        ("minimal", ("low", "high"), "low"),
        ("medium", ("low", "high"), "low"),
        ("none", ("low", "high"), None),
        ("none", ("none", "high"), "none"),
        ("high", ("strange",), None),
    ],
)
def test_the_nearest_level(level: str, taken: tuple[str, ...], found: str) -> None:
    assert nearest(level, taken) == found


def test_a_budget_leaves_room_for_the_answer() -> None:
    assert budget_of("high", None) == BUDGETS["high"]
    assert budget_of("high", 4_000) == 2_000
    assert budget_of("high", 0) == 0
    assert budget_of("odd", None) == BUDGETS["medium"]
