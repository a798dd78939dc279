"""Writes the conversation for a Chat provider; no I/O.

Shapes: `chat_completion_*_message_param.py` of the `openai` SDK 3.51.0, and what other
servers add for reasoning. One neutral turn of the user may hold results and text: each
result becomes a message of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from proxy.model import (
    CallKind,
    Document,
    Image,
    Json,
    JsonObject,
    Message,
    Part,
    Protocol,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from proxy.wire.chat.provider.request_parts import NO_IMAGE, with_extras, write_content
from proxy.wire.dialect import Dialect, ReasoningBack, ResultImages
from proxy.wire.losses import Noted

# What the assistant is made to say where a server wants a word between a tool's result
# and the user's next turn.
_BETWEEN: Final = "Understood."


def write_messages(
    system: Sequence[Part],
    messages: Sequence[Message],
    dialect: Dialect,
    lost: Noted,
) -> list[Json]:
    """Write the system text and all messages, in their order."""
    written: list[dict[str, Json]] = []
    if system:
        content = write_content(system, dialect, lost)
        written.append({"role": "system", "content": content})
    for message in messages:
        for each in _write(message, dialect, lost):
            if _needs_word(written, each, dialect):
                lost.add("assistant_turn_added")
                written.append({"role": "assistant", "content": _BETWEEN})
            written.append(each)
    return list(written)


def _needs_word(
    written: Sequence[JsonObject], following: JsonObject, dialect: Dialect
) -> bool:
    if dialect.user_after_tool or not written or following["role"] != "user":
        return False
    return written[-1]["role"] == "tool"


def _write(message: Message, dialect: Dialect, lost: Noted) -> list[dict[str, Json]]:
    match message.role:
        case Role.ASSISTANT:
            return [_assistant(message, dialect, lost)]
        case Role.USER:
            return _user(message, dialect, lost)
        case role:
            word = role if dialect.developer_role else Role.SYSTEM
            return [_spoken(word, message, message.parts, dialect, lost)]


def _user(message: Message, dialect: Dialect, lost: Noted) -> list[dict[str, Json]]:
    results = [each for each in message.parts if isinstance(each, ToolResult)]
    others = [each for each in message.parts if not isinstance(each, ToolResult)]
    written = [_result(each, dialect, lost) for each in results]
    if others or not results:
        written.append(_spoken(Role.USER, message, others, dialect, lost))
    return written


def _spoken(
    role: Role,
    message: Message,
    parts: Sequence[Part],
    dialect: Dialect,
    lost: Noted,
) -> dict[str, Json]:
    shape: dict[str, Json] = {
        "role": role.value,
        "content": write_content(parts, dialect, lost),
    }
    return _named(shape, message, dialect, lost)


def _named(
    shape: dict[str, Json], message: Message, dialect: Dialect, lost: Noted
) -> dict[str, Json]:
    if message.name is not None and dialect.message_names:
        shape["name"] = message.name
    elif message.name is not None:
        lost.add("message_name")
    return with_extras(shape, message.extras)


def _result(result: ToolResult, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    parts: list[Part] = []
    inside = dialect.result_images is ResultImages.INSIDE
    for each in result.parts:
        if isinstance(each, Image | Document) and not inside:
            lost.add("image_left_out")
            parts.append(Text(NO_IMAGE))
        else:
            parts.append(each)
    if result.cache is not None:
        parts = _marked(parts, result, dialect, lost)
    shape: dict[str, Json] = {
        "role": "tool",
        "tool_call_id": result.call_id,
        "content": write_content(parts, dialect, lost),
    }
    return with_extras(shape, result.extras)


def _marked(
    parts: list[Part], result: ToolResult, dialect: Dialect, lost: Noted
) -> list[Part]:
    """Return the parts with the result's cache mark on the last text."""
    last = parts[-1] if parts else None
    if not dialect.cache_marks or not isinstance(last, Text):
        lost.add("cache_marks")
        return parts
    return [*parts[:-1], replace(last, cache=result.cache)]


def _assistant(message: Message, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    parts = message.parts
    refused = [
        each
        for each in parts
        if isinstance(each, Text) and each.refusal and dialect.refusals
    ]
    said = [
        each
        for each in parts
        if not isinstance(each, Thinking | ToolCall) and each not in refused
    ]
    calls = _calls(parts, lost)
    if _text_behind_call(parts):
        lost.add("part_order")
    shape: dict[str, Json] = {"role": "assistant"}
    if said or not (calls or refused):
        shape["content"] = write_content(said, dialect, lost)
    else:
        shape["content"] = None if dialect.null_content else ""
    shape.update(_thoughts(parts, dialect, lost))
    if refused:
        shape["refusal"] = "".join(each.text for each in refused)
    if calls:
        shape["tool_calls"] = calls
    return _named(shape, message, dialect, lost)


def _text_behind_call(parts: Sequence[Part]) -> bool:
    kinds = [isinstance(each, ToolCall) for each in parts]
    return True in kinds and any(
        isinstance(each, Text) for each in parts[kinds.index(True) :]
    )


def _calls(parts: Sequence[Part], lost: Noted) -> list[Json]:
    calls: list[Json] = []
    for at, part in enumerate(parts):
        if isinstance(part, ToolCall):
            shape = _call(part, lost)
            before = parts[at - 1] if at else None
            if isinstance(before, Thinking) and _is_proof(before):
                signed: Json = {"thought_signature": before.signature}
                shape["extra_content"] = {"google": signed}
            calls.append(with_extras(shape, part.extras))
    return calls


def _is_proof(part: Thinking) -> bool:
    """Whether it is nothing but the proof of the thought behind the next part."""
    return bool(part.signature) and not part.text and not part.summary


def _call(part: ToolCall, lost: Noted) -> dict[str, Json]:
    if part.namespace is not None:
        lost.add("namespace")
    if part.cache is not None:
        lost.add("cache_marks")
    if part.kind is CallKind.CUSTOM:
        custom: Json = {"name": part.name, "input": part.arguments}
        return {"id": part.id, "type": "custom", "custom": custom}
    function: Json = {"name": part.name, "arguments": part.arguments or "{}"}
    return {"id": part.id, "type": "function", "function": function}


def _thoughts(parts: Sequence[Part], dialect: Dialect, lost: Noted) -> dict[str, Json]:
    """Write the reasoning of an earlier answer, and name its proofs without place."""
    thoughts: list[str] = []
    details: list[Json] = []
    for at, part in enumerate(parts):
        if not isinstance(part, Thinking):
            continue
        following = parts[at + 1] if at + 1 < len(parts) else None
        if part.signature and not (_is_proof(part) and isinstance(following, ToolCall)):
            lost.add("thinking_replay")
        found = _details(part)
        if part.sealed is not None and not found:
            lost.add("thinking_replay")
        details.extend(found)
        thoughts.extend(each for each in (*part.summary, part.text) if each)
    return _reasoning("\n\n".join(thoughts), details, dialect, lost)


def _reasoning(
    thought: str, details: list[Json], dialect: Dialect, lost: Noted
) -> dict[str, Json]:
    shape: dict[str, Json] = {}
    if details:
        shape["reasoning_details"] = details
    if not thought:
        return shape
    field = dialect.reasoning_field
    if dialect.reasoning_back is not ReasoningBack.NEVER:
        # OpenRouter takes readable reasoning beside the details by its own name.
        shape["reasoning" if field == "reasoning_details" else field] = thought
    elif not details:
        lost.add("thinking_replay")
    return shape


def _details(part: Thinking) -> list[Json]:
    """Return the `reasoning_details` our own reader sealed; [] for any other seal."""
    if part.origin is None or part.origin.protocol is not Protocol.CHAT:
        return []
    try:
        found: Json = msgspec.json.decode(part.sealed or "")
    except (msgspec.DecodeError, RecursionError):
        return []
    return found if isinstance(found, list) else []
