"""What any line of events must be, and what of an answer two protocols share.

The one measure that laws over all protocols hold answers against; it knows no codec.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proxy.model import (
    Answer,
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CallKind,
    Event,
    PartEnded,
    PartWhole,
    Ping,
    StopReason,
    Text,
    TextStarted,
    Thinking,
    ThinkingStarted,
    ToolCall,
    ToolCallStarted,
    Usage,
    UsageReported,
)

_BEGIN = (TextStarted, ThinkingStarted, ToolCallStarted)


def check_line(events: Sequence[Event]) -> None:
    """One start, parts begun in order and pieces of open ones only, one end, last."""
    lasts = [isinstance(each, AnswerEnded | AnswerFailed) for each in events]
    assert lasts == [False] * (len(lasts) - 1) + [True]
    told = [each for each in events if not isinstance(each, Ping | UsageReported)]
    starts = [isinstance(each, AnswerStarted) for each in told]
    assert starts == [True] + [False] * (len(told) - 1) or len(told) == 1
    assert len(told) > 1 or isinstance(told[0], AnswerFailed)
    begun, still = 0, set[int]()
    for event in told[1:-1]:
        assert not isinstance(event, AnswerStarted | AnswerEnded | AnswerFailed)
        if isinstance(event, (*_BEGIN, PartWhole)):
            assert event.index == begun
            begun += 1
            still.add(event.index)
        assert event.index in still
        if isinstance(event, PartEnded | PartWhole):
            still.remove(event.index)
    assert not still or isinstance(told[-1], AnswerFailed)


@dataclass(frozen=True, slots=True)
class Essence:
    """What a person would say an answer is, whatever the protocol.

    `thought` has no empty lines: some protocols put them between pieces of reasoning.
    """

    text: str
    refused: str
    thought: str
    calls: tuple[tuple[str, str, Any], ...]
    stop: StopReason


def essence(answer: Answer) -> Essence:
    """Reduce an answer to what all protocols can say."""
    texts = [each for each in answer.parts if isinstance(each, Text)]
    return Essence(
        "".join(each.text for each in texts if not each.refusal),
        "".join(each.text for each in texts if each.refusal),
        _thought(each for each in answer.parts if isinstance(each, Thinking)),
        tuple(_call(each) for each in answer.parts if isinstance(each, ToolCall)),
        answer.ended.stop,
    )


def _thought(parts: Any) -> str:
    words = "".join("".join((*each.summary, each.text)) for each in parts)
    return words.replace("\n\n", "")


def _call(call: ToolCall) -> tuple[str, str, Any]:
    if call.kind is CallKind.CUSTOM:
        return call.id, call.name, call.arguments
    return call.id, call.name, json.loads(call.arguments or "{}")


def same_counts(found: Usage, told: Usage, *, thoughts: bool = True) -> bool:
    """Whether two usages tell the same; a count nobody told may have become 0."""
    pairs = [
        (found.whole_input, told.whole_input),
        (found.cache_read_tokens, told.cache_read_tokens),
        (found.output_tokens, told.output_tokens),
    ]
    if thoughts:
        pairs.append((found.reasoning_tokens, told.reasoning_tokens))
    return all((one or 0) == (other or 0) for one, other in pairs)
