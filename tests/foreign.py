"""Clients of the four protocols in tests of the translated lane: they ask and read on.

What a client gets is read back by the gateway's own readers of its protocol; that its
form is right is for `stream_order` and the vendors' types to say.
"""

import json
from collections.abc import Mapping
from typing import Any

from proxy.model import Answer, BrokenOff, Event, Protocol, Text, ToolCall, gather
from proxy.wire import PROVIDER_CODEC_OF

CLIENTS = (Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT, Protocol.GEMINI)
PROVIDERS = tuple(Protocol)
PAIRS = [(c, p) for c in CLIENTS for p in PROVIDERS if c is not p]
"""Every client with every provider that does not speak its protocol."""

Body = dict[str, Any]
MODEL = "scripted-large"
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


def path_of(client: Protocol, *, stream: bool = False, model: str = MODEL) -> str:
    """Where a client asks."""
    if client is Protocol.GEMINI:
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/v1beta/models/{model}:{verb}"
    return {
        Protocol.MESSAGES: "/v1/messages?beta=true",
        Protocol.RESPONSES: "/v1/responses",
        Protocol.CHAT: "/v1/chat/completions",
    }[client]


def ask(
    client: Protocol,
    *,
    stream: bool = False,
    model: str = MODEL,
    text: str = "What is the weather?",
    tools: bool = False,
    **more: object,
) -> tuple[str, Body]:
    """A first request: its path and body; `more` are fields of the body."""
    path = path_of(client, stream=stream, model=model)
    body: Body = {} if client is Protocol.GEMINI else {"model": model, "stream": stream}
    match client:
        case Protocol.MESSAGES:
            body |= {"max_tokens": 100, "messages": [{"role": "user", "content": text}]}
        case Protocol.RESPONSES:
            body |= {"input": [{"role": "user", "content": text}]}
        case Protocol.CHAT:
            body |= {"messages": [{"role": "user", "content": text}]}
            if stream:
                body["stream_options"] = {"include_usage": True}
        case _:
            body |= {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    if tools:
        body["tools"] = _tools(client)
    return path, body | more


def _tools(client: Protocol) -> list[Body]:
    named: Body = {"name": "weather", "description": "Tells the weather."}
    match client:
        case Protocol.MESSAGES:
            return [named | {"input_schema": _SCHEMA}]
        case Protocol.RESPONSES:
            shape = {"parameters": _SCHEMA, "strict": False}
            return [{"type": "function"} | named | shape]
        case Protocol.CHAT:
            return [{"type": "function", "function": named | {"parameters": _SCHEMA}}]
        case _:
            return [{"functionDeclarations": [named | {"parameters": _SCHEMA}]}]


def with_result(client: Protocol, asked: Body, got: bytes, said: str) -> Body:
    """The next request: the history with a whole answer and the results of its calls.

    The answer goes back exactly as it came, as a well-behaved client sends it.
    """
    answer = json.loads(got)
    match client:
        case Protocol.MESSAGES:
            results = [
                {"type": "tool_result", "tool_use_id": block["id"], "content": said}
                for block in answer["content"]
                if block["type"] == "tool_use"
            ]
            turns = [
                {"role": "assistant", "content": answer["content"]},
                {"role": "user", "content": results or said},
            ]
            return asked | {"messages": [*asked["messages"], *turns]}
        case Protocol.RESPONSES:
            results = [
                _output(item["call_id"], said)
                for item in answer["output"]
                if item["type"] == "function_call"
            ]
            more = results or [{"role": "user", "content": said}]
            return asked | {"input": [*asked["input"], *answer["output"], *more]}
        case Protocol.CHAT:
            message = answer["choices"][0]["message"]
            results = [
                {"role": "tool", "tool_call_id": call["id"], "content": said}
                for call in message.get("tool_calls") or []
            ]
            more = results or [{"role": "user", "content": said}]
            return asked | {"messages": [*asked["messages"], message, *more]}
        case _:
            content = answer["candidates"][0]["content"]
            results = [
                {"functionResponse": _response(part["functionCall"], said)}
                for part in content["parts"]
                if "functionCall" in part
            ]
            user = {"role": "user", "parts": results or [{"text": said}]}
            return asked | {"contents": [*asked["contents"], content, user]}


def _output(call: str, said: str) -> Body:
    return {"type": "function_call_output", "call_id": call, "output": said}


def _response(call: Body, said: str) -> Body:
    named = {key: call[key] for key in ("id", "name") if key in call}
    return named | {"response": {"output": said}}


def read(client: Protocol, body: bytes, *, stream: bool = False) -> Answer:
    """What a client understands of its answer; BrokenOff where it is broken."""
    return gather(events(client, body, stream=stream))


def events(client: Protocol, body: bytes, *, stream: bool = False) -> list[Event]:
    """What a client is told, event by event."""
    codec = PROVIDER_CODEC_OF[client]
    if not stream:
        return list(codec.read_answer(body, answer_id="a", model="m"))
    reader = codec.stream_reader(answer_id="a", model="m")
    return [*reader.feed(body), *reader.finish()]


def text(answer: Answer) -> str:
    """The words of an answer."""
    return "".join(part.text for part in answer.parts if isinstance(part, Text))


def calls(answer: Answer) -> list[ToolCall]:
    """The calls of an answer."""
    return [part for part in answer.parts if isinstance(part, ToolCall)]


def is_whole(client: Protocol, body: bytes, *, stream: bool = True) -> bool:
    """Whether a client takes what it got for a whole answer."""
    try:
        read(client, body, stream=stream)
    except BrokenOff:
        return False
    return True


def error_of(headers: Mapping[str, str], body: bytes) -> Body:
    """The error object of an answer with an error status."""
    assert headers["content-type"] == "application/json"
    found = json.loads(body)["error"]
    assert isinstance(found, dict)
    return found
