"""Reads Ollama's whole answers: one JSON object; pure, no I/O, never raises."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.model import Event
from proxy.wire.counts import members
from proxy.wire.ollama.stream import StreamReader, read_whole


def read_answer(body: bytes, *, answer_id: str, model: str) -> Sequence[Event]:
    """Return the answer's events; an error or no answer at all is `AnswerFailed`.

    Some servers stream although nobody asked for it: that is read as a stream.
    """
    if members(body) is not None:
        return read_whole(body, answer_id=answer_id, model=model)
    reader = StreamReader(answer_id=answer_id, model=model)
    return (*reader.feed(body), *reader.finish())
