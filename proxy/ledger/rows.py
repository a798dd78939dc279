"""The ledger's rows as frozen values; no SQL, no file, no prompt or answer text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from proxy.model import Usage
from proxy.money import Price


class Status(StrEnum):
    """How a request ended; the words of the view's `status` column."""

    SUCCESS = "success"
    ERROR = "error"
    FALLBACK_SUCCESS = "fallback_success"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a route.

    `outcome` is `ok` or the failure kind's word, `status` the provider's HTTP status
    where there was one. Times are milliseconds; `started_ms` counts from the arrival
    of the request.

    `mark` is what taking the route meant: '', `same_lane`, `downgrade` or
    `escalation`; `retry` that it is the same route as the attempt before. `usage` is
    what it used, None where it used nothing; an empty one says that nobody told.
    `cost_nano` is what that cost in nano-dollars, None where unknown; `price` and
    `price_snapshot` are what it was priced with.
    """

    provider: str
    model: str
    protocol: str
    outcome: str
    status: int | None = None
    started_ms: int = 0
    duration_ms: int = 0
    error_kind: str | None = None
    lane: str | None = None
    billing: str | None = None
    mark: str = ""
    retry: bool = False
    usage: Usage | None = None
    price: Price | None = None
    price_snapshot: str | None = None
    cost_nano: int | None = None

    @property
    def route(self) -> str:
        """Return the route as people see it: `provider/model`."""
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A request has been routed; written once its answer begins, or after some 15 ms.

    The call to the provider does not wait for it: what the row costs is spent while the
    provider thinks. A gateway killed before leaves no trace of the request.

    `run` names the gateway process that serves it, `time` is its arrival (UTC),
    `decision` the JSON text of the routing decision. `intent` is what the requested
    name asks for, `class_evidence` the sentences that the class was told by, `floor`
    the quality that was asked for, None where none was.
    """

    id: str
    run: str
    time: datetime
    client: str
    protocol: str
    route_class: str
    requested_model: str
    mode: str
    stream: bool
    decision: str
    session: str | None = None
    agent: str | None = None
    parent_agent: str | None = None
    intent: str | None = None
    class_evidence: tuple[str, ...] = ()
    floor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A request is over; committed before its last bytes leave.

    `time` is its end (UTC). `usage` is that of the route which came last, `price` what
    it was priced with, `price_snapshot` where that came from and `answer_cost_nano`
    what it cost. `cost_nano` is the whole request: that and every attempt before. The
    same tokens at the model that was asked for would have cost `asked_cost_nano`.
    Amounts are nano-dollars, None where unknown; of a whole with an unknown part, too.

    `mark` is what taking the last route meant, in the words of `Attempt`. Times are
    milliseconds, `losses` the names of what a translation could not carry.
    """

    id: str
    run: str
    time: datetime
    duration_ms: int
    status: str
    project: str | None = None
    provider: str | None = None
    model: str | None = None
    lane: str | None = None
    billing: str | None = None
    attempts: tuple[Attempt, ...] = ()
    usage: Usage = field(default_factory=Usage)
    price: Price | None = None
    price_snapshot: str | None = None
    cost_nano: int | None = None
    first_byte_ms: int | None = None
    stop_reason: str | None = None
    error_kind: str | None = None
    losses: tuple[str, ...] = ()
    mark: str = ""
    answer_cost_nano: int | None = None
    asked_cost_nano: int | None = None

    @property
    def spent(self) -> tuple[tuple[int, Attempt], ...]:
        """Return the attempts that used something and are not `usage`'s own.

        Each with its number, from 1 on.
        """
        return _spent(self.attempts, f"{self.provider}/{self.model}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One finished request, as the view `requests` shows it.

    `sequence` gives the order; `time` is the end of the request and `arrived` its
    arrival, both UTC, and clocks may jump. `fallback_chain` is the routes tried, in
    order, as `provider/model`. `input_tokens` is fresh input without cache,
    `output_tokens` includes reasoning; None is a count nobody told. `cache_hit` is
    whether the provider read from its cache, None where it did not say.
    `duration_ms` is None only for `interrupted`.

    The token counts are those of the route that came last, `answer_cost_nano` is what
    they cost; `cost_nano` is the whole request with the attempts before, and
    `asked_cost_nano` an estimate of the same tokens at the model that was asked for.
    `mark` says what taking that route meant; `escalated` that it was a stronger one
    than mode and intent ask for. `class_evidence` tells by what the class was told.
    """

    id: str
    sequence: int
    time: datetime
    arrived: datetime | None
    run: str
    client: str | None
    protocol: str | None
    session: str | None
    agent: str | None
    parent_agent: str | None
    project: str | None
    mode: str | None
    route_class: str | None
    requested_model: str | None
    stream: bool | None
    provider: str | None
    model: str | None
    lane: str | None
    fallback_chain: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    cache_write_1h_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    web_searches: int | None
    price: Price | None
    price_snapshot: str | None
    cost_nano: int | None
    billing: str | None
    first_byte_ms: int | None
    duration_ms: int | None
    cache_hit: bool | None
    stop_reason: str | None
    status: str
    error_kind: str | None
    losses: tuple[str, ...]
    intent: str | None = None
    class_evidence: tuple[str, ...] = ()
    floor: int | None = None
    mark: str = ""
    escalated: bool = False
    answer_cost_nano: int | None = None
    asked_cost_nano: int | None = None

    @property
    def spent(self) -> tuple[tuple[int, Attempt], ...]:
        """Return the attempts before that used something, numbered from 1 on."""
        return _spent(self.attempts, f"{self.provider}/{self.model}")


def _spent(attempts: tuple[Attempt, ...], own: str) -> tuple[tuple[int, Attempt], ...]:
    """Return what was used besides the last attempt, where that is of the own route."""
    tried = list(enumerate(attempts, start=1))
    if tried and tried[-1][1].route == own:
        tried.pop()
    return tuple(each for each in tried if each[1].usage is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One life of a gateway process: who wrote which rows."""

    id: str
    pid: int
    started: datetime
    version: str


class ConsentKind(StrEnum):
    """What a consent is about; later versions add kinds."""

    WIRE_CLIENT = "wire-client"
    USE_KEY = "use-key"
    USE_SERVER = "use-server"
    START_AT_LOGIN = "start-at-login"
    DOCKER = "docker"
    SHELL_FILES = "shell-files"
    KEYRING_MOVE = "keyring-move"
    QUIT_CHOICE = "quit-choice"
    USE_LOGIN = "use-login"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConsent:
    """A yes or no that is to be recorded.

    `id` is its own for ever: the same one is recorded once. `subject` is what it is
    about (a client's id, a variable's name, an address), `scope` how far it reaches,
    `detail` a sentence of what was agreed to; none of them holds a key. `revokes` is
    the number of the entry that it takes back.
    """

    id: str
    time: datetime
    kind: ConsentKind | str
    subject: str
    scope: str = ""
    detail: str = ""
    given: bool = True
    revokes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One entry of the consents, as it is recorded.

    `number` gives the order, from 1 on without a gap. `hash` is the SHA-256 in hex over
    the hash of the entry before and all of this one. `kind` is a `ConsentKind`, or a
    word of a newer Turnout.
    """

    number: int
    id: str
    time: datetime
    kind: str
    subject: str
    scope: str
    detail: str
    given: bool
    revokes: int | None
    hash: str
