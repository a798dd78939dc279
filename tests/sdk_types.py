"""Validates produced JSON against the vendors' own types, unknown fields forbidden."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from openai._types import omit
from openai.lib.streaming.chat._completions import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter
from stream_order import events_of

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
}
_ANSWERS: dict[Protocol, Any] = {
    Protocol.MESSAGES: Message,
    Protocol.RESPONSES: Response,
    Protocol.CHAT: ChatCompletion,
}


@cache
def _adapter(protocol: Protocol, *, chunk: bool) -> TypeAdapter[Any]:
    return TypeAdapter((_CHUNKS if chunk else _ANSWERS)[protocol])


def check_answer(protocol: Protocol, body: bytes) -> Any:
    """Validates a whole answer; returns the vendor's object."""
    return _strict(_adapter(protocol, chunk=False), json.loads(body))


def check_stream(protocol: Protocol, stream: bytes) -> list[Any]:
    """Validates every event but pings and errors; returns the vendor's objects."""
    adapter = _adapter(protocol, chunk=True)
    return [
        _strict(adapter, _known_form(data))
        for name, data in events_of(stream)
        if data != "[DONE]" and name not in {"ping", "error"} and "error" not in data
    ]


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
