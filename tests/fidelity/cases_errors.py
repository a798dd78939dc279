"""Errors of a provider: the client gets its own protocol's, in the provider's words."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from fidelity.case import Case
from fidelity.lane import Lane, Told
from fidelity.terms import Ask, Json
from upstream import refuse

from proxy.model import Protocol

_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
_GOOGLE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def _error(status: int) -> Callable[[Lane], Awaitable[None]]:
    """A cell in which the provider answers with this status."""

    async def run(lane: Lane) -> None:
        told = await lane.ask(Ask(), *[refuse(status, "scripted words")] * 3)
        _sound(lane, told, status)
        assert b"scripted words" in told.body

    return run


def _sound(lane: Lane, told: Told, status: int) -> None:
    """The client's own envelope, with the status and word of its own vendor."""
    foreign = lane.client is not Protocol.MESSAGES and not lane.native
    wanted = 503 if status == 529 and foreign else status
    assert told.status == wanted
    error: Json = json.loads(told.body)["error"]
    if lane.client is Protocol.MESSAGES:
        assert error["type"] == _ANTHROPIC[status]
    elif lane.client is Protocol.GEMINI and wanted in _GOOGLE:
        assert (error["code"], error["status"]) == (wanted, _GOOGLE[wanted])
    assert told.event is not None
    assert told.event.status == "error"


async def _limited(lane: Lane) -> None:
    told = await lane.ask(Ask(), refuse(429, "slow down", retry_after="7"))
    _sound(lane, told, 429)
    assert told.headers["retry-after"] == "7"
    assert b"slow down" in told.body


async def _too_long(lane: Lane) -> None:
    words = "This model's maximum context length is 8192 tokens."
    before = len(lane.world.upstream.asked)
    told = await lane.ask(Ask(), refuse(400, words))
    _sound(lane, told, 400)
    assert b"maximum context length" in told.body
    # Whoever asked wrongly is told at once.
    assert len(lane.world.upstream.asked) == before + 1


CASES = (
    Case("400_too_long", "A conversation too long is told as one.", _too_long),
    Case("401", "A wrong key is told.", _error(401), streams=False),
    Case("403", "A forbidden model is told.", _error(403), streams=False),
    Case("404", "An unknown model is told.", _error(404), streams=False),
    Case("429", "When to try again is told.", _limited),
    Case("500", "A fault of the provider is told.", _error(500), streams=False),
    Case("529", "An overloaded provider is told.", _error(529), streams=False),
)
