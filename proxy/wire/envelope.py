"""Writes errors in each protocol's own words; decides nothing about them.

Shapes after the vendors' Python packages (`anthropic` 2, `openai` 3, `google-genai` 3,
`ollama` 0.6): Messages `{type: error, error: {type, message}, request_id}`, OpenAI
`{error: {message, type, param, code}}`, Gemini `{error: {code, message, status}}`,
Ollama `{error: message}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from proxy.errors import FailureKind
from proxy.model import Json, Protocol
from proxy.wire.sse import write_event

_OPENAI: Final = frozenset({Protocol.RESPONSES, Protocol.CHAT, None})

_STATUS: Final[Mapping[FailureKind, int]] = MappingProxyType(
    {
        FailureKind.BAD_REQUEST: 400,
        FailureKind.UNAUTHORIZED: 401,
        FailureKind.FORBIDDEN: 403,
        FailureKind.NOT_FOUND: 404,
        FailureKind.METHOD_NOT_ALLOWED: 405,
        FailureKind.BODY_TIMEOUT: 408,
        FailureKind.TOO_LARGE: 413,
        FailureKind.UNSUPPORTED_MEDIA: 415,
        FailureKind.UPGRADE_REFUSED: 426,
        FailureKind.OFFLINE: 403,
        FailureKind.NO_ROUTE: 400,
        FailureKind.CONNECT: 502,
        FailureKind.TLS: 502,
        FailureKind.DNS: 502,
        FailureKind.RESET: 502,
        FailureKind.FIRST_BYTE_TIMEOUT: 504,
        FailureKind.RATE_LIMITED: 429,
        FailureKind.UPSTREAM_ERROR: 502,
        FailureKind.AUTH: 401,
        FailureKind.REJECTED: 400,
        FailureKind.CUT: 502,
        FailureKind.MALFORMED: 502,
        FailureKind.STALLED: 504,
        FailureKind.CLIENT_GONE: 499,
        FailureKind.STOPPING: 503,
        FailureKind.INTERNAL: 500,
    }
)

_ANTHROPIC_TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: "authentication_error",
        402: "billing_error",
        403: "permission_error",
        404: "not_found_error",
        408: "timeout_error",
        409: "conflict_error",
        413: "request_too_large",
        429: "rate_limit_error",
        501: "not_supported",
        503: "overloaded_error",
        504: "timeout_error",
        529: "overloaded_error",
    }
)
_OPENAI_TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: "authentication_error",
        402: "billing_error",
        403: "permission_error",
        404: "not_found_error",
        408: "timeout_error",
        429: "rate_limit_error",
        504: "timeout_error",
    }
)
_GEMINI_TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        408: "DEADLINE_EXCEEDED",
        409: "ABORTED",
        429: "RESOURCE_EXHAUSTED",
        499: "CANCELLED",
        501: "UNIMPLEMENTED",
        503: "UNAVAILABLE",
        504: "DEADLINE_EXCEEDED",
        529: "UNAVAILABLE",
    }
)


def status_of(kind: FailureKind) -> int:
    """Return the HTTP status that goes with a failure nobody gave a status."""
    return _STATUS[kind]


def error_type(protocol: Protocol | None, status: int, kind: FailureKind) -> str:
    """Return the protocol's own word for an error.

    The status decides; `kind` decides where the status says nothing (0) and for a
    request kept back by offline mode, which no client should try again.
    """
    if kind is FailureKind.OFFLINE:
        status = _STATUS[kind]
    status = status or _STATUS[kind]
    if protocol is Protocol.GEMINI:
        return _GEMINI_TYPES.get(status) or (
            "INTERNAL" if status >= 500 else "INVALID_ARGUMENT"
        )
    if protocol in _OPENAI:
        return _OPENAI_TYPES.get(status) or (
            "server_error" if status >= 500 else "invalid_request_error"
        )
    return _ANTHROPIC_TYPES.get(status) or (
        "api_error" if status >= 500 else "invalid_request_error"
    )


def error_body(
    protocol: Protocol | None,
    status: int,
    kind: FailureKind,
    message: str,
    request_id: str | None,
    *,
    code: str | None = None,
) -> bytes:
    """Write the JSON body of an error answer.

    `message` is the sentence for people; without a protocol the OpenAI form is used,
    which clients of no particular kind read best. `code` is OpenAI's own word where one
    is known, else it follows from `kind`.
    """
    word = error_type(protocol, status, kind)
    match protocol:
        case Protocol.MESSAGES:
            return _json(_anthropic(word, message, request_id))
        case Protocol.GEMINI:
            error: Json = {"code": status, "message": message, "status": word}
            return _json({"error": error})
        case Protocol.OLLAMA:
            return _json({"error": message})
        case _:
            return _json({"error": _openai(word, kind, message, code)})


def error_event(
    protocol: Protocol,
    kind: FailureKind,
    message: str,
    request_id: str | None,
    *,
    sequence: int = 0,
) -> bytes:
    """Write the event that ends a stream with an error.

    Nothing may follow it; no protocol's own sign of a complete answer is in it.
    `sequence` is the `sequence_number` that a Responses stream has come to.
    """
    word = error_type(protocol, 0, kind)
    match protocol:
        case Protocol.MESSAGES:
            return _sse(_anthropic(word, message, request_id), "error")
        case Protocol.RESPONSES:
            return _sse(_failed(kind, message, request_id, sequence), "response.failed")
        case Protocol.CHAT:
            return _sse({"error": _openai(word, kind, message)})
        case Protocol.GEMINI:
            # Its clients take only `data: {...}` for an event, and U+2028 for the end
            # of a line.
            return _escaped(
                _sse(
                    {
                        "error": {
                            "code": _STATUS[kind],
                            "message": message,
                            "status": word,
                        }
                    }
                )
            )
        case _:
            return _json({"error": message}) + b"\n"  # Ollama: a line of its own


def _anthropic(word: str, message: str, request_id: str | None) -> Json:
    return {
        "type": "error",
        "error": {"type": word, "message": message},
        "request_id": request_id,
    }


def _openai(
    word: str, kind: FailureKind, message: str, code: str | None = None
) -> Json:
    code = code or _code(kind)
    return {"message": message, "type": word, "param": None, "code": code}


def _code(kind: FailureKind) -> str:
    # The two codes that OpenAI clients know and act on; ours name the rest.
    match kind:
        case FailureKind.RATE_LIMITED:
            return "rate_limit_exceeded"
        case FailureKind.UNAUTHORIZED | FailureKind.AUTH:
            return "invalid_api_key"
        case _:
            return kind.value


def _failed(
    kind: FailureKind, message: str, request_id: str | None, sequence: int
) -> Json:
    # A whole `Response`: clients parse it before they look at its status. The error's
    # code is from the vendor's closed list.
    limited = kind is FailureKind.RATE_LIMITED
    return {
        "type": "response.failed",
        "sequence_number": sequence,
        "response": {
            "id": f"resp_{request_id or 'turnout'}",
            "object": "response",
            "created_at": 0,
            "status": "failed",
            "error": {
                "code": "rate_limit_exceeded" if limited else "server_error",
                "message": message,
            },
            "incomplete_details": None,
            "instructions": None,
            "metadata": None,
            "model": "",
            "output": [],
            "parallel_tool_calls": True,
            "temperature": None,
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
            "usage": None,
        },
    }


def _json(value: Json) -> bytes:
    return msgspec.json.encode(value)


def _escaped(event: bytes) -> bytes:
    event = event.replace(b"\xe2\x80\xa8", b"\\u2028")
    return event.replace(b"\xe2\x80\xa9", b"\\u2029")


def _sse(value: Json, name: str | None = None) -> bytes:
    return write_event(_json(value), name)
