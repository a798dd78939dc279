"""Carries the wish to think between levels and budgets; pure numbers and words.

Levels after `ReasoningEffort` of the `openai` SDK 3.51.0 and `output_config.effort` of
the `anthropic` SDK 2.8.0; the budgets are Turnout's own choice, and a target that gets
one instead of a level is told so as a loss by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from proxy.model import Reasoning

LEVELS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every level a client may ask for, weakest first."""

BUDGETS: Final = MappingProxyType(
    {
        "none": 0,
        "minimal": 1_024,
        "low": 2_048,
        "medium": 8_192,
        "high": 16_384,
        "xhigh": 32_768,
        "max": 65_536,
    }
)
"""Tokens of thinking that stand for each level."""

LEAST_BUDGET: Final = 1_024
"""The least budget that Messages takes, in tokens."""


def level_of(wish: Reasoning | None) -> str | None:
    """Return the level a client asked for in any spelling, None where it did not.

    A disabled mode is `none`; a budget becomes the weakest level that covers it;
    adaptive thinking without a level is no wish of its own.
    """
    if wish is None:
        return None
    if wish.mode == "disabled":
        return "none"
    if wish.effort in LEVELS:
        return wish.effort
    if wish.budget_tokens is None or wish.budget_tokens < 0:
        return None
    covering = (name for name in LEVELS if BUDGETS[name] >= wish.budget_tokens)
    return next(covering, "max")


def nearest(level: str, taken: Sequence[str]) -> str | None:
    """Return the level of `taken` that comes nearest to `level`.

    The weaker one of two equally near; any level where `taken` is empty; None where
    thinking shall be off and nothing weaker than the asked level is taken.
    """
    if not taken or level in taken:
        return level
    if level == "none":
        return None
    known = [each for each in taken if each in LEVELS and each != "none"]
    wanted = LEVELS.index(level)
    return min(known, key=lambda each: abs(LEVELS.index(each) - wanted), default=None)


def budget_of(level: str, most: int | None) -> int:
    """Return the tokens that stand for a level; at most half of `most`, if told.

    The other half is for the answer: reasoning counts against its limit.
    """
    budget = BUDGETS.get(level, BUDGETS["medium"])
    return budget if most is None else max(0, min(budget, most // 2))
