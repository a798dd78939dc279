"""Wires everything: environment and files in, one frozen `Services` out.

The start and stop order of a gateway stands here and nowhere else. It knows no Qt and
no particular loop: under the keeper, inside the tray and in tests it is the same
coroutine.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets as random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn, cast

from app.around import surroundings
from app.consenting import journal_of, settle_at_start
from app.control import serve_control
from app.drift_watch import DriftWatch
from app.gateway import Gateway, limits
from app.identity import command_path, version
from app.kept import KeptHealth, load_health
from app.learned import keep_learned, read_learned
from app.live import LiveState, Sources
from app.logs import LogWriter
from app.runs import RunLock, is_dead
from app.services import Services
from app.settings import ConfigStore
from app.stopping import PLANNED_SECONDS
from proxy.classes import shipped_rules
from proxy.counting import Estimator
from proxy.health import Health
from proxy.items import ItemStore
from proxy.ledger import Ledger, LedgerError
from proxy.pins import Pins
from proxy.pipeline import Parts, Pipeline
from proxy.preparation import Memory
from proxy.profiles import shipped_profiles
from proxy.projects import Projects
from proxy.recorder import Recorder
from proxy.reports import SpendReport
from proxy.secrets import Secrets
from proxy.server import GatewayServer
from proxy.sessions import Sessions
from proxy.survey import Surveyor
from proxy.tasks import spawn
from proxy.upstream import Upstream

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from app.paths import Paths
    from app.stopping import Stop

OTHERS_SECONDS = 2.0
"""Time between two looks at gateways that lived when this one started."""

REWIRING_SECONDS = 5.0
"""Time that connecting clients again is given where Turnout is told to end."""

_log = logging.getLogger(__name__)


class SystemClock:
    """The machine's clocks; the only place that reads them."""

    def now(self) -> datetime:
        """Return the wall clock's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Host:
    """What differs between the arrangements a gateway runs in.

    `restart` asks whoever started this gateway for a planned restart, `stop_all` for
    an end; `ready` is called once every socket listens.
    """

    ready: Callable[[], None]
    restart: Callable[[], None]
    stop_all: Callable[[], None]


@contextlib.asynccontextmanager
async def in_process(
    paths: Paths, environ: Mapping[str, str], *, only_look: bool = False
) -> AsyncIterator[Services]:
    """Give the services of a process without a gateway: files, no sockets.

    With `only_look` a home that was never used stays so: its record is empty.
    """
    clock = SystemClock()
    config = ConfigStore(paths)
    config.load()
    if only_look and not paths.database.exists():
        ledger = cast("Ledger", _EmptyLedger())
    else:
        ledger = _ledger_or_why_not(paths, clock)
    secrets = Secrets(environ)
    await secrets.prefetch(p.key for p in config.current.providers)
    try:
        yield Services(
            paths=paths,
            config=config,
            ledger=ledger,
            secrets=secrets,
            clock=clock,
            state=None,
            gateway=None,
            version=version(),
            command_path=command_path(),
            surroundings=surroundings(environ),
        )
    finally:
        if isinstance(ledger, Ledger):
            await ledger.close()


class _NoLedger:
    """Stands in for a ledger that cannot be opened: it says why when it is asked.

    So the commands that need no ledger work, `logs` above all.
    """

    def __init__(self, why: str) -> None:
        self._why = why

    def __getattr__(self, name: str) -> NoReturn:
        raise LedgerError(self._why)


class _EmptyLedger:
    """Stands in for a ledger that nobody has begun yet; it can only be read."""

    notes: tuple[str, ...] = ()
    lost = 0

    async def recent(self, limit: int = 50, since: str | None = None) -> tuple[()]:
        """Return no requests."""
        del limit, since
        return ()

    async def event(self, request: str) -> None:
        """Know no request."""

    async def decision(self, request: str) -> None:
        """Know no decision."""

    async def spend(self, since: datetime) -> SpendReport:
        """Return that nothing was spent."""
        del since
        return SpendReport()

    async def keys(self) -> tuple[()]:
        """Return no keys."""
        return ()

    async def consents(self) -> tuple[()]:
        """Return no consents."""
        return ()


def _ledger_or_why_not(paths: Paths, clock: SystemClock) -> Ledger:
    try:
        return Ledger.open(paths.database, None, clock=clock.now, version=version())
    except LedgerError as error:
        return cast("Ledger", _NoLedger(str(error)))


@contextlib.contextmanager
def logging_to(paths: Paths, redact: Callable[[str], str]) -> Iterator[None]:
    """Send our rooms' log lines to the log folder while the block runs."""
    handler = LogWriter(paths.logs, redact)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()


async def serve(
    paths: Paths,
    environ: Mapping[str, str],
    sockets: Sequence[socket.socket],
    stop: Stop,
    host: Host,
) -> None:
    """Serve on listening sockets until `stop` is asked, then drain and close.

    Start: configuration, ledger, keys, sites, control socket, ready. Stop: the sites,
    the control socket, open streams, then what they used, the ledger last. Raises
    `LedgerError` and `OSError` where it cannot start at all.
    """
    clock, run = SystemClock(), random.token_hex(8)
    config = ConfigStore(paths)
    config.write_first_config()
    config.load()
    secrets = Secrets(environ)
    bell = Bell()
    with contextlib.ExitStack() as stack:
        stack.enter_context(logging_to(paths, secrets.redact))
        lock = RunLock(paths.runs, run)
        stack.callback(lock.release)
        ledger = Ledger.open(
            paths.database, run, bell.ring, clock=clock.now, version=version()
        )
        try:
            await secrets.prefetch(p.key for p in config.current.providers)
            # Rows of dead gateways first: the first snapshot shall be true.
            await ledger.recover(lambda other: is_dead(paths.runs, other))
            base = Base(paths, environ, config, secrets, ledger, clock, run)
            gateway = _gateway(base, stop, host, sockets)
            bell.hang(gateway.live.moved)
            await _run(gateway, sockets, stop, host, base)
        finally:
            left = await ledger.close()
            if left:
                _log.error("%d records could not be written before the end", left)


@dataclass(frozen=True, slots=True)
class Base:
    """What a gateway is built on: places, files and clocks, all opened."""

    paths: Paths
    environ: Mapping[str, str]
    config: ConfigStore
    secrets: Secrets
    ledger: Ledger
    clock: SystemClock
    run: str


def _gateway(
    base: Base, stop: Stop, host: Host, sockets: Sequence[socket.socket]
) -> Gateway:
    """Build the serving parts; nothing listens yet."""
    port = sockets[0].getsockname()[1]
    health = Health()
    # Made first: what another gateway writes after this is seen to be new.
    kept = KeptHealth(base.paths.kept_health, health)
    load_health(base.paths.kept_health, health, base.clock.now().timestamp())
    projects = Projects()
    upstream = Upstream(base.environ, limits(base.config.current.settings))
    gateway = Gateway(
        config=base.config,
        secrets=base.secrets,
        ledger=base.ledger,
        upstream=upstream,
        projects=projects,
        clock=base.clock,
        host=host,
        stop=stop,
        command=command_path(),
        port=port,
    )
    recorder = Recorder(
        base.ledger,
        base.clock,
        base.run,
        projects,
        gateway.request_finished,
        gateway.route_of,
        gateway.request_over,
    )
    gateway.metrics = recorder.metrics
    learned = Estimator(read_learned(base.paths.learned_counts))
    memory = Memory(ItemStore(base.clock.monotonic), learned, Pins())
    parts = Parts(
        upstream=upstream,
        recorder=recorder,
        secrets=base.secrets,
        clock=base.clock,
        health=health,
        memory=memory,
        surveyor=Surveyor(Sessions(), shipped_profiles(), shipped_rules()),
        projects=projects,
        chance=random.SystemRandom().random,
    )
    gateway.estimator = learned
    gateway.condition = health
    gateway.kept = kept
    gateway.pipeline = Pipeline(gateway.pipeline_config(), parts)
    gateway.server = GatewayServer(gateway.pipeline, gateway.site())
    gateway.live = LiveState(
        Sources(
            version=version(),
            port=port,
            config=lambda: gateway.pipeline.config,
            problems=gateway.problems,
            mode_note=lambda: base.config.current.mode_note,
            open_requests=lambda: gateway.server.open_requests,
            command=command_path(),
            wirings=lambda: gateway.wired.wirings,
            on_quit=lambda: base.config.current.settings.on_quit,
        ),
        base.ledger,
        health,
        base.clock,
    )
    gateway.services = Services(
        paths=base.paths,
        config=base.config,
        ledger=base.ledger,
        secrets=base.secrets,
        clock=base.clock,
        state=gateway.live,
        gateway=gateway,
        version=version(),
        command_path=command_path(),
        surroundings=surroundings(base.environ),
    )
    gateway.wired = DriftWatch(journal_of(gateway.services), port, command_path())
    return gateway


async def _run(
    gateway: Gateway,
    sockets: Sequence[socket.socket],
    stop: Stop,
    host: Host,
    base: Base,
) -> None:
    """Start in order, serve, stop in order; what failed to start is closed, too."""
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(gateway.projects.close)
        stack.push_async_callback(gateway.upstream.close)
        stack.callback(gateway.found.close)
        await gateway.reload_keys()
        await gateway.live.refresh()
        await settle_at_start(gateway.services)
        # Before the first request: what runs elsewhere must not pass for local.
        await gateway.look_around()
        await gateway.wired.look()
        stack.push_async_callback(gateway.server.close)
        await gateway.server.start(sockets)
        control = await serve_control(
            gateway.services, gateway.services.paths.control_socket
        )
        watchers = (
            spawn(gateway.watch_config(), "config"),
            spawn(gateway.watch_wirings(), "drift"),
            spawn(_finish_for_others(gateway, base), "other runs"),
        )
        _log.info("gateway started", extra={"event": "gateway_started"})
        host.ready()
        rewiring = spawn(gateway.wire_again(), "wirings")
        try:
            await stop.asked.wait()
        finally:
            for watcher in watchers:
                watcher.cancel()
            gateway.live.stop()
            # What is half written is finished; a thread cannot be cancelled anyway.
            await asyncio.wait({rewiring}, timeout=REWIRING_SECONDS)
            rewiring.cancel()
            await gateway.kept.hand_over(base.clock.now().timestamp())
            await gateway.server.stop_accepting()
            await control.stop()
            await _drain(gateway, stop)
            keep_learned(base.paths.learned_counts, gateway.estimator.exported())
            gateway.kept.last()
    _log.info("gateway stopped", extra={"event": "gateway_stopped"})


async def _drain(gateway: Gateway, stop: Stop) -> None:
    """Let open streams end: patiently where a new gateway serves, else for a while."""
    if not stop.stopped.is_set():
        await gateway.server.drain(PLANNED_SECONDS, stop.stopped)
    if stop.stopped.is_set():
        settings = gateway.services.config.current.settings
        await gateway.server.drain(settings.drain_seconds, stop.hurry)
    await gateway.server.break_off()


async def _finish_for_others(gateway: Gateway, base: Base) -> None:
    """Finish what a gateway leaves open that drains beside this one, should it die.

    Also what could not be finished at the start because the ledger was locked.
    """
    others = True
    while others:
        await asyncio.sleep(OTHERS_SECONDS)
        if await base.ledger.recover(lambda other: is_dead(base.paths.runs, other)):
            gateway.live.request_finished()
        with contextlib.suppress(LedgerError):
            runs = await base.ledger.open_runs()
            others = any(run.id != base.run for run in runs)


class Bell:
    """Carries a signal from the ledger's thread to whoever listens on the loop."""

    def __init__(self) -> None:
        """Belong to the running loop; ring in vain until `hang`."""
        self._loop = asyncio.get_running_loop()
        self._answer: Callable[[], None] | None = None

    def hang(self, answer: Callable[[], None]) -> None:
        """Call `answer` on the loop from now on."""
        self._answer = answer

    def ring(self, count: int) -> None:
        """Signal that the number of waiting records is now `count`; any thread."""
        del count
        if self._answer is not None:
            # The loop may be closed already while the last rows are written.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._answer)
