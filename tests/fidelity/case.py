"""What a case of the matrix is, and what is expected of each of its cells; values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fidelity.expected import EXPECTED
from fidelity.lane import Lane, Refusal
from fidelity.terms import WORDS, NotApplicable
from fidelity.why import REFUSALS

from proxy.model import Protocol

PASS = "pass"


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that must come through, or be named, between any two protocols.

    `run` asks and looks at both sides; it raises where something is silently wrong.
    `streams` limits it to streamed (True) or whole (False) answers.
    """

    name: str
    title: str
    run: Callable[[Lane], Awaitable[None]]
    streams: bool | None = None

    def expected(self, client: Protocol, provider: Protocol) -> str:
        """The outcome this cell must have; see `fidelity.expected`."""
        cell = f"{WORDS[client]}>{WORDS[provider]}"
        found = PASS
        for pattern, outcome in EXPECTED.get(self.name, {}).items():
            native = pattern == "=" and client is provider
            if native or fnmatchcase(cell, pattern):
                found = outcome
        return found

    @property
    def forms(self) -> tuple[bool, ...]:
        """Streamed, whole, or both."""
        return (True, False) if self.streams is None else (self.streams,)


async def outcome(case: Case, lane: Lane) -> str:
    """What came out: `pass`, `loss NAME`, `refused NAME` or `n/a WORD`.

    Raises AssertionError where something went wrong or got lost without a word.
    """
    try:
        await case.run(lane)
    except NotApplicable as reason:
        return f"n/a {reason}"
    except Refusal as refusal:
        return f"refused {_name(str(refusal))}"
    return f"loss {', '.join(sorted(lane.lost))}" if lane.lost else PASS


def _name(sentence: str) -> str:
    found = [name for name, words in REFUSALS.items() if words in sentence]
    assert found, f"a refusal without a known reason: {sentence}"
    return found[0]
