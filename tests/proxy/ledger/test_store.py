"""The ledger as a gateway uses it: kills, restarts, locked files, two at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import ledger_rows
import pytest
import qasync

from proxy.keys import KeyRow, Scope
from proxy.ledger import Ledger, LedgerError, Status
from proxy.ledger.files import prepare

ROOT = Path(__file__).resolve().parents[3]

KEY = KeyRow(id="k", name="codex", scope=Scope.CALL, hash="h", created=ledger_rows.NOON)
# What a child process starts with: PATH is its first argument.
OPENING = """
import asyncio, itertools, os, resource, sys
sys.path[:0] = [{root!r}, {tests!r}]
import ledger_rows
from pathlib import Path
from proxy.ledger import Ledger

path, run = Path(sys.argv[1]), sys.argv[2]
ledger = Ledger.open(path, run, clock=ledger_rows.noon)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turnout.db"


def opened(path: Path, run: str | None = "run-a") -> Ledger:
    return Ledger.open(path, run, clock=ledger_rows.noon, version="0.1.0")


@contextmanager
def child(path: Path, run: str, script: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script that has a ledger open; its output can be read line by line."""
    opening = OPENING.format(root=str(ROOT), tests=str(ROOT / "tests"))
    words = [sys.executable, "-c", opening + textwrap.dedent(script), str(path), run]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ids(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as reader:
        rows = reader.execute("SELECT id FROM finished ORDER BY sequence").fetchall()
    return [row[0] for row in rows]


async def test_a_run_names_its_process(path: Path) -> None:
    ledger = opened(path)
    assert await ledger.finish(ledger_rows.finished("req-1"))
    (run,) = await ledger.open_runs()
    assert (run.id, run.pid, run.version) == ("run-a", os.getpid(), "0.1.0")
    assert run.started == ledger_rows.NOON
    await ledger.close()


async def test_a_command_that_serves_nothing_leaves_no_run(path: Path) -> None:
    ledger = opened(path, None)
    assert await ledger.recent() == ()
    assert await ledger.open_runs() == ()
    with pytest.raises(LedgerError, match="Only a gateway"):
        await ledger.recover(lambda run: True)
    await ledger.close()


async def test_routing_waits_for_nothing(path: Path) -> None:
    ledger = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for number in range(100):
            ledger.routed(ledger_rows.routed(f"req-{number}"))
        other.execute("ROLLBACK")
    assert ledger.unsaved == 0
    await ledger.close()


async def test_a_row_without_a_zone_is_a_fault_of_the_caller(path: Path) -> None:
    ledger = opened(path)
    naive = ledger_rows.NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        await ledger.finish(ledger_rows.finished("req-1", time=naive))
    await ledger.close()


async def test_a_client_that_leaves_during_the_commit_is_recorded(path: Path) -> None:
    ledger = opened(path)
    saving = asyncio.ensure_future(ledger.finish(ledger_rows.finished("req-1")))
    request = asyncio.ensure_future(asyncio.shield(saving))
    await asyncio.sleep(0)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert await saving
    assert ids(path) == ["req-1"]
    await ledger.close()


@pytest.mark.logs_trouble
async def test_a_file_locked_at_the_opening_is_written_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(file: Path, clock: object) -> tuple[str, ...]:
        raise sqlite3.OperationalError("database is locked")

    told = threading.Event()
    with monkeypatch.context() as patched:
        patched.setattr("proxy.ledger.store.prepare", short)
        ledger = Ledger.open(
            path,
            "run-a",
            lambda number: told.set() if number == 0 else None,
            clock=ledger_rows.noon,
        )
        (note,) = ledger.notes
        assert "cannot be written now" in note
        assert not await ledger.finish(ledger_rows.finished("req-1"))
        assert ledger.unsaved == 1
        with pytest.raises(LedgerError, match="cannot be read"):
            await ledger.recent()
        with pytest.raises(LedgerError, match="cannot be written"):
            await ledger.add_key(KEY)
        assert await ledger.recover(lambda run: True) == 0
    assert await asyncio.to_thread(told.wait, 10)
    assert ledger.unsaved == 0
    assert [each.id for each in await ledger.recent()] == ["req-1"]
    await ledger.close()


async def test_the_dead_are_finished_and_the_living_left_alone(path: Path) -> None:
    for run in ("run-dead", "run-alive"):
        other = opened(path, run)
        for number in range(3):
            other.routed(ledger_rows.routed(f"{run}-{number}", run=run))
        assert await other.finish(ledger_rows.finished(f"{run}-1", run=run))
        await other.close()
    ledger = opened(path, "run-new")
    ledger.routed(ledger_rows.routed("mine", run="run-new"))
    assert await ledger.finish(ledger_rows.finished("my-other", run="run-new"))
    assert await ledger.recover(lambda run: run != "run-alive") == 2
    events = {each.id: each for each in await ledger.recent()}
    dead = {"run-dead-0", "run-dead-1", "run-dead-2"}
    assert set(events) == dead | {"run-alive-1", "my-other"}
    lost = events["run-dead-2"]
    assert (lost.status, lost.error_kind) == (Status.INTERRUPTED, "interrupted")
    assert (lost.run, lost.client, lost.duration_ms) == (
        "run-dead",
        "claude-code",
        None,
    )
    assert (lost.cost_nano, lost.attempts, lost.losses) == (None, (), ())
    assert {run.id for run in await ledger.open_runs()} == {"run-alive", "run-new"}
    assert await ledger.recover(lambda run: run == "run-dead") == 0
    assert await ledger.recover(lambda run: run == "run-alive") == 2
    await ledger.close()


async def test_an_interrupted_request_keeps_the_route_that_was_chosen(
    path: Path,
) -> None:
    decision = (
        '{"chosen":"cloud/vendor/big-1","lane":"claude/premium","billing":"metered"}'
    )
    dead = opened(path, "run-dead")
    dead.routed(ledger_rows.routed("new", run="run-dead", decision=decision))
    dead.routed(ledger_rows.routed("old", run="run-dead"))
    for name, odd in (("none", '{"chosen":null}'), ("broken", "{"), ("bare", '"x"')):
        dead.routed(ledger_rows.routed(name, run="run-dead", decision=odd))
    await dead.close()
    ledger = opened(path, "run-new")
    assert await ledger.recover(lambda run: run == "run-dead") == 5
    events = {each.id: each for each in await ledger.recent()}
    new, old = events["new"], events["old"]
    assert (new.provider, new.model) == ("cloud", "vendor/big-1")
    assert (new.lane, new.billing) == ("claude/premium", "metered")
    assert new.fallback_chain == ("cloud/vendor/big-1",)
    assert (new.cost_nano, new.attempts) == (None, ())
    assert (old.provider, old.model) == ("anthropic", "claude-sonnet-5-5")
    assert (old.lane, old.billing) == (None, None)
    for name in ("none", "broken", "bare"):
        odd_one = events[name]
        assert (odd_one.provider, odd_one.model, odd_one.lane) == (None, None, None)
        assert odd_one.fallback_chain == ()
    await ledger.close()


@pytest.mark.logs_trouble
async def test_a_locked_file_does_not_keep_a_gateway_from_starting(
    path: Path,
) -> None:
    dead = opened(path, "run-dead")
    dead.routed(ledger_rows.routed("req-1", run="run-dead"))
    await dead.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ledger = opened(path, "run-new")
        assert await ledger.recover(lambda run: run == "run-dead") == 0
        assert ledger.unsaved > 0
        other.execute("ROLLBACK")
    assert await ledger.close() == 0
    ledger = opened(path, None)
    assert [each.status for each in await ledger.recent()] == ["interrupted"]
    assert [run.id for run in await ledger.open_runs()] == ["run-new"]
    await ledger.close()


async def test_two_that_recover_at_once_finish_each_request_once(path: Path) -> None:
    dead = opened(path, "run-dead")
    for number in range(20):
        dead.routed(ledger_rows.routed(f"req-{number}", run="run-dead"))
    await dead.close()
    both = [opened(path, "run-b"), opened(path, "run-c")]
    found = await asyncio.gather(
        *(each.recover(lambda run: run == "run-dead") for each in both)
    )
    assert sum(found) == 20
    assert sorted(ids(path)) == sorted(f"req-{n}" for n in range(20))
    for each in both:
        assert each.unsaved == 0
        await each.close()


def test_any_loop_can_wait(path: Path, qapp: object) -> None:
    async def serve() -> None:
        ledger = opened(path)
        done = await asyncio.gather(
            *(ledger.finish(ledger_rows.finished(f"req-{n}")) for n in range(20))
        )
        assert all(done)
        assert len(await ledger.recent()) == 20
        assert await ledger.close() == 0

    with qasync.QEventLoop(qapp) as loop:
        loop.run_until_complete(serve())


@pytest.mark.slow
def test_what_was_told_to_be_saved_survives_a_kill(path: Path) -> None:
    script = """
    async def serve():
        async def one(name):
            for number in itertools.count():
                request = f"{name}-{number}"
                ledger.routed(ledger_rows.routed(request, run=run))
                row = ledger_rows.finished(request, run=run)
                if await ledger.finish(row):
                    os.write(1, f"{request}\\n".encode())
        await asyncio.gather(*(one(name) for name in "abcdefgh"))
    asyncio.run(serve())
    """
    with child(path, "run-killed", script) as process:
        told = {line(process) for _ in range(500)}
        process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        rest = process.stdout.read()
        told |= {each for each in rest.split("\n")[:-1] if each}
        process.wait(10)
    prepare(path, ledger_rows.noon)
    recorded = ids(path)
    assert told <= set(recorded)
    assert len(recorded) == len(set(recorded))


@pytest.mark.slow
async def test_the_requests_of_a_killed_gateway_are_finished_by_the_next(
    path: Path,
) -> None:
    script = """
    async def serve():
        for number in range(10):
            ledger.routed(ledger_rows.routed(f"req-{number}", run=run))
        assert await ledger.finish(ledger_rows.finished("req-3", run=run))
        print("ready", flush=True)
        await asyncio.sleep(60)
    asyncio.run(serve())
    """
    with child(path, "run-killed", script) as process:
        assert await asyncio.to_thread(line, process) == "ready"
        ledger = opened(path, "run-next")
        assert await ledger.recover(lambda run: process.poll() is not None) == 0
        process.kill()
        await asyncio.to_thread(process.wait, 10)
        assert await ledger.recover(lambda run: process.poll() is not None) == 9
    events = {each.id: each.status for each in await ledger.recent()}
    assert events.pop("req-3") == "success"
    assert set(events.values()) == {"interrupted"}
    assert len(events) == 9
    await ledger.close()


@pytest.mark.slow
async def test_two_gateways_write_at_once(path: Path) -> None:
    script = """
    async def serve():
        print("ready", flush=True)
        sys.stdin.readline()
        async def one(name):
            for number in range(40):
                request = f"{name}-{number}"
                ledger.routed(ledger_rows.routed(request, run=run))
                row = ledger_rows.finished(request, run=run, project=f"p{number}")
                assert await ledger.finish(row)
        await asyncio.gather(*(one(f"{run}-{n}") for n in range(10)))
        assert ledger.unsaved == 0
        assert await ledger.close() == 0
        print("done", flush=True)
    asyncio.run(serve())
    """
    with child(path, "run-a", script) as old, child(path, "run-b", script) as new:
        both = (old, new)
        for each in both:
            assert await asyncio.to_thread(line, each) == "ready"
        for each in both:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        for each in both:
            assert await asyncio.to_thread(line, each) == "done"
    ledger = opened(path, None)
    spent = await ledger.spend(ledger_rows.NOON)
    assert spent.requests == 800
    with closing(sqlite3.connect(path)) as reader:
        labels = reader.execute("SELECT label FROM projects").fetchall()
    assert len(labels) == len(set(labels)) == 40
    await ledger.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX")
def test_a_file_that_may_not_grow_is_written_when_it_may(path: Path) -> None:
    script = """
    async def serve():
        assert await ledger.finish(ledger_rows.finished("req-0"))
        log = path.with_name("turnout.db-wal").stat().st_size
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log, hard))
        loop = asyncio.get_running_loop()
        for number in range(1, 20):
            began = loop.time()
            ledger.routed(ledger_rows.routed(f"req-{number}"))
            assert not await ledger.finish(ledger_rows.finished(f"req-{number}"))
            assert loop.time() - began < 1.5
        assert ledger.unsaved == 19
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        began = loop.time()
        while ledger.unsaved:
            assert loop.time() - began < 3
            await asyncio.sleep(0.02)
        assert await ledger.finish(ledger_rows.finished("req-20"))
        assert await ledger.close() == 0
        print("done", flush=True)
    asyncio.run(serve())
    """
    with child(path, "run-a", script) as process:
        assert line(process) == "done"
    assert ids(path) == [f"req-{n}" for n in range(21)]
