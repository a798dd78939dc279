"""Streams of each protocol, and what of them may leave at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from proxy.model import Protocol, Usage

START = b"".join(
    [
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1",',
        b'"type":"message","role":"assistant","model":"claude-x-4","content":[],',
        b'"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,',
        b'"cache_creation_input_tokens":30,"cache_read_input_tokens":400,',
        b'"cache_creation":{"ephemeral_5m_input_tokens":10,',
        b'"ephemeral_1h_input_tokens":20},"output_tokens":1}}}\n\n',
    ]
)
# What text can hold without being an ending, in a string and as an object.
DECOYS = b"".join(
    [
        b'event: ping\ndata: {"type": "ping"}\n\n',
        b": keep-alive event: message_stop\n\n",
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,',
        b'"content_block":{"type":"tool_use","input":{"stop_reason":"end_turn",',
        b'"type":"message_stop","usage":{"output_tokens":99}}}}\n\n',
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,',
        b'"delta":{"type":"text_delta","text":"\\nevent: message_stop\\ndata: [DONE]',
        b'\\n{\\"stop_reason\\":\\"end_turn\\"} event: error response.completed ',
        "\\u00e9 é 🙂".encode(),
        b'"}}\n\n',
    ]
)
DELTA = b"".join(
    [
        b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn",',
        b'"stop_sequence":null},"usage":{"output_tokens":57,',
        b'"output_tokens_details":{"thinking_tokens":7},',
        b'"server_tool_use":{"web_search_requests":2}}}\n\n',
    ]
)
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
MESSAGES_USAGE = Usage(
    input_tokens=12,
    cache_read_tokens=400,
    cache_write_tokens=30,
    cache_write_1h_tokens=20,
    output_tokens=57,
    reasoning_tokens=7,
    web_searches=2,
)

CREATED = b"".join(
    [
        b'event: response.created\ndata: {"type":"response.created","sequence_number":',
        b'0,"response":{"id":"resp_1","model":"gpt-x","status":"in_progress",',
        b'"error":null,"usage":null}}\n\n',
    ]
)
TEXT = b"".join(
    [
        b'data: {"type":"response.output_text.delta","delta":"data: [DONE] ',
        b'event: response.completed \\"type\\":\\"response.failed\\" ',
        b'\\"error\\":{"}\n\n',
        b'data: {"type":"response.output_item.done","item":{"arguments":',
        b'{"type":"response.completed","error":"x"}}}\n\n',
    ]
)
COMPLETED = b"".join(
    [
        b'data: {"type":"response.completed","sequence_number":9,"response":{',
        b'"id":"resp_1","model":"gpt-x","status":"completed","error":null,"output":[],',
        b'"usage":{"input_tokens":1000,"input_tokens_details":{"cached_tokens":600,',
        b'"cache_write_tokens":100},"output_tokens":50,',
        b'"output_tokens_details":{"reasoning_tokens":20},"total_tokens":1050}}}\n\n',
    ]
)
OPENAI_USAGE = Usage(
    input_tokens=300,
    cache_read_tokens=600,
    cache_write_tokens=100,
    output_tokens=50,
    reasoning_tokens=20,
)

CHUNKS = b"".join(
    [
        b'data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"role":',
        b'"assistant"},"finish_reason":null}],"usage":null}\n\n',
        b'data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"content":',
        b'"data: [DONE]\\n\\n \\"finish_reason\\":\\"stop\\""},',
        b'"finish_reason":""}]}\n\n',
        b'data: {"id":"c","choices":[{"delta":{"x":{"finish_reason":"stop",',
        b'"usage":{"prompt_tokens":5},"error":{}}},"finish_reason":null}]}\n\n',
    ]
)
FINISH = b'data: {"id":"c","choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
COUNT = b"".join(
    [
        b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":1000,',
        b'"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":600,',
        b'"cache_write_tokens":100},',
        b'"completion_tokens_details":{"reasoning_tokens":20}}}\n\n',
    ]
)
DONE = b"data: [DONE]\n\n"


CANDIDATES = b"".join(
    [
        b'data: {"candidates":[{"content":{"parts":[{"text":"data: [DONE] ',
        b'\\"finishReason\\":\\"STOP\\" \\"error\\":{"}],"role":"model"},"index":0}],',
        b'"usageMetadata":{"promptTokenCount":900}}\n\n',
        b'data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"a",',
        b'"args":{"finishReason":"STOP","error":{},"blockReason":"x"}}}]}}]}\n\n',
    ]
)
FINISHED = b"".join(
    [
        b'data: {"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":',
        b'"STOP","index":0}],"usageMetadata":{"promptTokenCount":900,',
        b'"cachedContentTokenCount":600,"candidatesTokenCount":30,',
        b'"thoughtsTokenCount":20,"toolUsePromptTokenCount":100,',
        b'"totalTokenCount":1050}}\n\n',
    ]
)
GEMINI_USAGE = Usage(
    input_tokens=400,
    cache_read_tokens=600,
    cache_write_tokens=0,
    output_tokens=50,
    reasoning_tokens=20,
)


@dataclass(frozen=True)
class Golden:
    """A stream, what may leave of it, and what it says."""

    protocol: Protocol
    passes: bytes
    held: bytes
    usage: Usage = Usage()
    stop_reason: str | None = None
    failed: bool = False
    ended: bool = True

    def line_ends(self, end: bytes) -> Golden:
        """The same stream with other line ends."""
        return dataclasses.replace(
            self,
            passes=self.passes.replace(b"\n", end),
            held=self.held.replace(b"\n", end),
        )


HEAD = b"event: message_delta\n"
MESSAGES = Golden(
    Protocol.MESSAGES,
    START + DECOYS + HEAD,
    DELTA + STOP,
    MESSAGES_USAGE,
    "end_turn",
)
RESPONSES = Golden(
    Protocol.RESPONSES,
    CREATED + TEXT,
    b"event: response.completed\n" + COMPLETED,
    OPENAI_USAGE,
    "completed",
)
CHAT = Golden(Protocol.CHAT, CHUNKS, FINISH + COUNT + DONE, OPENAI_USAGE, "stop")
INCOMPLETE = COMPLETED.replace(b"response.completed", b"response.incomplete").replace(
    b'"status":"completed"',
    b'"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}',
)
FAILED = COMPLETED.replace(b"response.completed", b"response.failed").replace(
    b'"status":"completed","error":null',
    b'"status":"failed","error":{"code":"server_error","message":"x"}',
)
ERROR = b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}\n\n'
GOLDENS = {
    "messages": MESSAGES,
    "messages, no event lines": dataclasses.replace(
        MESSAGES,
        passes=b"\xef\xbb\xbf" + START.split(b"\n", 1)[1],
        held=DELTA + STOP.split(b"\n", 1)[1],
    ),
    "messages, no blank after the colon": dataclasses.replace(
        MESSAGES,
        passes=MESSAGES.passes.replace(b"data: {", b"data:{"),
        held=MESSAGES.held.replace(b"data: {", b"data:{").replace(
            b"event: m", b"event:m"
        ),
    ),
    "messages, data on many lines": dataclasses.replace(
        MESSAGES,
        passes=START.replace(b',"usage"', b',\ndata: "usage"')
        + DECOYS.replace(b',"content_block"', b',\ndata: "content_block"').replace(
            b',"type":"message_stop"', b',\ndata:"type":"message_stop"'
        )
        + HEAD,
        held=DELTA.replace(b'"delta":{', b'"delta":{\ndata: ').replace(
            b'},"usage"', b'},\ndata: "usage"'
        )
        + STOP,
    ),
    "messages, error": Golden(
        Protocol.MESSAGES,
        START,
        b"event: error\ndata: " + ERROR,
        Usage(12, 400, 30, 20, 1),
        failed=True,
    ),
    "messages, error without event line": Golden(
        Protocol.MESSAGES,
        b"event: ping\ndata: {}\n\n",
        b"data: " + ERROR,
        failed=True,
    ),
    "responses": RESPONSES,
    "responses, no event lines": dataclasses.replace(
        RESPONSES, passes=CREATED.split(b"\n", 1)[1] + TEXT, held=COMPLETED
    ),
    "responses, incomplete": dataclasses.replace(
        RESPONSES, held=INCOMPLETE, stop_reason="max_output_tokens"
    ),
    "responses, failed": dataclasses.replace(
        RESPONSES,
        held=b"event: response.failed\n" + FAILED,
        stop_reason="failed",
        failed=True,
    ),
    "responses, error": Golden(
        Protocol.RESPONSES,
        CREATED,
        b'event: error\ndata: {"type":"error","code":"rate_limit_exceeded",'
        b'"message":"x","param":null,"sequence_number":3}\n\n',
        failed=True,
    ),
    "responses, done without an end": Golden(
        Protocol.RESPONSES, CREATED, DONE, ended=False
    ),
    "chat": CHAT,
    "chat, usage with the end": dataclasses.replace(
        CHAT,
        held=FINISH.replace(b"}\n\n", COUNT[COUNT.index(b',"usage"') :]) + DONE,
    ),
    "chat, data on many lines": dataclasses.replace(
        CHAT,
        passes=CHUNKS.replace(b',"choices"', b',\ndata: "choices"'),
        held=FINISH.replace(b',"choices"', b',\ndata: "choices"') + COUNT + DONE,
    ),
    "chat, error": Golden(
        Protocol.CHAT,
        CHUNKS,
        b'data: {"error":{"message":"x","type":null,"code":503}}\n\n',
        failed=True,
    ),
    "chat, named error": Golden(
        Protocol.CHAT,
        CHUNKS,
        b'event: error\ndata: {"error":"it broke"}\n\n',
        failed=True,
    ),
    "gemini": Golden(
        Protocol.GEMINI, CANDIDATES, FINISHED, GEMINI_USAGE, "STOP", ended=False
    ),
    "gemini, a chunk after the finish": Golden(
        Protocol.GEMINI,
        CANDIDATES,
        b'data: {"candidates":[{"finishReason":"MAX_TOKENS"}]}\n\n'
        b'data: {"usageMetadata":{"promptTokenCount":9}}\n\n',
        Usage(9, 0, 0),
        "MAX_TOKENS",
        ended=False,
    ),
    "gemini, blocked": Golden(
        Protocol.GEMINI,
        b"",
        b'data: {"promptFeedback":{"blockReason":"SAFETY"},'
        b'"usageMetadata":{"promptTokenCount":9}}\n\n',
        Usage(9, 0, 0, output_tokens=0),
        "SAFETY",
        ended=False,
    ),
    "gemini, error": Golden(
        Protocol.GEMINI,
        CANDIDATES,
        b'data: {"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}\n\n',
        Usage(900, 0, 0),
        failed=True,
    ),
    "gemini, error in a list": Golden(
        Protocol.GEMINI,
        b"",
        b'data: [{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}]\n\n',
        failed=True,
    ),
    "chat, no usage": Golden(Protocol.CHAT, CHUNKS, FINISH + DONE, stop_reason="stop"),
}
ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}
CASES = [
    pytest.param(golden.line_ends(end), id=f"{name}, {kind}")
    for name, golden in GOLDENS.items()
    for kind, end in ENDS.items()
]
