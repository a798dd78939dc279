"""A client of Messages: writes what it asks, reads what it got."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    Turn,
    Words,
)

HEADERS = {"anthropic-version": "2023-06-01"}
KEY = "x-api-key"
_STOPS = {
    "end_turn": "end",
    "tool_use": "tools",
    "max_tokens": "limit",
    "stop_sequence": "stop",
    "refusal": "refusal",
    "pause_turn": "pause",
}


def request(ask: Ask, model: str, *, stream: bool) -> tuple[str, Json]:
    """Path and body."""
    body: Json = {
        "model": model,
        "max_tokens": ask.limit or 4096,
        "stream": stream,
        "messages": [_message(turn) for turn in ask.turns],
    }
    if ask.system:
        body["system"] = [{"type": "text", "text": each} for each in ask.system]
    tools = [_tool(each) for each in ask.tools]
    if ask.hosted:
        tools.append({"type": "web_search_20250305", "name": "web_search"})
    if tools:
        body["tools"] = tools
    choice = _choice(ask)
    if choice:
        body["tool_choice"] = choice
    if ask.stops:
        body["stop_sequences"] = list(ask.stops)
    if ask.temperature is not None:
        body["temperature"] = ask.temperature
    if ask.budget is not None:
        body["thinking"] = {"type": "enabled", "budget_tokens": ask.budget}
    config: Json = {"effort": ask.effort} if ask.effort else {}
    if ask.schema is not None:
        config["format"] = {"type": "json_schema", "schema": ask.schema}
    if config:
        body["output_config"] = config
    return "/v1/messages?beta=true", body | ask.more


def _message(turn: Turn) -> Json:
    if turn.role == "system":
        return {"role": "system", "content": turn.text}
    if len(turn.parts) == 1 and isinstance(turn.parts[0], Echo):
        return {"role": "assistant", "content": turn.parts[0].answer["content"]}
    return {"role": turn.role, "content": [_block(part) for part in turn.parts]}


def _block(part: Part) -> Json:
    match part:
        case Words(text):
            return {"type": "text", "text": text}
        case Picture(url=str(url)) if url:
            return {"type": "image", "source": {"type": "url", "url": url}}
        case Picture(data):
            source = {"type": "base64", "media_type": "image/png", "data": data}
            return {"type": "image", "source": source}
        case File(name, data):
            source = {"type": "base64", "media_type": "application/pdf", "data": data}
            return {"type": "document", "source": source, "title": name}
        case Thought(text, proof, sealed=False):
            return {"type": "thinking", "thinking": text, "signature": proof}
        case Thought(proof=proof):
            return {"type": "redacted_thinking", "data": proof}
        case Call(raw=None, free=None):
            shown = dict(part.arguments)
            return {
                "type": "tool_use",
                "id": part.id,
                "name": part.name,
                "input": shown,
            }
        case Call():
            raise NotApplicable("objects_only")
        case Result():
            # As Claude Code sends nothing: a list without blocks.
            content = [_block(each) for each in part.parts if each != Words("")]
            found: Json = {"type": "tool_result", "tool_use_id": part.of}
            found["content"] = content
            return found | ({"is_error": True} if part.error else {})
        case Raw(shape):
            return shape
        case _:
            raise TypeError(part)


def _tool(tool: Any) -> Json:
    if tool.grammar is not None:
        raise NotApplicable("no_free_tools")
    if tool.namespace:
        raise NotApplicable("no_namespaces")
    found: Json = {"name": tool.name, "description": tool.description}
    found["input_schema"] = {"type": "object"} if tool.schema is None else tool.schema
    return found | ({} if tool.strict is None else {"strict": tool.strict})


def _choice(ask: Ask) -> Json:
    kinds = {"auto": "auto", "any": "any", "none": "none"}
    if not ask.choice and ask.parallel is None:
        return {}
    if ask.choice in kinds or not ask.choice:
        choice: Json = {"type": kinds.get(ask.choice, "auto")}
    else:
        choice = {"type": "tool", "name": ask.choice}
    if ask.parallel is False:
        choice["disable_parallel_tool_use"] = True
    return choice


def got(answer: Json) -> Got:
    """What a whole answer says, or one put together from a stream."""
    usage = answer["usage"]
    known = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    sources = [
        cited.get("url") or cited.get("document_title")
        for block in answer["content"]
        for cited in block.get("citations") or ()
    ]
    details = answer.get("stop_details") or {}
    return Got(
        answer,
        tuple(_part(block) for block in answer["content"]),
        _STOPS[answer["stop_reason"]],
        answer.get("stop_sequence"),
        sum(usage.get(name) or 0 for name in known),
        usage.get("cache_read_input_tokens"),
        usage["output_tokens"],
        tuple(sources),
        str(details.get("explanation") or ""),
    )


def _part(block: Mapping[str, Any]) -> Part:
    match block["type"]:
        case "text":
            return Words(block["text"])
        case "thinking":
            return Thought(block["thinking"], block["signature"])
        case "redacted_thinking":
            return Thought("", block["data"], sealed=True)
        case "tool_use":
            shown = block["input"]
            shown = json.loads(shown or "{}") if isinstance(shown, str) else shown
            return Call(block["name"], shown, block["id"])
        case kind:
            return Other(kind)
