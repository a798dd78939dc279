"""A client of Gemini's API: writes what it asks, reads what it got."""

from __future__ import annotations

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
    Tool,
    Turn,
    Words,
)
from upstream.turns import SIGNATURE

HEADERS: dict[str, str] = {}
KEY = "x-goog-api-key"
_BLOCKED = {"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION"}


def request(ask: Ask, model: str, *, stream: bool) -> tuple[str, Json]:
    """Path and body."""
    body: Json = {"contents": [_content(turn) for turn in ask.turns]}
    if ask.system:
        body["systemInstruction"] = {"parts": [{"text": each} for each in ask.system]}
    tools: list[Json] = []
    if ask.tools:
        tools.append({"functionDeclarations": [_tool(each) for each in ask.tools]})
    if ask.hosted:
        tools.append({"googleSearch": {}})
    if tools:
        body["tools"] = tools
    if ask.parallel is not None:
        raise NotApplicable("no_parallel_switch")
    if ask.choice:
        body["toolConfig"] = {"functionCallingConfig": _choice(ask.choice)}
    config = _config(ask)
    if config:
        body["generationConfig"] = config
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/v1beta/models/{model}:{verb}", body | ask.more


def _config(ask: Ask) -> Json:
    config: Json = {}
    if ask.limit is not None:
        config["maxOutputTokens"] = ask.limit
    if ask.stops:
        config["stopSequences"] = list(ask.stops)
    if ask.temperature is not None:
        config["temperature"] = ask.temperature
    thinking: Json = {}
    if ask.budget is not None:
        thinking["thinkingBudget"] = ask.budget
    if ask.effort:
        thinking["thinkingLevel"] = ask.effort.upper()
    if thinking:
        config["thinkingConfig"] = thinking | {"includeThoughts": True}
    if ask.schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = ask.schema
    return config


def _content(turn: Turn) -> Json:
    if turn.role == "system":
        raise NotApplicable("no_later_system")
    if len(turn.parts) == 1 and isinstance(turn.parts[0], Echo):
        kept = turn.parts[0].answer["candidates"][0]["content"]
        return {"role": "model", "parts": kept["parts"]}
    role = "model" if turn.role == "assistant" else "user"
    return {"role": role, "parts": [_shape(part) for part in turn.parts]}


def _shape(part: Part) -> Json:
    match part:
        case Words(text):
            return {"text": text}
        case Picture(url=str(url)) if url:
            return {"fileData": {"fileUri": url, "mimeType": "image/png"}}
        case Picture(data):
            return {"inlineData": {"mimeType": "image/png", "data": data}}
        case File(name, data):
            inner = {"mimeType": "application/pdf", "data": data}
            return {"inlineData": inner | {"displayName": name}}
        case Call(raw=None, free=None):
            call = {"name": part.name, "args": dict(part.arguments), "id": part.id}
            # As the vendor's own models sign their calls.
            return {"functionCall": call, "thoughtSignature": SIGNATURE}
        case Call():
            raise NotApplicable("objects_only")
        case Result():
            return _result(part)
        case Raw(shape):
            return shape
        case _:
            raise TypeError(part)


def _result(part: Result) -> Json:
    word = "error" if part.error else "output"
    inner: Json = {"name": part.name, "id": part.of, "response": {word: part.text}}
    more = [_shape(each) for each in part.parts if not isinstance(each, Words)]
    return {"functionResponse": inner | ({"parts": more} if more else {})}


def _tool(tool: Tool) -> Json:
    if tool.grammar is not None:
        raise NotApplicable("no_free_tools")
    if tool.strict is not None:
        raise NotApplicable("no_strict")
    if tool.namespace:
        raise NotApplicable("no_namespaces")
    found: Json = {"name": tool.name, "description": tool.description}
    return found | (
        {} if tool.schema is None else {"parametersJsonSchema": tool.schema}
    )


def _choice(choice: str) -> Json:
    plain = {"auto": "AUTO", "none": "NONE", "any": "ANY"}
    if choice in plain:
        return {"mode": plain[choice]}
    return {"mode": "ANY", "allowedFunctionNames": [choice]}


def joined(chunks: list[Json]) -> Json:
    """The answer as a client keeps it: all parts in the order they came."""
    answer: Json = {}
    parts: list[Json] = []
    last: Json = {}
    for chunk in chunks:
        for candidate in chunk.get("candidates", ()):
            parts += candidate.get("content", {}).get("parts", ())
            last |= {k: v for k, v in candidate.items() if k != "content"}
        answer |= {k: v for k, v in chunk.items() if k != "candidates"}
    kept = [part for part in parts if part != {"text": ""}]
    last["content"] = {"role": "model", "parts": kept}
    return answer | {"candidates": [last]}


def got(answer: Json) -> Got:
    """What a whole answer says, or one put together from a stream."""
    usage = answer.get("usageMetadata") or {}
    candidate = (answer.get("candidates") or [{}])[0]
    shapes = (candidate.get("content") or {}).get("parts") or ()
    parts = tuple(part for shape in shapes for part in _parts(shape))
    grounding = candidate.get("groundingMetadata") or {}
    chunks = grounding.get("groundingChunks") or ()
    cited = (candidate.get("citationMetadata") or {}).get("citations") or ()
    sources = [chunk["web"]["uri"] for chunk in chunks if "web" in chunk]
    output = usage.get("candidatesTokenCount")
    if output is not None:
        output += usage.get("thoughtsTokenCount") or 0
    blocked = "promptFeedback" in answer
    return Got(
        answer,
        parts,
        "refusal" if blocked else _stop(candidate.get("finishReason"), parts),
        None,
        usage.get("promptTokenCount"),
        usage.get("cachedContentTokenCount"),
        output,
        (*sources, *(each.get("uri", "") for each in cited)),
        str(candidate.get("finishMessage") or ""),
    )


def _stop(reason: str | None, parts: tuple[Part, ...]) -> str:
    if reason in _BLOCKED:
        return "refusal"
    if reason == "MAX_TOKENS":
        return "limit"
    calls = any(isinstance(part, Call) for part in parts)
    return {"STOP": "tools" if calls else "end"}.get(str(reason), str(reason))


def _parts(shape: Mapping[str, Any]) -> list[Part]:
    proof = shape.get("thoughtSignature") or ""
    if shape.get("thought"):
        return [Thought(shape.get("text", ""), proof)]
    found: list[Part] = [Thought("", proof)] if proof else []
    if "functionCall" in shape:
        call = shape["functionCall"]
        name = call.get("id") or ""
        return [*found, Call(call["name"], call.get("args") or {}, name)]
    if "text" in shape:
        return [*found, Words(shape["text"])] if shape["text"] else found
    return [*found, Other(next(iter(shape)))]
