"""What is looked for in a stream, seen in ordinary events."""

from __future__ import annotations

import pytest

from proxy.model import Protocol
from proxy.wire.watch import WATCHES

ORDINARY = [
    (
        Protocol.MESSAGES,
        b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{}}',
    ),
    (Protocol.MESSAGES, b'event: ping\ndata: {"type": "ping"}'),
    (Protocol.RESPONSES, b'data: {"type":"response.output_text.delta","delta":"x"}'),
    (
        Protocol.CHAT,
        b'data: {"choices":[{"delta":{},"finish_reason":null}],"usage":null}',
    ),
    (Protocol.CHAT, b'data: {"choices":[{"delta":{},"finish_reason":""}]}'),
    (Protocol.GEMINI, b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}]}'),
]
TELLING = [
    (Protocol.MESSAGES, b"event: message_stop"),
    (Protocol.MESSAGES, b"event:error"),
    (Protocol.MESSAGES, b'data: {"delta":{"stop_reason" : "end_turn"}}'),
    (Protocol.MESSAGES, b'data: {"message":{"usage":{}}}'),
    (Protocol.RESPONSES, b"event: response.incomplete"),
    (Protocol.RESPONSES, b'data: {"type" : "error"}'),
    (Protocol.RESPONSES, b"data: [DONE]"),
    (Protocol.CHAT, b'data: {"choices":[{"finish_reason" : "stop"}]}'),
    (Protocol.CHAT, b'data: {"usage" : { }}'),
    (Protocol.CHAT, b'data: {"error": "x"}'),
    (Protocol.CHAT, b"data: [DONE]"),
    (Protocol.GEMINI, b'data: {"candidates":[{"finishReason" : "STOP"}]}'),
    (Protocol.GEMINI, b'data: {"promptFeedback":{"blockReason":"OTHER"}}'),
    (Protocol.GEMINI, b'data: {"usageMetadata":{}}'),
    (Protocol.GEMINI, b'data: [{"error":{"code":500}}]'),
]


@pytest.mark.parametrize(("protocol", "event"), ORDINARY)
def test_ordinary_events_need_no_reading(protocol: Protocol, event: bytes) -> None:
    assert not WATCHES[protocol].sees(event)


@pytest.mark.parametrize(("protocol", "event"), TELLING)
def test_events_that_tell_are_seen(protocol: Protocol, event: bytes) -> None:
    assert WATCHES[protocol].sees(b"data: {}\n\n" + event + b"\n\n")
