"""Writes a whole answer as Gemini's JSON; no I/O."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.model import (
    Answer,
    Event,
    Json,
    Opaque,
    Request,
    ServerPart,
    Text,
    Thinking,
    ToolCall,
    gather,
)
from proxy.wire.codec import Written
from proxy.wire.gemini.pieces import PartMaker, answer_shape, finish


def write_answer(
    request: Request,
    events: Iterable[Event],
    *,
    created: int,
    request_id: str | None = None,
) -> Written:
    """Write a whole answer as the JSON of `GenerateContentResponse`.

    `request`, `created` and `request_id` are other protocols' needs. Raises BrokenOff
    where the events do not come to an end.
    """
    del request, created, request_id
    answer = gather(events)
    maker = PartMaker()
    parts = [*_parts(answer, maker), *maker.rest()] or [{"text": ""}]
    head: dict[str, Json] = {"modelVersion": answer.model, "responseId": answer.id}
    ended = finish(answer.ended, maker)
    body = answer_shape(parts, head, ended, answer.usage)
    return Written(body, tuple(maker.losses))


def _parts(answer: Answer, maker: PartMaker) -> list[Json]:
    found: list[Json] = []
    for part in answer.parts:
        found.extend(_part(part, maker))
    return found


def _part(
    part: Text | Thinking | ToolCall | ServerPart | Opaque, maker: PartMaker
) -> list[Json]:
    match part:
        case Text():
            for citation in part.citations:
                maker.cite(citation)
            return maker.text(part.text)
        case Thinking():
            return _thinking(part, maker)
        case ToolCall():
            return maker.call(part)
        case ServerPart() | Opaque():
            return maker.whole(part)


def _thinking(part: Thinking, maker: PartMaker) -> list[Json]:
    if part.sealed is not None:
        maker.seal()
    text = "\n\n".join([*part.summary, *([part.text] if part.text else [])])
    return [*maker.thought(text), *maker.sign(part.signature or "")]
