"""Says what Turnout did about a failure and what to do now; pure words.

A `Failure` says what happened. A message to a client needs all three parts, and here
is the one place where the other two are written.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from proxy.errors import FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proxy.errors import Failure

_ENDS = (".", "!", "?")
_NONE_LEFT = "Turnout had no other route to try."
_PARTLY = "Turnout passed on what had come and made nothing up."
_ADDRESS = "Check base_url in config.toml"
# Read by programs too: with the Messages package, opencode 1.18 asks again after an
# error in the middle of an answer if its message holds "try your request again".
_AGAIN = "Try your request again"

ADVICE: Final[Mapping[FailureKind, tuple[str, str]]] = MappingProxyType(
    {
        FailureKind.CONNECT: (
            _NONE_LEFT,
            f"{_ADDRESS} and that the provider runs, then send the request again.",
        ),
        FailureKind.DNS: (
            _NONE_LEFT,
            f"{_ADDRESS} and the network, then send the request again.",
        ),
        FailureKind.TLS: (
            _NONE_LEFT,
            f"{_ADDRESS}, this machine's clock and its certificates.",
        ),
        FailureKind.RESET: (
            _NONE_LEFT,
            f"{_AGAIN}; if it happens every time, see that the provider works.",
        ),
        FailureKind.FIRST_BYTE_TIMEOUT: (
            _NONE_LEFT,
            f"{_AGAIN}, or allow more time with first_byte_seconds in config.toml.",
        ),
        FailureKind.MALFORMED: (
            _NONE_LEFT,
            f"{_ADDRESS}, and that no sign-in page or other program answers there.",
        ),
        FailureKind.UPSTREAM_ERROR: (_NONE_LEFT, f"{_AGAIN} in a while."),
        FailureKind.CUT: (_PARTLY, f"{_AGAIN}."),
        FailureKind.STALLED: (
            _PARTLY,
            f"{_AGAIN}, or allow longer silence by stream_silence_seconds.",
        ),
        FailureKind.BAD_REQUEST: (
            "Turnout sent nothing on.",
            "Mend the request and send it again.",
        ),
    }
)
"""What was done and what to do, by kind; a kind that is not here says it itself."""


def in_full(failure: Failure, *, begun: bool = True) -> str:
    """Return the whole message: what happened, what Turnout did, what to do now.

    `begun` is False where nothing of an answer has left for the client.
    """
    advice: tuple[str, ...] = ADVICE.get(failure.kind, ())
    if not begun:
        advice = tuple(_NONE_LEFT if each is _PARTLY else each for each in advice)
    said = failure.message
    if advice and not said.endswith(_ENDS):
        # A provider's own words may stand last, and they may lack a full stop.
        said = f"{said.rstrip()}."
    return " ".join((said, *advice))
