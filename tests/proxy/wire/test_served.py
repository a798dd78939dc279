"""How an answer was served, by its own words: natively and translated alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import AnswerEnded, Event, Protocol, Usage, Variant
from proxy.wire.answer import read_answer
from proxy.wire.anthropic.provider.answer import read_answer as read_messages
from proxy.wire.anthropic.provider.stream import StreamReader as MessagesReader
from proxy.wire.chat.provider.answer import read_answer as read_chat
from proxy.wire.chat.provider.stream import StreamReader as ChatReader
from proxy.wire.counts import Members, members
from proxy.wire.gemini.provider.answer import read_answer as read_gemini
from proxy.wire.responses.provider.answer import read_answer as read_responses
from proxy.wire.served import gemini_served, latest, messages_served, openai_served
from proxy.wire.tail import tail_holder

Read = Callable[[Members], Variant | None]


def served(read: Read, of: dict[str, Any]) -> Variant | None:
    found = members(json.dumps(of).encode())
    assert found is not None
    return read(found)


@pytest.mark.parametrize(
    ("read", "of", "wanted"),
    [
        (messages_served, {"service_tier": "priority"}, Variant("", "priority")),
        (messages_served, {"service_tier": "batch"}, Variant("batch")),
        (messages_served, {"speed": "fast"}, Variant("", "", "fast")),
        (
            messages_served,
            {"service_tier": "standard", "speed": "Fast"},
            Variant("", "standard", "fast"),
        ),
        (
            messages_served,
            {"service_tier": "batch", "speed": "fast"},
            Variant("batch", "", "fast"),
        ),
        (openai_served, {"service_tier": "Flex"}, Variant("", "flex")),
        (openai_served, {"service_tier": "batch"}, Variant("batch")),
        (openai_served, {"service_tier": "default"}, Variant("", "default")),
        (gemini_served, {"serviceTier": "PRIORITY"}, Variant("", "priority")),
        (gemini_served, {"trafficType": "ON_DEMAND_FLEX"}, Variant("", "flex")),
        (gemini_served, {"trafficType": "ON_DEMAND"}, Variant("", "standard")),
        (
            gemini_served,
            {"trafficType": "PROVISIONED_THROUGHPUT"},
            Variant("", "provisioned_throughput"),
        ),
        (gemini_served, {"trafficType": "TRAFFIC_TYPE_UNSPECIFIED"}, None),
        (gemini_served, {"service_tier": "flex"}, None),
        (messages_served, {}, None),
        (openai_served, {"service_tier": None}, None),
        (openai_served, {"service_tier": 7}, None),
        (openai_served, {"service_tier": "two words"}, None),
        (openai_served, {"service_tier": "x" * 33}, None),
    ],
)
def test_words(read: Read, of: dict[str, Any], wanted: Variant | None) -> None:
    assert served(read, of) == wanted


@given(raw=st.binary(max_size=40))
def test_odd_values_raise_nothing(raw: bytes) -> None:
    for read in (messages_served, openai_served, gemini_served):
        keys = ("service_tier", "speed", "serviceTier", "trafficType")
        read(dict.fromkeys(keys, msgspec.Raw(raw)))


def test_the_last_word_counts() -> None:
    flex, usual = Variant("", "flex"), Variant("", "default")
    assert latest(None, None) is None
    assert latest(flex, None) == latest(None, flex) == flex
    assert latest(flex, usual) == usual
    assert latest(Variant("", "", "fast"), flex) == Variant("", "flex", "fast")


MESSAGES = {
    "id": "a",
    "type": "message",
    "model": "m",
    "content": [{"type": "text", "text": "a"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1, "speed": "fast"},
}
RESPONSES = {
    "id": "a",
    "object": "response",
    "model": "m",
    "status": "completed",
    "output": [],
    "service_tier": "priority",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
CHAT = {
    "id": "a",
    "model": "m",
    "choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}],
    "service_tier": "flex",
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.25},
}
GEMINI = {
    "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}],
    "usageMetadata": {
        "promptTokenCount": 1,
        "candidatesTokenCount": 1,
        "serviceTier": "flex",
    },
}


@pytest.mark.parametrize(
    ("protocol", "answer", "wanted"),
    [
        (Protocol.MESSAGES, MESSAGES, Variant("", "", "fast")),
        (Protocol.RESPONSES, RESPONSES, Variant("", "priority")),
        (Protocol.CHAT, CHAT, Variant("", "flex")),
        (Protocol.GEMINI, GEMINI, Variant("", "flex")),
    ],
)
def test_a_whole_native_answer_tells(
    protocol: Protocol, answer: dict[str, Any], wanted: Variant
) -> None:
    usage = read_answer(protocol, json.dumps(answer).encode()).usage
    assert usage.served == wanted
    assert usage.told_cost_nano == (250_000_000 if protocol is Protocol.CHAT else None)


def test_an_answer_of_ollama_tells_nothing() -> None:
    assert read_answer(Protocol.OLLAMA, b"{}").usage == Usage()


def _stream(*events: dict[str, Any], named: bool = False) -> bytes:
    lines = []
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        lines.append(f"{name}data: {json.dumps(event)}\n\n")
    return "".join(lines).encode()


MESSAGES_STREAM = _stream(
    {"type": "message_start", "message": MESSAGES | {"content": []}},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 4, "service_tier": "priority", "speed": "standard"},
    },
    {"type": "message_stop"},
    named=True,
)
CHUNK = {"id": "a", "object": "chat.completion.chunk", "model": "m"}
CHAT_STREAM = (
    _stream(
        CHUNK
        | {
            "service_tier": "priority",
            "choices": [{"index": 0, "delta": {"content": "a"}}],
        },
        CHUNK
        | {
            "service_tier": "default",
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            "usage": CHAT["usage"],
        },
        CHUNK | {"choices": []},
    )
    + b"data: [DONE]\n\n"
)
RESPONSES_STREAM = _stream(
    {"type": "response.created", "response": RESPONSES | {"service_tier": "auto"}},
    {"type": "response.completed", "response": RESPONSES},
    named=True,
)
GEMINI_STREAM = _stream(GEMINI)
STREAMS = [
    (Protocol.MESSAGES, MESSAGES_STREAM, Variant("", "priority", "standard")),
    (Protocol.CHAT, CHAT_STREAM, Variant("", "default")),
    (Protocol.RESPONSES, RESPONSES_STREAM, Variant("", "priority")),
    (Protocol.GEMINI, GEMINI_STREAM, Variant("", "flex")),
]


@pytest.mark.parametrize(("protocol", "stream", "wanted"), STREAMS)
def test_a_native_stream_tells_on_the_side(
    protocol: Protocol, stream: bytes, wanted: Variant
) -> None:
    holder = tail_holder(protocol)
    for at in range(len(stream)):
        holder.feed(stream[at : at + 1])
    holder.finish()
    assert holder.usage.served == wanted


def _ended(events: Sequence[Event]) -> Usage:
    (ended,) = [event for event in events if isinstance(event, AnswerEnded)]
    assert ended.usage is not None
    return ended.usage


@pytest.mark.parametrize(
    ("read", "answer", "wanted"),
    [
        (read_messages, MESSAGES, Variant("", "", "fast")),
        (read_chat, CHAT, Variant("", "flex")),
        (read_responses, RESPONSES, Variant("", "priority")),
        (read_gemini, GEMINI, Variant("", "flex")),
    ],
)
def test_a_whole_translated_answer_tells(
    read: Callable[..., Sequence[Event]], answer: dict[str, Any], wanted: Variant
) -> None:
    events = read(json.dumps(answer).encode(), answer_id="a", model="m")
    assert _ended(events).served == wanted


@pytest.mark.parametrize(
    ("factory", "stream", "wanted"),
    [
        (MessagesReader, MESSAGES_STREAM, Variant("", "priority", "standard")),
        (ChatReader, CHAT_STREAM, Variant("", "default")),
    ],
)
def test_a_translated_stream_tells(
    factory: Callable[..., Any], stream: bytes, wanted: Variant
) -> None:
    reader = factory(answer_id="a", model="m")
    events = [*reader.feed(stream), *reader.finish()]
    usage = _ended(events)
    assert usage.served == wanted
    if factory is ChatReader:
        assert usage.told_cost_nano == 250_000_000


def test_merging_counts_keeps_how_it_was_served() -> None:
    fast = Usage(1, served=Variant("", "", "fast"), told_cost_nano=5)
    flex = Usage(output_tokens=2, served=Variant("", "flex"))
    assert fast.merged(Usage()) == fast
    assert Usage().merged(fast) == fast
    both = fast.merged(flex)
    assert both.served == Variant("", "flex", "fast")
    assert both.told_cost_nano == 5
    assert (both.input_tokens, both.output_tokens) == (1, 2)
