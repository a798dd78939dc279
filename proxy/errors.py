"""Names what can go wrong with a request; it maps nothing to HTTP and does no I/O.

Outcomes of an upstream call are `Failure` values. A request that Turnout itself
refuses raises `Refused`, which is turned into the client protocol's own envelope in
one place (`proxy.wire.envelope`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """The closed set of failure kinds; the ledger stores these words."""

    # Refused by Turnout before anything left the machine.
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TIMEOUT = "body_timeout"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    UPGRADE_REFUSED = "upgrade_refused"
    OFFLINE = "offline"
    NO_ROUTE = "no_route"
    # Met on the way to or from a provider.
    CONNECT = "connect"
    TLS = "tls"
    DNS = "dns"
    RESET = "reset"
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"
    RATE_LIMITED = "rate_limited"
    UPSTREAM_ERROR = "upstream_error"
    AUTH = "auth"
    REJECTED = "rejected"
    CUT = "cut"
    MALFORMED = "malformed"
    STALLED = "stalled"
    # Ended by neither side's fault.
    CLIENT_GONE = "client_gone"
    STOPPING = "stopping"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Failure:
    """How one attempt failed.

    `status` is the provider's HTTP status where it sent one, `retry_after` its own
    wish in seconds. `message` is a sentence for people: what happened, free of
    secrets and of request text.
    """

    kind: FailureKind
    message: str
    status: int | None = None
    retry_after: float | None = None


class Refused(Exception):
    """A request that Turnout answers itself with an error.

    `message` says what happened, what Turnout did and what to do now; `status` is the
    HTTP status; `headers` are extra answer headers.
    """

    def __init__(
        self,
        kind: FailureKind,
        status: int,
        message: str,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Keep the parts of the answer; see the class."""
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.message = message
        self.headers = headers
