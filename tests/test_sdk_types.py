"""The validators take what is right and name what is wrong, in every protocol."""

import json
from typing import Any

import pytest
from sdk_types import check_answer, check_request, check_stream, request_problems
from stream_order import CHECKS

from proxy.model import Protocol

ASKED = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION = {"name": "read", "description": "Reads.", "parameters": SCHEMA}
CALL = {"name": "read", "arguments": '{"a": "b"}'}
RIGHT: dict[Protocol, dict[str, Any]] = {
    Protocol.MESSAGES: {
        "model": "m",
        "max_tokens": 2000,
        "stream": True,
        "temperature": 0.5,
        "system": [
            {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
        ],
        "messages": [
            *ASKED,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "x", "signature": "y"},
                    {"type": "tool_use", "id": "t", "name": "read", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t",
                        "is_error": True,
                        "content": [{"type": "text", "text": "x"}],
                    }
                ],
            },
        ],
        "tools": [{"name": "read", "input_schema": SCHEMA}],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
    },
    Protocol.RESPONSES: {
        "model": "m",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "x"}]},
            {"type": "function_call", "call_id": "c", **CALL},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        ],
        "tools": [{"type": "function", "strict": False, **FUNCTION}],
        "reasoning": {"effort": "high", "summary": "auto"},
        "store": False,
    },
    Protocol.CHAT: {
        "model": "m",
        "stream": True,
        "messages": [
            *ASKED,
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "type": "function", "function": CALL}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "x"},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "stream_options": {"include_usage": True},
    },
    Protocol.GEMINI: {
        "contents": [
            {"role": "user", "parts": [{"text": "x"}]},
            {
                "role": "model",
                "parts": [
                    {
                        "functionCall": {"name": "read", "args": {"a": 1}},
                        "thoughtSignature": "eA==",
                    }
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "read", "response": {"output": "x"}}}
                ],
            },
        ],
        "systemInstruction": {"parts": [{"text": "x"}]},
        "tools": [
            {"functionDeclarations": [{"name": "read", "parametersJsonSchema": SCHEMA}]}
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {
            "maxOutputTokens": 5,
            "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
        },
    },
    Protocol.OLLAMA: {
        "model": "m",
        "messages": [
            *ASKED,
            {
                "role": "assistant",
                "tool_calls": [{"function": {"name": "read", "arguments": {"a": 1}}}],
            },
            {"role": "tool", "tool_name": "read", "content": "x"},
            {"role": "user", "content": "What is this?", "images": ["eA=="]},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "think": "high",
        "options": {"num_ctx": 8000},
    },
}
WRONG: dict[Protocol, dict[str, Any]] = {
    Protocol.MESSAGES: {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
    Protocol.RESPONSES: {"input": [{"type": "function_call", "name": "x"}]},
    Protocol.CHAT: {"messages": [{"role": "tool", "content": "x"}]},
    Protocol.GEMINI: {"generationConfig": {"thinkingConfig": {"level": "HIGH"}}},
    Protocol.OLLAMA: {"messages": [{"role": "user", "content": ["x"]}]},
}


def _body(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode()


@pytest.mark.parametrize("protocol", Protocol)
def test_a_right_request_passes(protocol: Protocol) -> None:
    check_request(protocol, _body(RIGHT[protocol]))


@pytest.mark.parametrize("protocol", Protocol)
def test_an_unknown_field_is_named(protocol: Protocol) -> None:
    found = request_problems(protocol, _body(RIGHT[protocol] | {"colour": "red"}))
    assert "colour" in str(found)


@pytest.mark.parametrize("protocol", Protocol)
def test_a_wrong_field_deep_inside_is_named(protocol: Protocol) -> None:
    assert request_problems(protocol, _body(RIGHT[protocol] | WRONG[protocol]))


def test_a_place_is_told() -> None:
    data = RIGHT[Protocol.CHAT] | {"messages": [{"role": "user", "content": [{}]}]}
    assert any(
        each.startswith(".messages[0].content")
        for each in request_problems(Protocol.CHAT, _body(data))
    )


def test_a_word_that_gemini_does_not_know_is_wrong() -> None:
    config = {"functionCallingConfig": {"mode": "SOMETIMES"}}
    data = RIGHT[Protocol.GEMINI] | {"toolConfig": config}
    assert request_problems(Protocol.GEMINI, _body(data))


def test_extras_a_provider_takes_can_be_allowed() -> None:
    said = {"role": "assistant", "content": "x", "reasoning_content": "y"}
    body = _body({"model": "m", "messages": [said]})
    assert request_problems(Protocol.CHAT, body)
    check_request(Protocol.CHAT, body, frozenset({"reasoning_content"}))


def _chunk(**more: Any) -> dict[str, Any]:
    return {"responseId": "r", "modelVersion": "m", **more}


def _said(text: str, **more: Any) -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": text}]}
    return _chunk(candidates=[{"index": 0, "content": content, **more}])


def _stream(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + _body(chunk) + b"\n\n" for chunk in chunks)


def test_a_gemini_stream() -> None:
    usage = {"promptTokenCount": 1, "totalTokenCount": 1}
    last = _said("b", finishReason="STOP") | {"usageMetadata": usage}
    stream = _stream(_said("a"), last)
    CHECKS[Protocol.GEMINI](stream)
    assert len(check_stream(Protocol.GEMINI, stream)) == 2
    check_answer(Protocol.GEMINI, _body(last))
    with pytest.raises(ValueError, match="colour"):
        check_answer(Protocol.GEMINI, _body(last | {"colour": "red"}))


@pytest.mark.parametrize(
    "stream",
    [
        _stream(_said("a")),
        _stream(_said("a", finishReason="STOP"), _said("b", finishReason="STOP")),
        b": ping\n\n" + _stream(_said("a", finishReason="STOP")),
        b"event: x\n" + _stream(_said("a", finishReason="STOP")),
        _stream(_said("a", finishReason="STOP")).replace(
            b'"a"', '"\N{LINE SEPARATOR}"'.encode()
        ),
    ],
    ids=["no finish", "two", "comment", "name", "separator"],
)
def test_a_gemini_stream_out_of_order(stream: bytes) -> None:
    with pytest.raises(AssertionError):
        CHECKS[Protocol.GEMINI](stream)
