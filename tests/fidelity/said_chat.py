"""A client of Chat Completions: writes what it asks, reads what it got."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fidelity.terms import (
    Ask,
    Call,
    Echo,
    File,
    Got,
    Json,
    NotApplicable,
    Part,
    Picture,
    Raw,
    Result,
    Thought,
    Tool,
    Turn,
    Words,
)

HEADERS: dict[str, str] = {}
KEY = "authorization"
_STOPS = {
    "stop": "end",
    "tool_calls": "tools",
    "length": "limit",
    "content_filter": "refusal",
}


def request(ask: Ask, model: str, *, stream: bool) -> tuple[str, Json]:
    """Path and body."""
    head = [{"role": "system", "content": each} for each in ask.system]
    turns = [message for turn in ask.turns for message in _messages(turn)]
    body: Json = {"model": model, "stream": stream, "messages": [*head, *turns]}
    if stream:
        body["stream_options"] = {"include_usage": True}
    if ask.tools:
        body["tools"] = [_tool(each) for each in ask.tools]
    if ask.hosted:
        body["web_search_options"] = {}
    if ask.choice:
        body["tool_choice"] = _choice(ask.choice)
    if ask.parallel is not None:
        body["parallel_tool_calls"] = ask.parallel
    if ask.limit is not None:
        body["max_completion_tokens"] = ask.limit
    if ask.stops:
        body["stop"] = list(ask.stops)
    if ask.temperature is not None:
        body["temperature"] = ask.temperature
    if ask.budget is not None:
        raise NotApplicable("no_budgets")
    if ask.effort:
        body["reasoning_effort"] = ask.effort
    if ask.schema is not None:
        form = {"name": "shape", "schema": ask.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return "/v1/chat/completions", body | ask.more


def _messages(turn: Turn) -> Iterator[Json]:
    if turn.role == "assistant":
        yield _assistant(turn)
        return
    said: list[Json] = []
    for part in turn.parts:
        match part:
            case Result():
                yield _result(part)
            case Raw(shape):
                said.append(shape)
            case Words() | Picture() | File():
                said.append(_content(part))
            case _:
                raise TypeError(part)
    if len(said) == 1 and said[0]["type"] == "text":
        yield {"role": turn.role, "content": said[0]["text"]}
    elif said:
        yield {"role": turn.role, "content": said}


def _content(part: Words | Picture | File) -> Json:
    match part:
        case Words(text):
            return {"type": "text", "text": text}
        case Picture(data, url):
            shown = url or f"data:image/png;base64,{data}"
            return {"type": "image_url", "image_url": {"url": shown}}
        case File(name, data):
            url = f"data:application/pdf;base64,{data}"
            return {"type": "file", "file": {"filename": name, "file_data": url}}


def _result(part: Result) -> Json:
    if part.error:
        raise NotApplicable("no_error_mark")
    if not all(isinstance(each, Words) for each in part.parts):
        raise NotApplicable("text_results")
    return {"role": "tool", "tool_call_id": part.of, "content": part.text}


def _assistant(turn: Turn) -> Json:
    if len(turn.parts) == 1 and isinstance(turn.parts[0], Echo):
        kept = turn.parts[0].answer["choices"][0]["message"]
        # The vendor's own package knows no field for reasoning and drops it.
        known = {"role", "content", "refusal", "tool_calls"}
        return {k: v for k, v in kept.items() if k in known and v is not None}
    message: Json = {"role": "assistant", "content": turn.text or None}
    calls: list[Json] = []
    for part in turn.parts:
        match part:
            case Call(free=None):
                text = part.raw
                text = json.dumps(dict(part.arguments)) if text is None else text
                inner = {"name": part.name, "arguments": text}
                calls.append({"id": part.id, "type": "function", "function": inner})
            case Call():
                inner = {"name": part.name, "input": str(part.free)}
                calls.append({"id": part.id, "type": "custom", "custom": inner})
            case Thought(text):
                message["reasoning_content"] = text
            case Raw(shape):
                message |= shape
            case _:
                pass
    return message | ({"tool_calls": calls} if calls else {})


def _tool(tool: Tool) -> Json:
    if tool.namespace:
        raise NotApplicable("no_namespaces")
    inner: Json = {"name": tool.name, "description": tool.description}
    if tool.grammar is not None:
        grammar = {"syntax": "lark", "definition": tool.grammar}
        inner["format"] = {"type": "grammar", "grammar": grammar}
        return {"type": "custom", "custom": inner}
    if tool.schema is not None:
        inner["parameters"] = tool.schema
    if tool.strict is not None:
        inner["strict"] = tool.strict
    return {"type": "function", "function": inner}


def _choice(choice: str) -> str | Json:
    plain = {"auto": "auto", "none": "none", "any": "required"}
    return plain.get(choice) or {"type": "function", "function": {"name": choice}}


def joined(chunks: list[Json]) -> Json:
    """The answer as a client keeps it, put together from the chunks of a stream."""
    message: Json = {"role": "assistant", "content": None}
    choice: Json = {"index": 0, "message": message}
    answer: Json = {"choices": [choice]}
    calls: list[Json] = []
    for chunk in chunks:
        answer |= {k: v for k, v in chunk.items() if k != "choices" and v is not None}
        for each in chunk["choices"]:
            choice |= {"finish_reason": each["finish_reason"]}
            for name, value in each["delta"].items():
                if name == "tool_calls":
                    _add(calls, value)
                elif value and name != "role":
                    message[name] = (message.get(name) or "") + value
    return answer | ({"choices": [_with(choice, calls)]} if calls else {})


def _with(choice: Json, calls: list[Json]) -> Json:
    return choice | {"message": choice["message"] | {"tool_calls": calls}}


def _add(calls: list[Json], pieces: list[Json]) -> None:
    for piece in pieces:
        at = piece["index"]
        if at == len(calls):
            calls.append({"id": piece["id"], "type": piece["type"]})
        kind = calls[at]["type"]
        inner = calls[at].setdefault(kind, {})
        for name, text in piece.get(kind, {}).items():
            inner[name] = inner.get(name, "") + text


def got(answer: Json) -> Got:
    """What a whole answer says, or one put together from a stream."""
    choice = answer["choices"][0]
    message, usage = choice["message"], answer.get("usage") or {}
    parts: list[Part] = []
    if message.get("reasoning_content"):
        parts.append(Thought(message["reasoning_content"]))
    refusal = message.get("refusal") or ""
    if message.get("content") or refusal:
        parts.append(Words((message.get("content") or "") + refusal))
    parts += [_call(each) for each in message.get("tool_calls") or ()]
    stop = _STOPS[choice["finish_reason"]]
    notes = message.get("annotations") or ()
    return Got(
        answer,
        tuple(parts),
        "refusal" if refusal else stop,
        None,
        usage.get("prompt_tokens"),
        (usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
        usage.get("completion_tokens"),
        tuple(note["url_citation"]["url"] for note in notes),
        refusal,
    )


def _call(call: Mapping[str, Any]) -> Call:
    custom = call.get("custom")
    if custom is not None:
        return Call(custom["name"], {}, call["id"], free=custom.get("input", ""))
    name, text = call["function"]["name"], call["function"]["arguments"]
    try:
        return Call(name, json.loads(text), call["id"])
    except ValueError:
        return Call(name, {}, call["id"], raw=text)
