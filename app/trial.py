"""Sends one prompt down the way a client's request takes, and collects the answer.

For `turnout try` and the tray; it is recorded like any request, as client `turnout`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proxy.exchange import Body, Call
from proxy.guard import Endpoint
from proxy.headers import credentials
from proxy.model import Protocol
from proxy.wire.sse import field

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIENT = "turnout"
"""The client's name in the record of a tried prompt."""

_MAX_TOKENS = 1024
_REFUSED = 400
_SENTENCES = {
    "connect": "The provider could not be reached.",
    "dns": "The provider's address could not be found.",
    "tls": "No safe connection to the provider could be made.",
    "reset": "The provider broke the connection before it answered.",
    "first_byte_timeout": "The provider did not begin to answer in time.",
    "stalled": "The provider fell silent in the middle of its answer.",
    "cut": "The provider's answer ended before it was complete.",
    "malformed": "The provider's answer could not be read.",
    "client_gone": "The call was given up before the answer was complete.",
    "stopping": "Turnout was stopping and ended the call early.",
}
"""What is said where a failed call brought no words of its own, by failure kind."""

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
        whole = _decoded(bytes(self._body))
        if whole is not None:
            return _words(whole, protocol)
        events = _events(bytes(self._body))
        told = (_error(event) for event in events)
        return next(filter(None, told), "") or "".join(map(_piece, events))

    def failure(self, kind: str | None) -> str:
        """Return why there is no whole answer, as a sentence; '' where there is one.

        `kind` is the failure kind in the record, None where it names none or there is
        no record.
        """
        whole = _decoded(bytes(self._body))
        parts = _events(bytes(self._body)) if whole is None else [whole]
        said = next(filter(None, map(_error, parts)), "")
        if kind is None and not said and parts and self.status < _REFUSED:
            return _SENTENCES["cut"] if self.cut else ""
        if self.cut:
            kind = kind or "cut"
        other = f"It ended in an error: {(kind or 'malformed').replace('_', ' ')}."
        return said or _SENTENCES.get(kind or "malformed", other)


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
        body=Body(msgspec.json.encode(body)),
        client=CLIENT,
        arrived=arrived,
        peer=None,
    )


def _decoded(body: bytes) -> object | None:
    """Return what a JSON body holds, None where it is none."""
    try:
        found: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found


def _events(body: bytes) -> list[object]:
    """Return the data of a stream's events, as far as they are JSON.

    Some providers stream although nobody asked them to.
    """
    fields = map(field, body.splitlines())
    found = (_decoded(value) for name, value in fields if name == b"data")
    return [data for data in found if data is not None]


def _error(answer: object) -> str:
    """Return the message of an error, '' where the answer is none."""
    if not isinstance(answer, dict):
        return ""
    response = answer.get("response")  # of the event `response.failed`
    inner = response.get("error") if isinstance(response, dict) else None
    error = answer.get("error") or inner
    return str(error.get("message", "")) if isinstance(error, dict) else ""


def _piece(event: object) -> str:
    """Return the words that one event of a stream adds, in any of the protocols."""
    if not isinstance(event, dict):
        return ""
    delta = event.get("delta")
    if event.get("type") == "response.output_text.delta":
        return delta if isinstance(delta, str) else ""
    choices = event.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        delta = choices[0].get("delta")
    if not isinstance(delta, dict):
        return ""
    words = delta.get("text") or delta.get("content")
    return words if isinstance(words, str) else ""


def _words(answer: object, protocol: Protocol) -> str:
    """Collect every text of an answer; unknown shapes give ''."""
    if not isinstance(answer, dict):
        return ""
    if error := _error(answer):
        return error
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
