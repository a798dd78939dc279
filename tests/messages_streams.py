"""Pieces that Messages streams of tests are made of."""

import json
from typing import Any

from proxy.model import (
    Answer,
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Event,
    Origin,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    TextStarted,
    ThinkingStarted,
    ToolCallStarted,
    UsageReported,
    gather,
)
from proxy.wire.anthropic.provider.stream import StreamReader

OWN = Origin(Protocol.MESSAGES)
Data = dict[str, Any]


def sse(*events: Data) -> bytes:
    lines = (f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
    return "".join(lines).encode()


def read(*pieces: bytes) -> list[Event]:
    reader = StreamReader(answer_id="abc", model="asked")
    events = [event for piece in pieces for event in reader.feed(piece)]
    events += reader.finish()
    assert not reader.feed(b"data: {}\n\n")
    assert not reader.finish()
    check_line(events)
    return events


def check_line(events: list[Event]) -> None:
    """Holds a line of events against the promise of `proxy.model.events`."""
    assert isinstance(events[-1], AnswerEnded | AnswerFailed)
    assert sum(isinstance(e, AnswerEnded | AnswerFailed) for e in events) == 1
    if len(events) == 1:
        assert isinstance(events[0], AnswerFailed)
        return
    assert isinstance(events[0], AnswerStarted)
    begun, closed = 0, set()
    for event in events[1:-1]:
        match event:
            case TextStarted() | ThinkingStarted() | ToolCallStarted() | PartWhole():
                assert event.index == begun
                begun += 1
                if isinstance(event, PartWhole):
                    closed.add(event.index)
            case PartEnded():
                assert event.index < begun
                assert event.index not in closed
                closed.add(event.index)
            case UsageReported() | Ping():
                continue
            case AnswerStarted() | AnswerEnded() | AnswerFailed():
                raise AssertionError(event)
            case _:
                assert event.index < begun
                assert event.index not in closed
    if isinstance(events[-1], AnswerEnded):
        assert len(closed) == begun


START: Data = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 20,
            "cache_read_input_tokens": 5,
            "cache_creation_input_tokens": 9,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 2,
                "ephemeral_1h_input_tokens": 7,
            },
            "output_tokens": 1,
        },
    },
}
STOP: Data = {"type": "message_stop"}


def begin(index: int, **block: Any) -> Data:
    return {"type": "content_block_start", "index": index, "content_block": block}


def piece(index: int, kind: str, **fields: Any) -> Data:
    delta = {"type": f"{kind}_delta", **fields}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def end(index: int) -> Data:
    return {"type": "content_block_stop", "index": index}


def delta(reason: str | None = "end_turn", **more: Any) -> Data:
    usage = more.pop("usage", {"output_tokens": 9})
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    return {"type": "message_delta", "delta": delta, "usage": usage}


def body(*events: Data, reason: str = "end_turn", **more: Any) -> list[Event]:
    return read(sse(START, *events, delta(reason, **more), STOP))


def answered(*events: Data, reason: str = "end_turn", **more: Any) -> Answer:
    return gather(body(*events, reason=reason, **more))


# --- recorded transcripts -------------------------------------------------------------

CITED: Data = {
    "type": "web_search_result_location",
    "url": "https://example.com/b",
    "title": "B",
    "cited_text": "sun",
    "encrypted_index": "eA==",
}
RESULT: Data = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [
        {
            "type": "web_search_result",
            "url": "https://example.com/b",
            "title": "B",
            "encrypted_content": "eA==",
            "page_age": None,
        }
    ],
}
SEARCH: Data = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
}
