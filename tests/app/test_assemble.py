"""Wiring, start and stop of a gateway on the test's own loop."""

import asyncio
import contextlib
import json
import logging
import sqlite3
import threading
from pathlib import Path

import pytest
from ledger_rows import finished, noon, routed
from loopback import listeners, serving

from app import assemble
from app.assemble import Bell, Host, SystemClock, in_process, logging_to, serve
from app.logs import read_log
from app.paths import Paths, make_folders, paths_for
from app.runs import RunLock
from app.stopping import Stop
from proxy.ledger import Ledger, LedgerError

BODY: dict[str, object] = {
    "model": "practice",
    "max_tokens": 20,
    "messages": [{"role": "user", "content": "Hello"}],
}


@pytest.fixture
def paths(turnout_home: Path) -> Paths:
    found = paths_for({}, turnout_home)
    make_folders(found)
    return found


async def left_open(paths: Paths, run: str) -> None:
    """What a gateway leaves that is killed with one request in flight."""
    ledger = Ledger.open(paths.database, run, clock=noon)
    ledger.routed(routed("req_done", run=run))
    assert await ledger.finish(finished("req_done", run=run))
    ledger.routed(routed("req_open", run=run))
    assert await ledger.close() == 0


def newer(paths: Paths) -> None:
    with contextlib.closing(sqlite3.connect(paths.database)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute(f"PRAGMA application_id = {0x54524E4F}")


# --- a life ---------------------------------------------------------------------------


async def test_a_gateway_serves_and_leaves_nothing(turnout_home: Path) -> None:
    before = logging.getLogger().handlers[:]
    async with serving(turnout_home) as gateway:
        status, _, body = await gateway.post("/v1/messages", BODY)
        assert (status, json.loads(body)["type"]) == (200, "message")
        assert gateway.paths.config_file.exists()
        assert len(list(gateway.paths.runs.iterdir())) == 1
    assert list(gateway.paths.runs.iterdir()) == []
    assert not gateway.paths.control_socket.exists()
    assert [event.status for event in gateway.events()] == ["success"]
    assert logging.getLogger().handlers == before
    said = [line.event for line in read_log(gateway.paths.logs, 50).lines]
    assert said[0] == "gateway_started"
    assert said[-1] == "gateway_stopped"


async def test_ready_is_said_once_everything_listens(paths: Paths) -> None:
    stop, sockets, seen = Stop(), listeners(), []

    def ready() -> None:
        seen.append(paths.control_socket.is_socket())
        stop.stop()

    host = Host(ready, stop.supersede, stop.stop)
    await serve(paths, {}, sockets, stop, host)
    sockets[0].close()
    assert seen == [True]


async def test_a_ledger_of_a_newer_version_stops_the_start(paths: Paths) -> None:
    newer(paths)
    sockets, stop = listeners(), Stop()
    host = Host(lambda: pytest.fail("it was ready"), stop.supersede, stop.stop)
    with pytest.raises(LedgerError, match="newer Turnout"):
        await serve(paths, {}, sockets, stop, host)
    sockets[0].close()
    assert list(paths.runs.iterdir()) == []


async def test_a_door_that_cannot_open_closes_all_that_was_open(paths: Paths) -> None:
    paths.control_socket.mkdir()
    sockets, stop = listeners(), Stop()
    host = Host(lambda: pytest.fail("it was ready"), stop.supersede, stop.stop)
    with pytest.raises(FileExistsError, match="in the way"):
        await serve(paths, {}, sockets, stop, host)
    sockets[0].close()
    assert list(paths.runs.iterdir()) == []


@pytest.mark.logs_trouble
async def test_a_locked_ledger_does_not_stop_the_start(paths: Paths) -> None:
    await left_open(paths, "dead")
    lock = sqlite3.connect(paths.database, isolation_level=None)
    with contextlib.closing(lock):
        lock.execute("BEGIN EXCLUSIVE")
        stop, sockets, ready = Stop(), listeners(), asyncio.Event()
        host = Host(ready.set, stop.supersede, stop.stop)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(paths, {}, sockets, stop, host))
            async with asyncio.timeout(10):
                await ready.wait()
            lock.execute("ROLLBACK")
            stop.stop()
        sockets[0].close()
    runs = open_runs(paths)
    assert len(runs) == 1, "the row of this run, which was waiting, is there"


def open_runs(paths: Paths) -> list[tuple[str]]:
    with contextlib.closing(sqlite3.connect(paths.database)) as connection:
        return connection.execute(
            "SELECT id FROM runs WHERE id NOT IN (SELECT run FROM run_ends)"
        ).fetchall()


# --- what others left open ------------------------------------------------------------


async def test_what_a_dead_gateway_left_open_is_interrupted(paths: Paths) -> None:
    await left_open(paths, "dead")
    async with serving(paths.home or Path()) as gateway:
        told = {event.id: event.status for event in gateway.events()}
    assert told == {"req_done": "success", "req_open": "interrupted"}


async def test_what_a_living_gateway_has_open_is_its_own(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "OTHERS_SECONDS", 0.02)
    await left_open(paths, "beef")
    lock = RunLock(paths.runs, "beef")
    async with serving(paths.home or Path()) as gateway:
        await asyncio.sleep(0.1)
        assert [event.id for event in gateway.events()] == ["req_done"]
        lock.release()  # as at its death, in the middle of its drain
        async with asyncio.timeout(5):
            while len(gateway.events()) < 2:  # noqa: ASYNC110 - the ledger's thread
                await asyncio.sleep(0.02)
        assert gateway.events()[0].status == "interrupted"


# --- without a gateway ----------------------------------------------------------------


async def test_a_command_has_all_but_a_gateway(paths: Paths) -> None:
    paths.config_file.write_text("[gateway]\nport = 8799\n")
    async with in_process(paths, {}) as services:
        assert services.gateway is None
        assert services.state is None
        assert services.config.current.settings.port == 8799
        assert await services.ledger.recent() == ()
        assert services.clock.now().tzinfo is not None
    assert open_runs(paths) == [], "a command is no run of a gateway"


async def test_an_unusable_ledger_says_why_to_who_asks(paths: Paths) -> None:
    newer(paths)
    async with in_process(paths, {}) as services:
        assert services.config.current.settings.port == 8787
        with pytest.raises(LedgerError, match="newer Turnout"):
            await services.ledger.recent()
        with pytest.raises(LedgerError, match="newer Turnout"):
            await services.ledger.keys()


# --- parts ----------------------------------------------------------------------------


def test_the_log_is_masked_and_then_let_go(paths: Paths) -> None:
    log = logging.getLogger("app.test")
    with logging_to(paths, lambda text: text.replace("secret", "***")):
        log.info("a secret word", extra={"event": "told"})
    log.info("nobody hears this")
    (line,) = read_log(paths.logs, 50).lines
    assert (line.event, line.detail) == ("told", "a *** word")


async def test_the_bell_rings_on_the_loop() -> None:
    bell, rung = Bell(), asyncio.Event()
    bell.ring(1)
    bell.hang(rung.set)
    thread = threading.Thread(target=bell.ring, args=(1,))
    thread.start()
    async with asyncio.timeout(5):
        await rung.wait()
    thread.join()


def test_a_bell_of_a_closed_loop_is_silent() -> None:
    async def make() -> Bell:
        bell = Bell()
        bell.hang(lambda: pytest.fail("it rang"))
        return bell

    asyncio.run(make()).ring(1)


def test_the_clock_knows_utc_and_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() is not None
    assert clock.monotonic() <= clock.monotonic()
