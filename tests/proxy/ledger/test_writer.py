"""The writing thread: batches, trouble, order, waiters and idleness."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import ledger_rows
import pytest

from proxy.ledger.files import prepare, writer_connection
from proxy.ledger.statements import Table, finished_values, routed_values
from proxy.ledger.writer import Entry, Writer

Connect = Callable[[], sqlite3.Connection]


class Count:
    """The number of unsaved rows as a writer tells it, to be waited for."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self._changed = threading.Condition()

    def __call__(self, number: int) -> None:
        with self._changed:
            self.told.append(number)
            self._changed.notify_all()

    def reaches(self, number: int) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: self.told[-1:] == [number], timeout=10
            )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "turnout.db"
    prepare(made, ledger_rows.noon)
    return made


@pytest.fixture
def connect(path: Path) -> Connect:
    """Opens connections that do not wait for a lock."""

    def opened() -> sqlite3.Connection:
        connection = writer_connection(path)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    return opened


@pytest.fixture
def count() -> Count:
    return Count()


@pytest.fixture
def writer(connect: Connect, count: Count) -> Iterator[Writer]:
    made = Writer(connect, on_unsaved=count)
    made.start()
    yield made
    made.close(5)


def finished(request: str, **changes: object) -> Entry:
    row = ledger_rows.finished(request, **changes)
    return Entry(Table.FINISHED, finished_values(row))


def routed(request: str) -> Entry:
    return Entry(Table.ROUTED, routed_values(ledger_rows.routed(request)))


def ids(path: Path, table: str = "finished") -> list[str]:
    with closing(sqlite3.connect(path)) as reader:
        rows = reader.execute(f"SELECT id FROM {table} ORDER BY sequence").fetchall()
    return [row[0] for row in rows]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


async def test_a_saved_row_is_on_disk(writer: Writer, path: Path) -> None:
    assert await writer.save(finished("req-1"), 5)
    assert ids(path) == ["req-1"]
    assert writer.unsaved == 0


async def test_rows_of_one_moment_share_commits(path: Path, count: Count) -> None:
    commits = []

    def connect() -> sqlite3.Connection:
        connection = writer_connection(path)
        connection.set_trace_callback(
            lambda statement: (
                commits.append(statement) if statement == "COMMIT" else None
            )
        )
        return connection

    writer = Writer(connect)
    rows = [writer.save(finished(f"req-{n}"), 5) for n in range(300)]
    tasks = asyncio.gather(*rows)
    await asyncio.sleep(0)  # all of them are queued before the thread starts
    writer.start()
    assert all(await tasks)
    assert writer.close(5) == 0
    assert len(commits) == 2
    assert ids(path) == [f"req-{n}" for n in range(300)]


async def test_waiters_of_a_batch_are_woken_by_one_call(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    calls = []
    real = loop.call_soon_threadsafe

    def counted(callback: Callable[..., object], *args: object) -> object:
        calls.append(callback)
        return real(callback, *args)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    writer = Writer(connect)
    tasks = asyncio.gather(*(writer.save(finished(f"req-{n}"), 5) for n in range(50)))
    await asyncio.sleep(0)
    writer.start()
    assert all(await tasks)
    assert len(calls) == 1
    writer.close(5)


def test_loops_of_several_threads_can_wait(writer: Writer, path: Path) -> None:
    outcomes: dict[str, bool] = {}

    def serve(request: str) -> None:
        outcomes[request] = asyncio.run(writer.save(finished(request), 5))

    several = [threading.Thread(target=serve, args=(f"req-{n}",)) for n in range(4)]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join(10)
    assert outcomes == {f"req-{n}": True for n in range(4)}
    assert sorted(ids(path)) == sorted(outcomes)


async def test_a_second_row_of_one_request_spoils_nothing(
    writer: Writer, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await writer.save(finished("req-1"), 5)
    outcomes = await asyncio.gather(
        writer.save(finished("req-2"), 5),
        writer.save(finished("req-1", provider="secret-name"), 5),
        writer.save(finished("req-3"), 5),
        writer.save(finished("req-3"), 5),
    )
    assert list(outcomes) == [True, False, True, False]
    assert ids(path) == ["req-1", "req-2", "req-3"]
    assert writer.unsaved == 0
    refused = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert len(refused) == 2
    assert "secret-name" not in caplog.text


@pytest.mark.logs_trouble
async def test_a_row_sqlite_cannot_hold_spoils_nothing(
    writer: Writer, path: Path
) -> None:
    odd = Entry(Table.FINISHED, ("p", 2**70, *finished("x").values[2:]))
    outcomes = await asyncio.gather(
        writer.save(finished("req-1"), 5),
        writer.save(odd, 5),
        writer.save(finished("req-2"), 5),
    )
    assert list(outcomes) == [True, False, True]
    assert ids(path) == ["req-1", "req-2"]


@pytest.mark.logs_trouble
async def test_a_locked_file_lets_answers_go_and_is_caught_up_with(
    writer: Writer, path: Path, count: Count
) -> None:
    with locked(path):
        assert not await writer.save(finished("req-0"), 1)
        for number in range(1, 600):
            writer.put(routed(f"req-{number}"))
            assert not await writer.save(finished(f"req-{number}"), 1)
        assert writer.unsaved == 600
        assert ids(path) == []
    assert await asyncio.to_thread(count.reaches, 0)
    assert ids(path) == [f"req-{n}" for n in range(600)]
    assert ids(path, "routed") == [f"req-{n}" for n in range(1, 600)]
    assert await writer.save(finished("later"), 5)
    assert writer.unsaved == 0


async def test_a_commit_that_takes_long_lets_the_answer_go(
    path: Path, count: Count
) -> None:
    writer = Writer(lambda: writer_connection(path), on_unsaved=count)
    writer.start()
    with locked(path):  # this writer waits two seconds for the lock
        began = time.monotonic()
        assert not await writer.save(finished("req-1"), 0.05)
        assert time.monotonic() - began < 1
        assert writer.unsaved == 1
    assert await asyncio.to_thread(count.reaches, 0)
    assert ids(path) == ["req-1"]
    assert count.told == [1, 0]
    writer.close(5)


@pytest.mark.logs_trouble
async def test_a_full_disk_lets_answers_go_and_is_caught_up_with(
    path: Path, count: Count
) -> None:
    opened: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        connection = writer_connection(path)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        opened.append(connection)
        return connection

    writer = Writer(connect, on_unsaved=count)
    writer.start()
    outcomes = [await writer.save(finished(f"req-{n:03}"), 5) for n in range(100)]
    there = outcomes.index(False)
    assert 0 < there < 100
    assert not any(outcomes[there:])
    assert writer.unsaved == 100 - there
    assert len(ids(path)) == there
    opened[-1].execute("PRAGMA max_page_count = 100000")
    assert await asyncio.to_thread(count.reaches, 0)
    assert ids(path) == [f"req-{n:03}" for n in range(100)]
    assert len(opened) == 1
    writer.close(5)


@pytest.mark.logs_trouble
async def test_a_file_that_cannot_be_opened_is_tried_again(
    path: Path, count: Count
) -> None:
    failures = [PermissionError("no"), sqlite3.OperationalError("no")]

    def connect() -> sqlite3.Connection:
        if failures:
            raise failures.pop()
        return writer_connection(path)

    writer = Writer(connect, on_unsaved=count)
    writer.start()
    assert not await writer.save(finished("req-1"), 5)
    assert await asyncio.to_thread(count.reaches, 0)
    assert ids(path) == ["req-1"]
    writer.close(5)


@pytest.mark.logs_trouble
async def test_after_an_input_output_error_the_connection_is_a_fresh_one(
    path: Path, count: Count
) -> None:
    opened: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        opened.append(writer_connection(path))
        if len(opened) == 1:
            opened[0].execute("PRAGMA query_only = 1")  # READONLY: not a passing fault
        return opened[-1]

    writer = Writer(connect, on_unsaved=count)
    writer.start()
    assert not await writer.save(finished("req-1"), 5)
    assert await asyncio.to_thread(count.reaches, 0)
    assert len(opened) == 2
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
    writer.close(5)


async def test_a_full_queue_loses_the_oldest_and_counts_them(
    connect: Connect, path: Path, count: Count, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(connect, on_unsaved=count, capacity=10)
    writer.start()
    with locked(path):
        for number in range(25):
            assert not await writer.save(finished(f"req-{number}"), 5)
        assert writer.lost == 15
        assert writer.unsaved == 10
    assert await asyncio.to_thread(count.reaches, 0)
    assert ids(path) == [f"req-{n}" for n in range(15, 25)]
    assert "queue is full" in caplog.text
    writer.close(5)


async def test_the_row_of_a_cancelled_request_is_written(
    connect: Connect, path: Path
) -> None:
    writer = Writer(connect)
    task = asyncio.ensure_future(writer.save(finished("req-1"), 5))
    other = asyncio.ensure_future(writer.save(finished("req-2"), 5))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    writer.start()
    assert await other
    assert writer.unsaved == 0
    assert ids(path) == ["req-1", "req-2"]
    writer.close(5)


def test_a_loop_that_has_ended_is_no_trouble(connect: Connect, path: Path) -> None:
    writer = Writer(connect)

    async def leave() -> None:
        entry = finished("req-1")
        entry.waiter = asyncio.get_running_loop().create_future()
        writer.put(entry)

    asyncio.run(leave())
    writer.start()
    assert writer.close(5) == 0
    assert ids(path) == ["req-1"]


def test_closing_writes_what_waits(connect: Connect, path: Path) -> None:
    writer = Writer(connect)
    writer.put(*(finished(f"req-{n}") for n in range(1000)))
    writer.start()
    assert writer.close(10) == 0
    assert len(ids(path)) == 1000


@pytest.mark.logs_trouble
def test_closing_in_trouble_tells_how_many_are_left(
    connect: Connect, path: Path
) -> None:
    writer = Writer(connect)
    writer.start()
    with locked(path):
        writer.put(finished("req-1"), finished("req-2"))
        assert writer.close(5) == 2
    assert ids(path) == []


async def test_the_log_is_folded_in_when_it_is_quiet(
    writer: Writer, path: Path
) -> None:
    assert await writer.save(finished("req-1"), 5)
    folded = False
    deadline = time.monotonic() + 10
    while not folded and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        folded = b"req-1" in path.read_bytes()  # noqa: ASYNC240 - a small file
    assert folded


async def test_an_idle_writer_sleeps_without_a_timer(writer: Writer) -> None:
    assert await writer.save(finished("req-1"), 5)
    waits: list[float | None] = []
    asleep = threading.Event()
    real = writer._changed.wait

    def wait(timeout: float | None = None) -> bool:
        waits.append(timeout)
        if timeout is None:
            asleep.set()
        return real(timeout)

    writer._changed.wait = wait  # type: ignore[method-assign]
    assert await writer.save(finished("req-2"), 5)
    assert await asyncio.to_thread(asleep.wait, 10)
    assert waits[-1] is None
