"""What there is to say of one request: its mark, its attempts and the stored reasons.

Values in, words out: no Qt, no door. The reasons are the sentences of `explain`, as
they were stored; nothing is worked out anew here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from proxy.ledger.rows import Attempt, Event
from proxy.money import show

MARKS: Final = {
    "same_lane": "same lane",
    "downgrade": "a downgrade",
    "escalation": "an escalation",
}
"""What taking a route meant, in the words of `explain`."""

SENTENCES: Final = {
    "same_lane": "Another route of the same lane answered.",
    "downgrade": "A downgrade: this model is held to be weaker than what was needed.",
    "escalation": "An escalation: a stronger model than mode and name ask for.",
}

FETCHING: Final = "The reasons are being fetched."
LATER: Final = "The gateway does not answer now. The reasons come as soon as it does."

_TOLD_BY_PIECES: Final = ("Attempt ", "Lost in translation")
"""How sentences begin that the window shows as attempts and losses of their own."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a request went where it did, a sentence each; or why that is not known.

    `id` is the request's, `problem` a sentence or '' where all is well.
    """

    id: str
    lines: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt of a request: where, how it went, and what it cost where known.

    `status` and `mark` give the shape of its track.
    """

    route: str
    told: str
    cost: str
    status: str
    mark: str


def reasons(id: str, layers: Iterable[str]) -> Reasons:  # noqa: A002 - the word it is
    """Return the sentences of `explain` without what the window shows in pieces."""
    kept = (line for line in layers if not line.startswith(_TOLD_BY_PIECES))
    return Reasons(id, tuple(kept))


def mark_words(event: Event) -> str:
    """Return what taking the last route meant, '' where it meant nothing."""
    return MARKS.get(event.mark, "")


def mark_sentence(event: Event) -> str:
    """Return the sentence about a request's mark, '' where it has none."""
    return SENTENCES.get(event.mark, "")


def steps(event: Event) -> tuple[Step, ...]:
    """Return the attempts in their order."""
    return tuple(_step(attempt) for attempt in event.attempts)


def _step(attempt: Attempt) -> Step:
    parts = [_outcome(attempt)]
    if attempt.retry:
        parts.append("tried again")
    if word := MARKS.get(attempt.mark):
        parts.append(word)
    known = attempt.cost_nano is not None
    return Step(
        route=attempt.route,
        told=", ".join(parts),
        cost=show(attempt.cost_nano) if known else "",
        status=_status(attempt),
        mark=attempt.mark,
    )


def _outcome(attempt: Attempt) -> str:
    after = seconds(attempt.duration_ms)
    if attempt.outcome == "ok":
        return f"answered after {after}"
    if attempt.outcome == "client_gone":
        return f"the client left after {after}"
    status = f" ({attempt.status})" if attempt.status else ""
    return f"failed after {after}: {attempt.outcome.replace('_', ' ')}{status}"


def _status(attempt: Attempt) -> str:
    return {"ok": "success", "client_gone": "cancelled"}.get(attempt.outcome, "error")


def seconds(milliseconds: int) -> str:
    """Return a duration as people read it: `320 ms`, `4.2 s`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    return f"{milliseconds / 1000:.1f} s"
