"""Turns what happened to a request into ledger rows; the pipeline's one way to record.

The finishing row is committed before the bytes that end an answer leave, so a killed
gateway never loses an answered request. It decides nothing and stores no text.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from proxy.charges import charge
from proxy.exchange import milliseconds
from proxy.ledger.rows import Finished, Routed, Status
from proxy.metrics import Metrics
from proxy.routing import write_decision
from proxy.routing.decision import Mark
from proxy.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from proxy.catalogue import Route
    from proxy.errors import FailureKind
    from proxy.exchange import Exchange
    from proxy.ledger import Ledger
    from proxy.ledger.rows import Attempt
    from proxy.projects import Projects

_log = logging.getLogger(__name__)

COMMIT_SECONDS = 1.0
"""How long an answer's end waits for its record before it leaves all the same."""

ROUTED_SECONDS = 0.005
"""How long the call to the provider goes before the record of its route."""

_SESSIONS = 1024

PROJECT_SECONDS = 0.25
"""How long a record waits for a project that is being looked up."""


class Clock(Protocol):
    """The pipeline's source of time."""

    def now(self) -> datetime:
        """Return the wall clock's time in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...


@dataclass(frozen=True, slots=True)
class _Ending:
    """How and when a request ended.

    `moment` is on the monotonic clock, `snapshot` names the prices in force.
    """

    status: Status
    error: FailureKind | None
    snapshot: str
    moment: float


@dataclass(frozen=True, slots=True)
class _Counted:
    """A finished request as the metrics count it."""

    route_class: str
    mark: str
    status: str
    attempts: tuple[Attempt, ...]


def _no_route(_: str) -> None:
    return None


def _nobody(_: Exchange) -> None:
    return None


class Recorder:
    """Writes the routed and the finishing row of each request, and counts it.

    `run` is the gateway's own run id; `on_finished` is told the id of each finished
    request, for the live views. `find` returns the route of a name (`provider/model`)
    in the catalogue in force, None where there is none. `on_over` is shown each
    finished request. `metrics` are the counts since the start.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        run: str,
        projects: Projects,
        on_finished: Callable[[str], None],
        find: Callable[[str], Route | None] = _no_route,
        on_over: Callable[[Exchange], None] = _nobody,
    ) -> None:
        """Keep the parts; see the class."""
        self.metrics = Metrics()
        self._find = find
        self._on_over = on_over
        self._ledger = ledger
        self._clock = clock
        self._run = run
        self._projects = projects
        self._on_finished = on_finished
        self._sessions: OrderedDict[str, str] = OrderedDict()

    def routed(self, x: Exchange) -> None:
        """Queue the row that says where the request goes, in a moment; never waits.

        The provider is called first, and what a record costs is spent while it thinks.
        """
        x.routing = partial(self._route, x, self._clock.now(), stream=x.stream)
        asyncio.get_running_loop().call_later(ROUTED_SECONDS, self._routed, x)

    def begun(self, x: Exchange) -> None:
        """Commit the row of a request whose answer has begun, if that is still to do.

        From its first byte on a client may rely on the request being on record.
        """
        self._routed(x)
        self._ledger.hurry()

    @staticmethod
    def _routed(x: Exchange) -> None:
        queue, x.routing = x.routing, None
        if queue is not None:
            queue()

    def _route(self, x: Exchange, now: datetime, *, stream: bool) -> None:
        self._projects.look_up(x.call.peer)
        decided = x.decision
        self._ledger.routed(
            Routed(
                id=x.call.id,
                run=self._run,
                time=now,
                client=x.call.client,
                protocol=x.call.protocol,
                route_class=decided.route_class,
                requested_model=x.model,
                mode=decided.mode,
                stream=stream,
                decision=write_decision(decided),
                session=x.call.session,
                agent=x.call.agent,
                parent_agent=x.call.parent_agent,
                intent=decided.intent,
                class_evidence=decided.evidence,
                floor=decided.floor,
            )
        )

    async def finished(
        self, x: Exchange, status: Status, error: FailureKind | None, snapshot: str
    ) -> None:
        """Commit the finishing row; returns after at most `COMMIT_SECONDS`.

        The commit outlives the request: a client that leaves meanwhile cancels the
        waiting, not the row.
        """
        if x.recorded:
            return
        x.recorded = True
        self._routed(x)
        ending = _Ending(status, error, snapshot, self._clock.monotonic())
        saved = asyncio.get_running_loop().create_future()
        _ = spawn(self._record(x, ending, saved), f"record {x.call.id}")
        await saved

    async def _record(
        self, x: Exchange, ending: _Ending, saved: asyncio.Future[None]
    ) -> None:
        try:
            row = await self._commit(x, ending)
        finally:
            if not saved.done():
                saved.set_result(None)
        # The answer's last bytes have waited for the commit: they go first.
        await asyncio.sleep(0)
        self._tell(x, row)

    async def _commit(self, x: Exchange, ending: _Ending) -> Finished:
        project = await self._projects.label(x.call.peer, PROJECT_SECONDS)
        project = self._same_session(x.call.session, project)
        row = self._row(x, ending, project)
        await self._ledger.finish(row, COMMIT_SECONDS)
        return row

    def _tell(self, x: Exchange, row: Finished) -> None:
        self._on_finished(row.id)
        self._on_over(x)
        route_class = x.decision.route_class
        self.metrics.count(_Counted(route_class, row.mark, row.status, row.attempts))
        if row.mark == Mark.ESCALATION:
            self._tell_escalation(x)
        _log.info(
            "request finished",
            extra={
                "event": "request_finished",
                "request": row.id,
                "client": x.call.client,
                "route": x.route.name if x.route else None,
                "status": row.status,
                "error_kind": row.error_kind,
                "duration_ms": row.duration_ms,
            },
        )

    @staticmethod
    def _tell_escalation(x: Exchange) -> None:
        _log.info(
            "a stronger route than mode and intent ask for",
            extra={
                "event": "request_escalated",
                "request": x.call.id,
                "client": x.call.client,
                "route": x.route.name if x.route else None,
            },
        )

    def _same_session(self, session: str | None, project: str | None) -> str | None:
        """Return the project, or where none was found that of the session before.

        A short connection may be gone before its owner has been looked up.
        """
        if session is None:
            return project
        if project is None:
            return self._sessions.get(session)
        self._sessions[session] = project
        self._sessions.move_to_end(session)
        while len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)
        return project

    def _row(self, x: Exchange, ending: _Ending, project: str | None) -> Finished:
        route, now = x.route, self._clock.now()
        elapsed = ending.moment - x.call.arrived
        asked = x.decision.asked
        charged = charge(
            x,
            now - timedelta(seconds=elapsed),
            ending.snapshot,
            self._find(asked.route) if asked else None,
        )
        return Finished(
            id=x.call.id,
            run=self._run,
            time=now,
            duration_ms=milliseconds(elapsed),
            status=ending.status,
            project=project,
            provider=route.provider.id if route else None,
            model=route.model_id if route else None,
            lane=route.lane if route else None,
            billing=route.billing if route else None,
            attempts=charged.attempts,
            usage=charged.usage,
            price=charged.answer.price,
            price_snapshot=charged.answer.snapshot,
            cost_nano=charged.whole_nano,
            answer_cost_nano=charged.answer.nano,
            asked_cost_nano=charged.asked_nano,
            first_byte_ms=x.first_byte_ms,
            stop_reason=x.stop_reason,
            error_kind=ending.error,
            losses=tuple(each.name for each in x.losses),
            mark=_mark(x, route) if route else Mark.NONE,
        )


def _mark(x: Exchange, route: Route) -> Mark:
    """Return what ending on `route` meant for the request.

    What stands in for a stronger route than was asked for, as strong as that, is still
    more than was asked for.
    """
    first = next(iter(x.decision.choices), None)
    if first is None or first.mark is not Mark.ESCALATION:
        return x.mark
    beside = x.mark in {Mark.NONE, Mark.SAME_LANE}
    return Mark.ESCALATION if beside and route.tier == first.route.tier else x.mark
