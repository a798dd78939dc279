"""Validates produced JSON against the vendors' own types, unknown fields forbidden."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.beta import message_create_params as messages_params
from google.genai import types as gemini
from google.genai._common import BaseModel as GeminiModel
from ollama._types import ChatRequest as OllamaRequest
from ollama._types import ChatResponse as OllamaAnswer
from ollama._types import Message as OllamaMessage
from openai._types import omit
from openai.lib.streaming.chat._completions import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses import response_create_params as responses_params
from pydantic import BaseModel, TypeAdapter, ValidationError
from stream_order import events_of
from typed_dicts import problems

from proxy.model import Protocol

# Beside the vendors' types, and why.
_KNOWN_EXTRAS = {
    "reasoning_content",  # what servers that show reasoning in Chat call it
    "custom",  # a custom tool's call: in the type of the answer, not of the chunk
}
_CHUNKS: dict[Protocol, Any] = {
    Protocol.MESSAGES: RawMessageStreamEvent,
    Protocol.RESPONSES: ResponseStreamEvent,
    Protocol.CHAT: ChatCompletionChunk,
    Protocol.GEMINI: gemini.GenerateContentResponse,
    Protocol.OLLAMA: OllamaAnswer,
}
_ANSWERS: dict[Protocol, Any] = {
    Protocol.MESSAGES: Message,
    Protocol.RESPONSES: Response,
    Protocol.CHAT: ChatCompletion,
    Protocol.GEMINI: gemini.GenerateContentResponse,
    Protocol.OLLAMA: OllamaAnswer,
}
# A stream's own type first; its twin for whole answers differs in `stream` alone.
_REQUESTS: dict[Protocol, tuple[Any, Any]] = {
    Protocol.MESSAGES: (
        messages_params.MessageCreateParamsStreaming,
        messages_params.MessageCreateParamsNonStreaming,
    ),
    Protocol.RESPONSES: (
        responses_params.ResponseCreateParamsStreaming,
        responses_params.ResponseCreateParamsNonStreaming,
    ),
    Protocol.CHAT: (
        chat_params.CompletionCreateParamsStreaming,
        chat_params.CompletionCreateParamsNonStreaming,
    ),
}
# Fields of requests beside the vendors' types, and why.
_REQUEST_EXTRAS: dict[Protocol, frozenset[str]] = {
    # Gone from the types, still taken for the models before.
    Protocol.MESSAGES: frozenset({"temperature", "top_p", "top_k"}),
    # Codex gives its messages ids; only their longer forms have them in the types.
    Protocol.RESPONSES: frozenset({"id"}),
    # The server's own type has these, the package's has not.
    Protocol.OLLAMA: frozenset({"id", "index", "tool_call_id"}),
}


class _GeminiRequest(GeminiModel):
    """The body of `:generateContent`; the package has types for all but the whole."""

    contents: list[gemini.Content]
    system_instruction: gemini.Content | None = None
    tools: list[gemini.Tool] | None = None
    tool_config: gemini.ToolConfig | None = None
    generation_config: gemini.GenerationConfig | None = None
    safety_settings: list[gemini.SafetySetting] | None = None
    cached_content: str | None = None
    labels: dict[str, str] | None = None
    store: bool | None = None
    service_tier: str | None = None


def request_problems(
    protocol: Protocol, body: bytes, also: frozenset[str] = frozenset()
) -> list[str]:
    """What the vendor's types find wrong in a request; [] where nothing is.

    `also` names fields that this provider takes beside them.
    """
    try:
        data = json.loads(body)
    except ValueError:
        return ["the body is not JSON"]
    allowed = also | _REQUEST_EXTRAS.get(protocol, frozenset())
    match protocol:
        case Protocol.GEMINI:
            return _gemini_problems(body)
        case Protocol.OLLAMA:
            return _ollama_problems(data, allowed)
        case _:
            streaming, whole = _REQUESTS[protocol]
            wants = isinstance(data, dict) and data.get("stream") is True
            return problems(data, streaming if wants else whole, allowed)


def check_request(
    protocol: Protocol, body: bytes, also: frozenset[str] = frozenset()
) -> None:
    """Validates a produced request against the vendor's types."""
    assert request_problems(protocol, body, also) == []


def _gemini_problems(body: bytes) -> list[str]:
    with warnings.catch_warnings():
        # Its types only warn of words they do not know.
        warnings.simplefilter("error")
        try:
            _GeminiRequest.model_validate_json(body, strict=True)
        except (ValidationError, UserWarning) as problem:
            return [str(problem)]
    return []


def _ollama_problems(data: Any, allowed: frozenset[str]) -> list[str]:
    if not isinstance(data, dict):
        return ["the body is not an object"]
    # The types of a tool's schema know little of what the server reads.
    checked = {name: value for name, value in data.items() if name != "tools"}
    found = _model_problems(OllamaRequest, checked, allowed)
    for message in data.get("messages") or ():
        found += _model_problems(OllamaMessage, _with_images(message), allowed)
    for tool in data.get("tools") or ():
        known = isinstance(tool, dict) and set(tool) <= {"type", "function"}
        inner = tool.get("function") if known else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            found.append("a tool has no function with a name")
        elif set(inner) - {"name", "description", "parameters"} - allowed:
            found.append("a function has fields the server does not know")
        elif not isinstance(inner.get("parameters", {}), dict):
            found.append("a function's parameters are no object")
    return found


def _with_images(message: Any) -> Any:
    """The message as the package holds it: it writes its images as mere text."""
    images = message.get("images") if isinstance(message, dict) else None
    if not isinstance(images, list):
        return message
    return message | {"images": [{"value": each} for each in images]}


def _model_problems(
    model: type[BaseModel], data: Any, allowed: frozenset[str]
) -> list[str]:
    try:
        model.model_validate_json(json.dumps(data), strict=True, extra="forbid")
    except ValidationError as problem:
        return [
            f"{each['loc']}: {each['msg']}"
            for each in problem.errors()
            if each["type"] != "extra_forbidden" or each["loc"][-1] not in allowed
        ]
    return []


@cache
def _adapter(protocol: Protocol, *, chunk: bool) -> TypeAdapter[Any]:
    return TypeAdapter((_CHUNKS if chunk else _ANSWERS)[protocol])


def check_answer(protocol: Protocol, body: bytes) -> Any:
    """Validates a whole answer; returns the vendor's object."""
    if protocol in {Protocol.GEMINI, Protocol.OLLAMA}:
        return _from_json(protocol, body)
    return _strict(_adapter(protocol, chunk=False), json.loads(body))


def check_stream(protocol: Protocol, stream: bytes) -> list[Any]:
    """Validates every event but pings and errors; returns the vendor's objects."""
    if protocol in {Protocol.GEMINI, Protocol.OLLAMA}:
        return _json_stream(protocol, stream)
    adapter = _adapter(protocol, chunk=True)
    return [
        _strict(adapter, _known_form(data))
        for name, data in events_of(stream)
        if data != "[DONE]" and name not in {"ping", "error"} and "error" not in data
    ]


def _json_stream(protocol: Protocol, stream: bytes) -> list[Any]:
    if protocol is Protocol.OLLAMA:
        datas = [json.loads(line) for line in stream.splitlines()]
    else:
        datas = [data for _, data in events_of(stream)]
    return [
        _from_json(protocol, json.dumps(data)) for data in datas if "error" not in data
    ]


def _from_json(protocol: Protocol, body: bytes | str) -> Any:
    """Validates against types that read JSON alone (base64, times)."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adapter = _adapter(protocol, chunk=False)
        return adapter.validate_json(body, strict=True, extra="forbid")


def _known_form(data: Any) -> Any:
    """Takes the word `custom` out of calls in chunks: the chunk's type has only one."""
    for choice in data.get("choices", []):
        for call in choice["delta"].get("tool_calls", []):
            if call.get("type") == "custom":
                del call["type"]
    return data


def _strict(adapter: TypeAdapter[Any], data: Any) -> Any:
    found = adapter.validate_python(data, strict=True)
    unknown = [name for name in _extras(found) if name not in _KNOWN_EXTRAS]
    assert not unknown, f"the vendor's types do not know {unknown}"
    return found


def _extras(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from value.model_extra or {}
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name))
    elif isinstance(value, list):
        for each in value:
            yield from _extras(each)


def accumulated(protocol: Protocol, stream: bytes) -> dict[str, Any]:
    """The answer that the vendor's own client builds of a stream."""
    events = check_stream(protocol, stream)
    match protocol:
        case Protocol.GEMINI:
            return _accumulated_gemini(events)
        case Protocol.MESSAGES:
            snapshot: Any = None
            buffers: dict[int, bytes] = {}
            for event in events:
                snapshot = accumulate_event(
                    event=event, current_snapshot=snapshot, json_bufs=buffers
                )
        case Protocol.CHAT:
            state = ChatCompletionStreamState(input_tools=omit)
            for event in events:
                state.handle_chunk(event)
            snapshot = state.current_completion_snapshot
        case _:
            snapshot = events[-1].response
    found: dict[str, Any] = snapshot.model_dump(mode="json", exclude_none=True)
    for choice in found.get("choices", []):
        for call in choice["message"].get("tool_calls", []):
            # What the client keeps of the pieces' places.
            call.pop("index")
    return found


def _accumulated_gemini(events: list[Any]) -> dict[str, Any]:
    """The pieces one after the other, neighbours of one kind as one text.

    The vendor's client leaves this to its caller.
    """
    datas = [each.model_dump(mode="json", exclude_none=True) for each in events]
    whole: dict[str, Any] = {}
    told: list[dict[str, Any]] = []
    last: dict[str, Any] = {}
    for data in datas:
        for candidate in data.pop("candidates", []):
            content = candidate.pop("content", {})
            last |= candidate
            told += content.get("parts", [])
        whole |= data
    parts = joined(told)
    if len(parts) > 1 and parts[-1] == {"text": ""}:
        # The last event has a part because it must have one.
        del parts[-1]
    last["content"] = {"role": "model", "parts": parts}
    return whole | {"candidates": [last]}


def joined(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gemini's parts with neighbouring pieces of one text as one part."""
    parts: list[dict[str, Any]] = []
    for part in told:
        plain = set(part) <= {"text", "thought"}
        # A signature stands on the first piece of its text alone.
        if parts and plain and set(parts[-1]) - {"thought_signature"} == set(part):
            parts[-1]["text"] += part["text"]
        else:
            parts.append(dict(part))
    return parts
