"""Builds Turnout's own short answers: refusals, health, lists; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.metrics import CONTENT_TYPE
from proxy.wire.envelope import error_body

if TYPE_CHECKING:
    from proxy.errors import Refused
    from proxy.model import Protocol

_JSON = ("content-type", "application/json")
SERVER = "Turnout"
"""What answers say of themselves: a name and no version."""

_CAREFUL = (
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("server", SERVER),
)
_CLOSES = frozenset({400, 408, 413, 426})


@dataclass(frozen=True, slots=True)
class Plain:
    """A whole answer; `close` ends the connection after it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    close: bool = False


def refusal_answer(
    refused: Refused, protocol: Protocol | None, request_id: str | None
) -> Plain:
    """Return a refusal in the protocol's own envelope."""
    body = error_body(
        protocol, refused.status, refused.kind, refused.message, request_id
    )
    label = (("x-turnout-request", request_id),) if request_id else ()
    headers = (_JSON, *_CAREFUL, *label, *refused.headers)
    return Plain(refused.status, headers, body, close=refused.status in _CLOSES)


def json_answer(body: bytes) -> Plain:
    """Return a JSON document that nobody may keep."""
    return Plain(200, (_JSON, *_CAREFUL), body)


def metrics_answer(text: bytes) -> Plain:
    """Return counters as Prometheus reads them."""
    return Plain(200, (("content-type", CONTENT_TYPE), *_CAREFUL), text)


def empty_answer() -> Plain:
    """Return the answer to a client that only asks whether somebody is there."""
    return Plain(200, _CAREFUL, b"")
