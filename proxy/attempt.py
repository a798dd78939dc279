"""What both lanes do alike with one provider call: classify how it begins and fails.

It sends nothing and writes to no client; a failure is a value, and what is tried next
is the pipeline's choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.errors import Failure, FailureKind

if TYPE_CHECKING:
    from proxy.upstream import Answer

ERROR_BODY_LIMIT = 1024 * 1024
"""Bytes of a provider's error answer that are kept to be passed back."""

FIRST_ERROR = 400
AUTH_STATUSES = frozenset({401, 402, 403})
"""Refusals of a key, or of an account without money."""

_FIRST_SUCCESS = 200
_FIRST_REDIRECT = 300
_FIRST_SERVER_ERROR = 500
_TOO_MANY = 429
# How a stream of server-sent events can begin (WHATWG HTML, section 9.2.5).
_EVENT_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: `failure` is None where the client has its whole answer.

    `stale` says that a kept connection had been closed before the call was heard.
    """

    failure: Failure | None
    stale: bool = False


def refusal(provider: str, status: int, wait: float | None) -> Failure:
    """Return the failure that an error status means; `wait` is in seconds."""
    said = f"{provider} answered {status}."
    if status == _TOO_MANY:
        return Failure(FailureKind.RATE_LIMITED, said, status, wait)
    if status in AUTH_STATUSES:
        return Failure(FailureKind.AUTH, f"{said} It refused the key.", status)
    if status >= _FIRST_SERVER_ERROR:
        return Failure(FailureKind.UPSTREAM_ERROR, said, status, wait)
    return Failure(FailureKind.REJECTED, said, status)


def objection(provider: str, answer: Answer) -> Failure | None:
    """Return why an answer that is no error is no model's answer either, if so."""
    status = answer.status
    if status < _FIRST_SUCCESS:
        return Failure(
            FailureKind.MALFORMED, f"{provider} did not answer in proper HTTP."
        )
    if status >= _FIRST_REDIRECT:
        return Failure(
            FailureKind.MALFORMED,
            f"{provider} answered with a redirect, and Turnout follows none.",
            status,
        )
    if answer.header("content-type").lower().startswith("text/html"):
        return Failure(
            FailureKind.MALFORMED,
            f"{provider} answered with a web page instead of a model's answer.",
            status,
        )
    return None


async def is_stream(answer: Answer, *, asked: bool) -> bool:
    """Tell a stream by its type, or where one was asked for by how it begins.

    Some local servers forget the type; taken for a JSON answer, a cut stream would
    look complete.
    """
    kind = answer.header("content-type").lower()
    if kind.startswith("text/event-stream"):
        return True
    if not asked or answer.header("content-encoding"):
        return False
    first = await answer.peek()
    return first.removeprefix(_BOM).lstrip(b"\r\n").startswith(_EVENT_STARTS)
