"""Reads a Chat provider's whole answer into neutral events; never raises, no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.errors import FailureKind
from proxy.model import AnswerFailed, Event
from proxy.wire.chat.provider.answer_parts import Assembly
from proxy.wire.chat.provider.chunks import read_chunk
from proxy.wire.chat.provider.end import NO_ANSWER


def read_answer(body: bytes, *, answer_id: str, model: str) -> Sequence[Event]:
    """Read the JSON of `ChatCompletion`.

    `answer_id` and `model` stand in where the provider names none. An error in place
    of the answer, or a body that is no answer, is an `AnswerFailed`.
    """
    out: list[Event] = []
    answer = Assembly(answer_id, model)
    try:
        chunk = read_chunk(body)
    except ValueError:
        chunk = None
    if chunk is None or not (chunk.choices or chunk.error):
        return [AnswerFailed(FailureKind.MALFORMED, NO_ANSWER)]
    answer.take(chunk, out)
    if not answer.over:
        answer.complete(out)
    return out
