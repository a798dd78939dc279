"""Sends one prompt down the way a client's request takes, and collects the answer.

For `turnout try` and the tray; it is recorded like any request, as client `turnout`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proxy.exchange import Call
from proxy.guard import Endpoint
from proxy.headers import credentials
from proxy.model import Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIENT = "turnout"
"""The client's name in the record of a tried prompt."""

_MAX_TOKENS = 1024
_ENDPOINTS = {
    Protocol.MESSAGES: Endpoint.MESSAGES,
    Protocol.RESPONSES: Endpoint.RESPONSES,
    Protocol.CHAT: Endpoint.CHAT,
}


class Collected:
    """An outlet that keeps the answer instead of sending it."""

    def __init__(self) -> None:
        """Start empty."""
        self.started = False
        self.status = 0
        self.cut = False
        self._body = bytearray()

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Note the status."""
        del headers
        self.started = True
        self.status = status

    async def write(self, data: bytes) -> None:
        """Keep a piece of the body."""
        self._body += data

    async def end(self) -> None:
        """Nothing is left to do."""

    def abort(self) -> None:
        """Note that the answer was cut."""
        self.cut = True

    def text(self, protocol: Protocol) -> str:
        """Return the words of the answer, or of the error in it."""
        try:
            return _words(msgspec.json.decode(bytes(self._body)), protocol)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ""


def trial_call(
    request_id: str, prompt: str, model: str, protocol: Protocol, arrived: float
) -> Call:
    """Return the request a client would send for `prompt`, not streamed."""
    body: dict[str, object] = {"model": model}
    if protocol is Protocol.RESPONSES:
        body |= {"input": prompt, "store": False}
    else:
        body["messages"] = [{"role": "user", "content": prompt}]
    if protocol is Protocol.MESSAGES:
        body["max_tokens"] = _MAX_TOKENS
    headers = (
        ("content-type", "application/json"),
        ("anthropic-version", "2023-06-01"),
    )
    return Call(
        id=request_id,
        endpoint=_ENDPOINTS[protocol],
        protocol=protocol,
        query="",
        headers=headers if protocol is Protocol.MESSAGES else headers[:1],
        credentials=credentials(()),
        body=msgspec.json.encode(body),
        client=CLIENT,
        arrived=arrived,
        peer=None,
    )


def _words(answer: object, protocol: Protocol) -> str:
    """Collect every text of an answer; unknown shapes give ''."""
    if not isinstance(answer, dict):
        return ""
    error = answer.get("error")
    if isinstance(error, dict):
        return str(error.get("message", ""))
    match protocol:
        case Protocol.MESSAGES:
            return _texts(answer.get("content"))
        case Protocol.RESPONSES:
            items = answer.get("output")
            return "".join(
                _texts(item.get("content"))
                for item in (items if isinstance(items, list) else ())
                if isinstance(item, dict)
            )
        case _:
            choices = answer.get("choices")
            first = choices[0] if isinstance(choices, list) and choices else {}
            message = first.get("message") if isinstance(first, dict) else None
            content = message.get("content") if isinstance(message, dict) else None
            return content if isinstance(content, str) else ""


def _texts(parts: object) -> str:
    if not isinstance(parts, list):
        return ""
    return "".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    )
