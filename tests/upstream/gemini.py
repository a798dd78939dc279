"""Gemini's generateContent as the provider sends it: a turn to chunks or JSON.

Pure; fields follow the vendor's API, types its Python SDK. Calls come whole, and the
first of a step carries the signature that has to come back with it.
"""

import json
from collections.abc import Iterator

from upstream.turns import SIGNATURE, Answer, Part, Text, Thinking, Tokens, ToolCall

Json = dict[str, object]


def event(payload: Json) -> bytes:
    """One server-sent event; the vendor ends its lines with CR LF."""
    data = json.dumps(payload, ensure_ascii=False)
    return f"data: {data}\r\n\r\n".encode()


def stream(answer: Answer, model: str, serial: int) -> Iterator[bytes]:
    """The events of a streamed answer: each an answer of its own."""
    for chunk in chunks(answer, model, serial):
        yield event(chunk)


def chunks(answer: Answer, model: str, serial: int) -> list[Json]:
    """What is streamed, as objects."""
    told = list(_streamed(answer, serial)) or [{"text": ""}]
    early: Json = {
        "promptTokenCount": answer.tokens.prompt,
        "totalTokenCount": answer.tokens.prompt,
    }
    found: list[Json] = []
    for at, part in enumerate(told):
        last = at == len(told) - 1
        candidate = _candidate([part], _finish(answer) if last else None)
        usage = _usage(answer.tokens) if last else early
        found.append(_response(candidate, usage, model, serial))
    return found


def whole(answer: Answer, model: str, serial: int) -> Json:
    """The answer as one JSON object."""
    parts = [
        shape
        for index, part in enumerate(answer.parts)
        for shape in _shapes(part, answer, index, serial)
    ]
    candidate = _candidate(parts, _finish(answer))
    return _response(candidate, _usage(answer.tokens), model, serial)


def counted(tokens: Tokens) -> Json:
    """The answer of `:countTokens`."""
    return {"totalTokens": tokens.prompt}


def error(status: int, message: str) -> Json:
    """The protocol's error envelope for a status."""
    word = _STATUSES.get(status, "INTERNAL")
    return {"error": {"code": status, "message": message, "status": word}}


_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _response(candidate: Json, usage: Json, model: str, serial: int) -> Json:
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": model,
        "responseId": f"scripted-{serial:04d}",
    }


def _candidate(parts: list[Json], finish: str | None) -> Json:
    candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return candidate if finish is None else candidate | {"finishReason": finish}


def _finish(answer: Answer) -> str:
    # There is no word for a stop that waits for a tool.
    return "MAX_TOKENS" if answer.cut_short else "STOP"


def _usage(tokens: Tokens) -> Json:
    usage: Json = {
        "promptTokenCount": tokens.prompt,
        "candidatesTokenCount": tokens.output - tokens.reasoning,
        "totalTokenCount": tokens.prompt + tokens.output,
    }
    if tokens.cache_read:
        usage["cachedContentTokenCount"] = tokens.cache_read
    if tokens.reasoning:
        usage["thoughtsTokenCount"] = tokens.reasoning
    return usage


def _streamed(answer: Answer, serial: int) -> Iterator[Json]:
    for index, part in enumerate(answer.parts):
        if isinstance(part, Text):
            for piece in part.pieces():
                yield {"text": piece}
        else:
            yield from _shapes(part, answer, index, serial)
    if any(isinstance(part, Thinking) for part in answer.parts) and not answer.calls():
        yield {"text": "", "thoughtSignature": _signature(answer)}


def _shapes(part: Part, answer: Answer, index: int, serial: int) -> Iterator[Json]:
    match part:
        case Text(text):
            yield {"text": text}
        case Thinking(text):
            yield {"text": text, "thought": True}
        case ToolCall():
            call: Json = {"name": part.name, "args": dict(part.arguments)}
            if answer.ways.call_ids:
                call["id"] = f"scripted{serial:04d}{index}"
            shape: Json = {"functionCall": call}
            first = next(each for each in answer.parts if isinstance(each, ToolCall))
            if part is first:
                shape["thoughtSignature"] = _signature(answer)
            yield shape


def _signature(answer: Answer) -> str:
    thoughts = [part for part in answer.parts if isinstance(part, Thinking)]
    return thoughts[0].signature if thoughts else SIGNATURE
