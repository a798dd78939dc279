"""Reads a provider's whole Messages answer into events; no I/O."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from proxy.model import AnswerStarted, Event, Json, JsonObject, Usage
from proxy.wire.anthropic.provider.answer_blocks import ProviderBlocks
from proxy.wire.anthropic.provider.words import ended, failed, text_of
from proxy.wire.counts import inside, members, messages_counts, settled
from proxy.wire.fields import WireError
from proxy.wire.served import messages_served

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise."""


def read_answer(body: bytes, *, answer_id: str, model: str) -> Sequence[Event]:
    """Read `Message` as the events that tell it.

    An error in its place is one `AnswerFailed`. `answer_id` and `model` stand in where
    the provider names none. Raises WireError, and nothing else, where the body is
    neither.
    """
    try:
        answer: Json = msgspec.json.decode(body)
    except NOT_JSON:
        raise WireError("The provider's answer is not JSON.") from None
    if not isinstance(answer, dict):
        raise WireError("The provider's answer is no JSON object.")
    if answer.get("error") is not None or answer.get("type") == "error":
        return [failed(answer.get("error"))]
    content = answer.get("content")
    if not isinstance(content, list):
        raise WireError("The provider's answer has no content of Messages.")
    told = inside(members(body) or {}, "usage")
    usage = Usage(**settled(messages_counts(told)), served=messages_served(told))
    return _events(answer, content, usage, answer_id=answer_id, model=model)


def _events(
    answer: JsonObject,
    content: list[Json],
    usage: Usage,
    *,
    answer_id: str,
    model: str,
) -> list[Event]:
    own_id = text_of(answer.get("id")) or answer_id
    events: list[Event] = [
        AnswerStarted(own_id, text_of(answer.get("model")) or model, usage)
    ]
    blocks = ProviderBlocks(answer_id)
    for at, block in enumerate(content):
        if isinstance(block, dict):
            events += blocks.start(at, block)
            events += blocks.stop(at)
    events.append(ended(answer, usage, called=blocks.called))
    return events
