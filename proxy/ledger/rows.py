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
    """

    provider: str
    model: str
    protocol: str
    outcome: str
    status: int | None = None
    started_ms: int = 0
    duration_ms: int = 0
    error_kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A request has been routed; written once its answer begins, or after some 15 ms.

    The call to the provider does not wait for it: what the row costs is spent while the
    provider thinks. A gateway killed before leaves no trace of the request.

    `run` names the gateway process that serves it, `time` is its arrival (UTC),
    `decision` the JSON text of the routing decision.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A request is over; committed before its last bytes leave.

    `time` is its end (UTC). `price` is what it was priced with and `price_snapshot`
    where that came from; `cost_nano` is nano-dollars, None where unknown. Times are
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One finished request, as the view `requests` shows it.

    `sequence` gives the order; `time` is the end of the request and `arrived` its
    arrival, both UTC, and clocks may jump. `fallback_chain` is the routes tried, in
    order, as `provider/model`. `input_tokens` is fresh input without cache,
    `output_tokens` includes reasoning; None is a count nobody told. `cache_hit` is
    whether the provider read from its cache, None where it did not say.
    `duration_ms` is None only for `interrupted`.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One life of a gateway process: who wrote which rows."""

    id: str
    pid: int
    started: datetime
    version: str
