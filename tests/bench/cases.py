"""What is measured: each case in rounds, all targets in each round."""

from dataclasses import dataclass
from enum import StrEnum

from bench.canned import EVENTS, JSON_QUERY, stream_query

PACE_MS = 4
SHORT_EVENTS = 8
HELD_STREAMS = 200
HELD_PACE_MS = 100

_SMALL, _LARGE = 60_000, 1_000_000


class Form(StrEnum):
    """How the provider answers, and how many ask."""

    JSON = "JSON answer"
    UNPACED = "300 events at once"
    SHORT = f"{SHORT_EVENTS} events, one each {PACE_MS} ms"
    PACED = f"300 events, one each {PACE_MS} ms"
    HELD = f"held streams, an event each {HELD_PACE_MS} ms"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of work: `rounds` times `each` requests on `at_once` connections."""

    form: Form
    size: int
    at_once: int
    each: int
    rounds: int

    @property
    def query(self) -> str:
        """What the source is asked for."""
        match self.form:
            case Form.JSON:
                return JSON_QUERY
            case Form.UNPACED:
                return stream_query(EVENTS, 0)
            case Form.SHORT:
                return stream_query(SHORT_EVENTS, PACE_MS)
            case Form.PACED:
                return stream_query(EVENTS, PACE_MS)
            case Form.HELD:
                return stream_query(self.each, HELD_PACE_MS)

    @property
    def title(self) -> str:
        """The case in the table's words."""
        size = "1 MB" if self.size == _LARGE else "60 KB"
        return f"{self.form}, {size} body, {self.at_once} at once"


def full() -> tuple[Case, ...]:
    """All cases, about ten minutes."""
    return (
        Case(Form.JSON, _SMALL, 1, 40, 10),
        Case(Form.JSON, _SMALL, 16, 15, 8),
        Case(Form.JSON, _SMALL, 64, 10, 8),
        Case(Form.JSON, _LARGE, 1, 20, 8),
        Case(Form.JSON, _LARGE, 16, 3, 5),
        Case(Form.SHORT, _SMALL, 1, 25, 12),
        Case(Form.SHORT, _LARGE, 1, 25, 12),
        Case(Form.UNPACED, _SMALL, 1, 20, 12),
        Case(Form.UNPACED, _SMALL, 16, 6, 6),
        Case(Form.UNPACED, _SMALL, 64, 3, 6),
        Case(Form.UNPACED, _LARGE, 1, 15, 12),
        Case(Form.UNPACED, _LARGE, 16, 3, 5),
        Case(Form.PACED, _SMALL, 1, 2, 6),
        Case(Form.PACED, _SMALL, 16, 2, 3),
        Case(Form.PACED, _SMALL, 64, 1, 3),
        Case(Form.HELD, _SMALL, HELD_STREAMS, 100, 3),
    )


def quick() -> tuple[Case, ...]:
    """The cases the aims speak of, few rounds, under a minute."""
    return (
        Case(Form.JSON, _SMALL, 64, 6, 3),
        Case(Form.SHORT, _SMALL, 1, 15, 6),
        Case(Form.SHORT, _LARGE, 1, 15, 6),
        Case(Form.UNPACED, _SMALL, 1, 12, 6),
        Case(Form.PACED, _SMALL, 1, 1, 4),
        Case(Form.HELD, _SMALL, HELD_STREAMS, 40, 1),
    )


def find(cases: tuple[Case, ...], form: Form, size: int, at_once: int) -> Case:
    """The one case with these marks."""
    return next(
        case
        for case in cases
        if (case.form, case.size, case.at_once) == (form, size, at_once)
    )
