"""The way back of one request: its answer headers, its record, its last bytes.

Shared by the native lane and the practice provider, so that both are recorded and
labelled in one way. It chooses no route and makes no call.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from proxy.advice import in_full
from proxy.errors import Failure, FailureKind
from proxy.exchange import milliseconds
from proxy.ledger.rows import Status
from proxy.model import Protocol
from proxy.wire.envelope import error_body, error_event, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from proxy.exchange import Exchange
    from proxy.health import Health
    from proxy.recorder import Clock, Recorder

DEFAULT_RETRY_AFTER = 2
"""Seconds; a 429 without the header ends a Codex run."""

NO_LANE = "unlisted"
"""What `x-turnout-lane` says of a model that no catalogue lists."""

_TOO_MANY = 429
HEEDS_ERRORS = frozenset({Protocol.MESSAGES, Protocol.RESPONSES})
"""Protocols whose clients take an error event for what it is."""

_RETRY_AFTER = "retry-after"
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_RETRY_IS_VAIN = frozenset(
    {FailureKind.NO_ROUTE, FailureKind.OFFLINE, FailureKind.BAD_REQUEST}
)


@dataclass(slots=True)
class Journey:
    """One request on its way back.

    `counting` marks a token count: it is answered like any request, but it is no
    model call and leaves no row. `snapshot` names the prices in force.
    """

    x: Exchange
    recorder: Recorder
    clock: Clock
    health: Health
    snapshot: str
    counting: bool
    attempt_started: float = 0.0

    def labels(self) -> tuple[tuple[str, str], ...]:
        """Return the `x-turnout-*` answer headers as they are known now."""
        x = self.x
        tried = len(x.attempts) + (1 if x.calling else 0)
        labels = [("x-turnout-request", x.call.id)]
        if x.route is not None:
            labels += [
                ("x-turnout-route", _shown(x.route.name)),
                ("x-turnout-lane", _shown(x.route.lane or NO_LANE)),
            ]
        labels += [("x-turnout-class", x.decision.route_class)]
        if x.losses:
            names = ",".join(each.name for each in x.losses)
            labels += [("x-turnout-losses", names)]
        if x.counted is not None:
            labels += [("x-turnout-count", x.counted)]
        if x.count_band is not None:
            low, high = x.count_band
            labels += [("x-turnout-count-band", f"{low}-{high}")]
        labels += [("x-turnout-attempts", str(tried if x.route else 0))]
        return tuple(labels)

    def first_byte(self) -> None:
        """Note when the answer's first byte came; its record may precede its going."""
        elapsed = self.clock.monotonic() - self.x.call.arrived
        self.x.first_byte_ms = milliseconds(elapsed)

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Send the head of a successful answer."""
        if self.x.first_byte_ms is None:
            self.first_byte()
        await self.x.outlet.start(status, (*headers, *self.labels()))

    def begun(self) -> None:
        """Put the request on record, now that its answer has begun to leave.

        Nothing can be sent a second time from here on, so the body may go.
        """
        self.x.call.body.drop()
        if self.x.route is not None:
            # A long answer holds up nobody who waits to see whether the route works.
            now = self.clock.now().timestamp()
            self.health.answered(self.x.route.name, now)
        if not self.counting:
            self.recorder.begun(self.x)

    async def settle(self, status: int, failure: Failure | None) -> None:
        """Note the running attempt and commit the record, before the last bytes.

        `status` is the provider's; `failure` is its own in-stream error, None where
        the answer is whole.
        """
        x = self.x
        if x.route is None:
            return
        now = self.clock.monotonic()
        before = len(x.attempts)
        x.note(x.route, self.attempt_started, now, failure, status)
        self.met(failure)
        if failure is not None:
            await self.record(Status.ERROR, failure.kind)
        elif before:
            await self.record(Status.FALLBACK_SUCCESS, None)
        else:
            await self.record(Status.SUCCESS, None)

    def met(self, failure: Failure | None) -> None:
        """Let the running attempt's end count for its route; None is a success."""
        x = self.x
        if x.route is None:
            return
        body = x.held.body if x.held is not None else None
        now = self.clock.now().timestamp()
        began = milliseconds(self.attempt_started - x.call.arrived)
        waited = None if x.first_byte_ms is None else max(0, x.first_byte_ms - began)
        self.health.ended(
            x.route,
            failure,
            headers=x.heard,
            body=body,
            first_byte_ms=waited if failure is None else None,
            account=x.call.account,
            now=now,
        )

    def met_nothing(self) -> None:
        """Let the running attempt count for nothing; what it held is given back."""
        self.met(Failure(FailureKind.INTERNAL, "The call told nothing of its route."))

    async def record(self, status: Status, kind: FailureKind | None) -> None:
        """Commit the finishing row, once."""
        if not self.counting:
            await self.recorder.finished(self.x, status, kind, self.snapshot)

    async def fail(self, failure: Failure) -> None:
        """End the request with an error, in its protocol's own form."""
        await self.record(Status.ERROR, failure.kind)
        x = self.x
        if x.outlet.started:
            await self.break_off(failure.kind, in_full(failure))
        elif x.held is not None:
            await self._pass_back()
        else:
            await self._own_error(failure)

    async def break_off(self, kind: FailureKind, message: str) -> None:
        """End an answer that has begun: an error event, or a broken connection.

        Some clients get both: those of Chat (opencode, Continue) and Gemini CLI read no
        error events and take every clean end for a complete answer.
        """
        x = self.x
        if x.events:
            write = x.breaking or partial(
                error_event, x.call.protocol, request_id=x.call.id
            )
            await x.outlet.write(x.broken_off + write(kind, message))
        if x.events and x.call.protocol in HEEDS_ERRORS:
            await x.outlet.end()
        else:
            x.outlet.abort()

    async def interrupt(self, *, stopping: bool) -> None:
        """Record a request whose handler was cancelled, and say so to a client left."""
        x = self.x
        kind = FailureKind.STOPPING if stopping else FailureKind.CLIENT_GONE
        if x.route is not None and x.calling:
            ended = Failure(kind, "The request ended before its answer did.")
            now = self.clock.monotonic()
            x.note(x.route, self.attempt_started, now, ended, x.heard_status)
            self.met(ended)
        if not stopping:
            await self.record(Status.CANCELLED, kind)
            return
        await self.record(Status.INTERRUPTED, kind)
        if self.x.outlet.started:
            await self.break_off(
                FailureKind.STOPPING,
                "Turnout is stopping and ended this answer early. Send it again.",
            )

    async def _pass_back(self) -> None:
        x = self.x
        held = x.held
        if held is None:
            return
        told = held.headers
        extra: list[tuple[str, str]] = []
        if held.status == _TOO_MANY and not _says_when(told):
            told = tuple(each for each in told if each[0].lower() != _RETRY_AFTER)
            extra.append((_RETRY_AFTER, _seconds(held.wait)))
        names = {name.lower() for name, _ in told}
        if held.final and "x-should-retry" not in names:
            extra.append(("x-should-retry", "false"))
        length = ("content-length", str(len(held.body)))
        headers = (*told, length, *extra, *self.labels())
        await x.outlet.start(held.status, headers)
        await x.outlet.write(held.body)
        await x.outlet.end()

    async def _own_error(self, failure: Failure) -> None:
        x = self.x
        status = status_of(failure.kind)
        said = in_full(failure, begun=False)
        body = error_body(x.call.protocol, status, failure.kind, said, x.call.id)
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
        ]
        if status == _TOO_MANY:
            headers.append((_RETRY_AFTER, _seconds(failure.retry_after)))
        if failure.kind in _RETRY_IS_VAIN:
            headers.append(("x-should-retry", "false"))
        await x.outlet.start(status, (*headers, *self.labels()))
        await x.outlet.write(body)
        await x.outlet.end()


def _says_when(headers: Iterable[tuple[str, str]]) -> bool:
    """Tell whether every `retry-after` there is, and there is one, can be read."""
    values = [value for name, value in headers if name.lower() == _RETRY_AFTER]
    return bool(values) and all(_is_readable(each.strip()) for each in values)


def _is_readable(value: str) -> bool:
    if _SECONDS.fullmatch(value):
        return True
    try:
        return "," in value and bool(parsedate_to_datetime(value))
    except (ValueError, OverflowError):
        return False


def _seconds(wait: float | None) -> str:
    """Return a wait as whole seconds, the usual one where none is known."""
    if wait is None or not math.isfinite(wait):
        return str(DEFAULT_RETRY_AFTER)
    return str(max(0, math.ceil(wait)))


def _shown(name: str) -> str:
    """Return a name as a header can carry it: plain ASCII, the rest percent-coded."""
    if name.isascii() and name.isprintable():
        return name
    return quote(name, safe="/:@+,=()[] ")
