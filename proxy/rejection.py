"""Puts a provider's refusal into the client's protocol; its wording stays.

Values in, values out: the bytes of an error answer and what they mean for the client.
What is tried next is the pipeline's choice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from proxy.errors import Failure, FailureKind
from proxy.exchange import HeldAnswer
from proxy.model import Protocol
from proxy.wire.envelope import error_body
from proxy.wire.wording import says_too_long, wording

if TYPE_CHECKING:
    from collections.abc import Iterable

_BAD_REQUEST: Final = 400
_OVERLOADED: Final = 529
# What a length is refused with; a 429 speaks of tokens too and means something else.
_OF_LENGTH: Final = frozenset({400, 413, 422, 500})
_UNAVAILABLE: Final = 503
# How Anthropic, OpenAI and Google refuse reasoning that another model or account made.
_UNPROVEN: Final = re.compile(
    rb"signature.{0,60}thinking|thinking.{0,60}signature|thought[_ ]?signature|"
    rb"encrypted[_ ]content",
    re.IGNORECASE | re.DOTALL,
)
_HINTS: Final = frozenset({"retry-after", "retry-after-ms", "x-should-retry"})
_LIMITS: Final = ("x-ratelimit-", "anthropic-ratelimit-")
_TOO_LONG: Final = "context_length_exceeded"


def is_unproven(status: int, body: bytes) -> bool:
    """Tell whether a provider refused the proof of earlier reasoning."""
    return status == _BAD_REQUEST and _UNPROVEN.search(body) is not None


def refuses_length(status: int, body: bytes) -> bool:
    """Tell whether a provider refused a conversation because it is too long."""
    return status in _OF_LENGTH and says_too_long(body)


def hints(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers that say when to try again and how much is left."""
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() in _HINTS or name.lower().startswith(_LIMITS)
    )


def told(
    protocol: Protocol,
    failure: Failure,
    body: bytes,
    request_id: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    final: bool = False,
) -> HeldAnswer:
    """Return the error answer for a client of `protocol`.

    `failure` has the provider's status, `body` is what it said, in plain bytes that no
    longer hold a key. `headers` go along; `final` as in `HeldAnswer`. Where the
    conversation was too long the client is told so in the words it acts on: Claude
    Code shortens it on `prompt is too long`, OpenAI's clients on the error's code.
    """
    status = _status_for(protocol, failure.status or _BAD_REQUEST)
    words = wording(body)
    message = f"{failure.message} It said: {words}" if words else failure.message
    over = refuses_length(status, body)
    if over and protocol is Protocol.MESSAGES:
        message = f"prompt is too long: {message}"
    return HeldAnswer(
        status=status,
        headers=(("content-type", "application/json"), *headers),
        body=error_body(
            protocol,
            status,
            failure.kind,
            message,
            request_id,
            code=_TOO_LONG if over else None,
        ),
        final=final,
        wait=failure.retry_after,
    )


def too_long(failure: Failure) -> Failure | None:
    """Return the refusal that an error inside a stream means, if it is one for length.

    Some providers begin a stream before they have measured what they were sent.
    """
    if not says_too_long(failure.message.encode()):
        return None
    return Failure(FailureKind.REJECTED, failure.message, _BAD_REQUEST)


def _status_for(protocol: Protocol, status: int) -> int:
    """Return the status a client's own vendor would use: 529 is Anthropic's alone."""
    foreign = protocol is not Protocol.MESSAGES
    return _UNAVAILABLE if foreign and status == _OVERLOADED else status
