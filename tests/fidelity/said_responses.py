"""A client of Responses: writes what it asks, reads what it got."""

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
    Other,
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


def request(ask: Ask, model: str, *, stream: bool) -> tuple[str, Json]:
    """Path and body."""
    body: Json = {
        "model": model,
        "stream": stream,
        "store": False,
        "input": [item for turn in ask.turns for item in _items(turn)],
        "include": ["reasoning.encrypted_content"],
    }
    if ask.system:
        body["instructions"], *rest = ask.system
        told = [{"role": "developer", "content": each} for each in rest]
        body["input"] = [*told, *body["input"]]
    tools = _tools(ask)
    if tools:
        body["tools"] = tools
    if ask.choice:
        body["tool_choice"] = _choice(ask.choice)
    if ask.parallel is not None:
        body["parallel_tool_calls"] = ask.parallel
    if ask.limit is not None:
        body["max_output_tokens"] = ask.limit
    if ask.stops:
        raise NotApplicable("no_stops")
    if ask.temperature is not None:
        body["temperature"] = ask.temperature
    if ask.budget is not None:
        raise NotApplicable("no_budgets")
    if ask.effort:
        body["reasoning"] = {"effort": ask.effort, "summary": "auto"}
    if ask.schema is not None:
        form = {"type": "json_schema", "name": "shape", "schema": ask.schema}
        body["text"] = {"format": form}
    return "/v1/responses", body | ask.more


def _items(turn: Turn) -> Iterator[Json]:
    said: list[Json] = []
    for part in turn.parts:
        match part:
            case Words(text):
                kind = "output_text" if turn.role == "assistant" else "input_text"
                more: Json = {"annotations": []} if turn.role == "assistant" else {}
                said.append({"type": kind, "text": text} | more)
                continue
            case Picture() | File():
                said.append(_content(part))
                continue
            case _:
                pass
        yield from _message(turn.role, said)
        said = []
        yield from _item(part)
    yield from _message(turn.role, said)


def _message(role: str, content: list[Json]) -> Iterator[Json]:
    if content:
        word = "developer" if role == "system" else role
        more: Json = (
            {"status": "completed", "id": "msg_1"} if role == "assistant" else {}
        )
        yield {"type": "message", "role": word, "content": content} | more


def _content(part: Words | Picture | File) -> Json:
    match part:
        case Words(text):
            return {"type": "input_text", "text": text}
        case Picture(url=str(url)) if url:
            return {"type": "input_image", "image_url": url, "detail": "auto"}
        case Picture(data):
            url = f"data:image/png;base64,{data}"
            return {"type": "input_image", "image_url": url, "detail": "auto"}
        case File(name, data):
            url = f"data:application/pdf;base64,{data}"
            return {"type": "input_file", "filename": name, "file_data": url}


def _item(part: Part) -> Iterator[Json]:
    match part:
        case Echo(answer):
            for item in answer["output"]:
                # As Codex sends it: a custom call has no field for its status.
                custom = item["type"] == "custom_tool_call"
                yield {k: v for k, v in item.items() if not custom or k != "status"}
        case Thought(text, proof):
            summary = [{"type": "summary_text", "text": text}] if text else []
            found: Json = {"type": "reasoning", "id": "rs_1", "summary": summary}
            yield found | {"encrypted_content": proof or None}
        case Call(free=None):
            text = json.dumps(dict(part.arguments)) if part.raw is None else part.raw
            found = {"type": "function_call", "call_id": part.id, "name": part.name}
            found["arguments"] = text
            yield found | ({"namespace": part.namespace} if part.namespace else {})
        case Call():
            found = {"type": "custom_tool_call", "call_id": part.id}
            yield found | {"name": part.name, "input": part.free}
        case Result():
            if part.error:
                raise NotApplicable("no_error_mark")
            plain = all(isinstance(each, Words) for each in part.parts)
            output = part.text if plain else [_content(each) for each in part.parts]
            kind = "function_call_output"
            yield {"type": kind, "call_id": part.of, "output": output}
        case Raw(shape):
            yield shape
        case _:
            raise TypeError(part)


def _tools(ask: Ask) -> list[Json]:
    found: list[Json] = []
    groups: dict[str, list[Json]] = {}
    for tool in ask.tools:
        if tool.namespace:
            groups.setdefault(tool.namespace, []).append(_tool(tool))
        else:
            found.append(_tool(tool))
    for name, inner in groups.items():
        group: Json = {"type": "namespace", "name": name, "tools": inner}
        found.append(group | {"description": "A group."})
    return [*found, {"type": "web_search"}] if ask.hosted else found


def _tool(tool: Tool) -> Json:
    if tool.grammar is not None:
        form = {"type": "grammar", "syntax": "lark", "definition": tool.grammar}
        found: Json = {"type": "custom", "name": tool.name, "format": form}
        return found | {"description": tool.description}
    found = {"type": "function", "name": tool.name, "description": tool.description}
    return found | {"parameters": tool.schema, "strict": bool(tool.strict)}


def _choice(choice: str) -> str | Json:
    plain = {"auto": "auto", "none": "none", "any": "required"}
    return plain.get(choice) or {"type": "function", "name": choice}


def got(answer: Json) -> Got:
    """What a whole answer says, or the one at the end of a stream."""
    usage = answer.get("usage") or {}
    details = answer.get("incomplete_details") or {}
    parts = tuple(part for item in answer["output"] for part in _parts(item))
    contents = [
        content
        for item in answer["output"]
        if item["type"] == "message"
        for content in item["content"]
    ]
    refusal = "".join(each["refusal"] for each in contents if "refusal" in each)
    stop = "end"
    if answer["status"] == "incomplete":
        filtered = details.get("reason") == "content_filter"
        stop = "refusal" if filtered else "limit"
    elif refusal:
        stop = "refusal"
    elif any(isinstance(each, Call) for each in parts):
        stop = "tools"
    sources = [
        note.get("url") or note.get("filename")
        for each in contents
        for note in each.get("annotations") or ()
    ]
    return Got(
        answer,
        parts,
        stop,
        None,
        usage.get("input_tokens"),
        (usage.get("input_tokens_details") or {}).get("cached_tokens"),
        usage.get("output_tokens"),
        tuple(sources),
        refusal,
    )


def _parts(item: Mapping[str, Any]) -> Iterator[Part]:
    match item["type"]:
        case "message":
            for each in item["content"]:
                yield Words(each["text"] if "text" in each else each["refusal"])
        case "reasoning":
            told = [*item["summary"], *(item.get("content") or ())]
            text = "".join(each["text"] for each in told)
            proof = item.get("encrypted_content") or ""
            yield Thought(text, proof, sealed=not text)
        case "function_call":
            name, space = item["name"], item.get("namespace") or ""
            text = item["arguments"]
            try:
                shown, raw = json.loads(text), None
            except ValueError:
                shown, raw = {}, text
            yield Call(name, shown, item["call_id"], raw, namespace=space)
        case "custom_tool_call":
            free = item["input"]
            yield Call(item["name"], {}, item["call_id"], free=free)
        case kind:
            yield Other(kind)
