from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.model import Limits, Message, Protocol, Reasoning, Request, Role, Text
from proxy.translation.fit import fit
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS, ReasoningWord
from proxy.wire.effort import budget_of

_USER = Message(Role.USER, (Text("x"),))


def _thinks(
    wish: Reasoning,
    source: Protocol,
    protocol: Protocol,
    most: int = 9_000,
    **flags: Any,
) -> tuple[Reasoning | None, set[str]]:
    request = Request(
        source, "m", (_USER,), reasoning=wish, limits=Limits(max_output_tokens=most)
    )
    dialect = replace(VENDOR_DIALECTS[protocol], **flags)
    fitted = fit(request, Target(protocol, "p", "m", dialect))
    return fitted.request.reasoning, {each.name for each in fitted.losses}


@pytest.mark.parametrize(
    ("mode", "protocol", "flags", "expected", "losses"),
    [
        ("adaptive", Protocol.CHAT, {}, Reasoning(display="summarized"), set()),
        (
            "adaptive",
            Protocol.GEMINI,
            {},
            Reasoning("adaptive", display="summarized"),
            set(),
        ),
        (
            "adaptive",
            Protocol.MESSAGES,
            {"reasoning": ReasoningWord.THINKING},
            Reasoning("enabled", budget_tokens=budget_of("medium", 9_000)),
            {"effort_mapped"},
        ),
        ("disabled", Protocol.CHAT, {}, Reasoning(effort="none"), set()),
        ("disabled", Protocol.OLLAMA, {}, Reasoning("disabled"), set()),
    ],
)
def test_thinking_without_a_measure(
    mode: str,
    protocol: Protocol,
    flags: dict[str, Any],
    expected: Reasoning | None,
    losses: set[str],
) -> None:
    found, names = _thinks(Reasoning(mode=mode), Protocol.MESSAGES, protocol, **flags)
    assert found == expected
    assert names == losses


def test_budgets_stay_below_the_limit_and_above_the_least() -> None:
    words: dict[str, Any] = {"reasoning": ReasoningWord.THINKING}
    own = (Protocol.MESSAGES, Protocol.MESSAGES)
    wish = Reasoning("enabled", budget_tokens=4_000)
    assert _thinks(wish, *own, **words) == (wish, set())
    lowered = Reasoning("enabled", budget_tokens=1_999)
    assert _thinks(wish, *own, most=2_000, **words) == (lowered, {"effort_mapped"})
    off = Reasoning("disabled")
    assert _thinks(wish, *own, most=1_000, **words) == (off, {"thinking_off"})


def test_a_wish_to_see_is_no_wish_to_think() -> None:
    wish = Reasoning(display="auto")
    found, _ = _thinks(wish, Protocol.RESPONSES, Protocol.GEMINI)
    assert found == Reasoning(display="summarized")
    assert _thinks(Reasoning(), Protocol.RESPONSES, Protocol.GEMINI)[0] is None
