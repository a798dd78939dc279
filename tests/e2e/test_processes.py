"""The processes of one home: killed, restarted, stopped, started twice, under load."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from e2e.gateway import TURNOUT
from e2e.house import House, ended, house, kill, until
from e2e.load import PATHS, Outcome, ask, fresh, kept, load
from upstream import Answer, Pause, Reply, ScriptedUpstream, Seen, Step, in_thread, say
from upstream.reply import held_after, held_before_headers, paced

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

QUICK = "drain_seconds = 1"
AWAY = 2.0  # seconds until a killed gateway's successor must have answered


def busy(seen: Seen) -> Step:
    """An answer of a dozen events that takes a moment, so that kills hit streams."""
    text = "a dozen words that a model says one after the other, slowly, as it does"
    return replace(say(text), change=lambda reply: paced(reply, 0.004))


def held(seen: Seen) -> Step:
    """An answer that begins and then waits for the test."""
    return replace(say("at last it ends"), change=lambda reply: held_after(reply, 4))


def endless(seen: Seen) -> Step:
    """An answer that begins and goes on for longer than any test."""

    def change(reply: Reply) -> Reply:
        return replace(reply, chunks=(*reply.chunks[:4], Pause(60.0)))

    return replace(say("this will never end"), change=change)


def soon(seen: Seen) -> Step:
    """An answer that ends within a drain of a second."""
    answer: Answer = say("just in time")

    def change(reply: Reply) -> Reply:
        return replace(reply, chunks=(*reply.chunks[:4], Pause(0.5), *reply.chunks[4:]))

    return replace(answer, change=change)


@pytest.fixture
def provider() -> Iterator[ScriptedUpstream]:
    """A provider whose answers take a moment."""
    served = ScriptedUpstream(busy)
    with in_thread(served):
        yield served


@pytest.fixture
def home(base: Path, provider: ScriptedUpstream) -> Iterator[House]:
    """A house with a provider; nothing runs yet."""
    with house(base, provider.url, QUICK) as made:
        yield made


async def ask_alone(home: House, one: Outcome) -> Outcome:
    """One request on a connection of its own."""
    async with fresh() as session:
        return await ask(session, home.url, home.headers, one)


async def open_stream(
    home: House, protocol: str, tasks: asyncio.TaskGroup
) -> tuple[Outcome, asyncio.Task[Outcome]]:
    """A stream that has begun."""
    one = Outcome(protocol, True, time.monotonic())
    task = tasks.create_task(ask_alone(home, one))
    await one.begun.wait()
    assert not one.broken
    return one, task


def says_exactly_once(home: House, outcomes: list[Outcome]) -> None:
    """Every whole answer has one row, of a success; nothing is left open."""
    rows = Counter(row["id"] for row in home.rows())
    good = {row["id"] for row in home.rows() if row["status"] == "success"}
    whole = [one.id for one in outcomes if one.complete]
    assert whole
    assert [one for one in whole if rows[one] != 1] == []
    assert [one for one in whole if one not in good] == []
    assert set(rows.values()) == {1}
    assert home.unfinished() == []


# --- the gateway is killed ------------------------------------------------------------


async def test_killed_gateways_lose_nothing_they_answered(home: House) -> None:
    process = home.serve()
    headers = home.headers
    away: list[float] = []
    async with fresh() as session, load(session, home.url, headers, 8) as outcomes:
        for age in (0.2, 2.2, 0.2, 0.2, 0.2):
            # Five that live for under two seconds in a row would be slowed down.
            await asyncio.sleep(age)
            before = home.gateway()
            kill(before)
            killed = time.monotonic()
            one = Outcome("messages", False, killed)
            await ask(session, home.url, headers, one)
            assert one.complete, one
            away.append(one.seconds)
            await asyncio.to_thread(home.next_gateway, before)
    print(f"kill to first answer: {sorted(round(one, 3) for one in away)}")
    assert max(away) < AWAY
    broken = [one for one in outcomes if not one.complete]
    print(f"{len(outcomes)} requests, {len(broken)} broken")
    assert 0 < len(broken) <= 8 * 5
    assert [one.broken for one in broken if "Connect call failed" in one.broken] == []
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    says_exactly_once(home, outcomes)
    told = {row["id"]: row["status"] for row in home.rows()}
    unknown = [one for one in broken if one.id and one.id not in told]
    # A row takes a moment to its commit; what is killed in it was not answered.
    assert [one for one in unknown if one.seconds > 0.1] == []
    found = {told[one.id] for one in broken if one.id in told}
    assert "interrupted" in found
    # A kill can fall between a row and the last bytes of its answer; an answer that
    # is whole although its connection broke is on record like any other (see above).
    assert found <= {"interrupted", "success"}
    home.clean()


# --- a planned restart ----------------------------------------------------------------


async def test_planned_restarts_are_not_noticed(
    home: House, provider: ScriptedUpstream
) -> None:
    process = home.serve()
    headers, url = home.headers, home.url
    async with asyncio.TaskGroup() as tasks:
        provider.push(held, held, held)
        streams = [await open_stream(home, protocol, tasks) for protocol in PATHS]
        first = home.gateway()
        async with (
            fresh() as each,
            kept() as same,
            load(each, url, headers, 4) as asked,
            load(same, url, headers, 4) as asked_on,
        ):
            await asyncio.sleep(0.3)
            assert "new gateway" in await asyncio.to_thread(home.say, "restart")
            second = await asyncio.to_thread(home.next_gateway, first)
            await asyncio.sleep(0.3)
            process.send_signal(signal.SIGHUP)
            third = await asyncio.to_thread(home.next_gateway, first, second)
            await asyncio.sleep(0.3)
        asked += asked_on
        worst = max(one.seconds for one in asked)
        print(f"{len(asked)} requests, the slowest {worst:.3f} s")
        assert [one for one in asked if not one.complete] == []
        assert worst < 1.0
        # The door leads to the newest; the first still serves what it began.
        status = json.loads(await asyncio.to_thread(home.say, "status", "--json"))
        assert status["snapshot"]["pid"] == third
        await asyncio.to_thread(until, lambda: home.gateways() == {first, third})
        assert home.unfinished()
        provider.release()
        ends = [await task for _, task in streams]
    assert all(one.complete and not one.told for one in ends)
    await asyncio.to_thread(until, lambda: home.gateways() == {third})
    says_exactly_once(home, [*asked, *ends])
    runs = {row["id"]: row["run"] for row in home.rows()}
    pids = {row["id"]: row["pid"] for row in home.query("SELECT id, pid FROM runs")}
    assert {pids[runs[one.id]] for one in ends} == {first}
    assert {row["status"] for row in home.rows()} == {"success"}
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    home.clean()


async def test_a_drained_gateway_that_dies_leaves_no_open_row(
    home: House, provider: ScriptedUpstream
) -> None:
    process = home.serve()
    async with asyncio.TaskGroup() as tasks:
        provider.push(held)
        one, task = await open_stream(home, "messages", tasks)
        first = home.gateway()
        process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(home.next_gateway, first)
        kill(first)
        await task
    assert not one.complete
    # The gateway that serves was there before the other died: it has to look again.
    await asyncio.to_thread(until, lambda: not home.unfinished())
    assert [row["status"] for row in home.rows()] == ["interrupted"]
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0


def test_a_restart_that_fails_leaves_the_old_gateway(home: House) -> None:
    process = home.serve()
    first = home.gateway()
    set_version(home, 99)
    home.say("restart")
    until(lambda: "goes on" in (home.home / "logs" / "keeper.log").read_text())
    assert home.gateway() == first
    assert home.ask("/health").status == 200
    assert "newer Turnout" in home.say("logs")
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0


# --- a gateway that cannot start ------------------------------------------------------


def set_version(home: House, version: int) -> None:
    """Make the ledger one of another version."""
    with contextlib.closing(sqlite3.connect(home.home / "turnout.db")) as connection:
        connection.execute(f"PRAGMA user_version = {version}")


def test_a_gateway_that_cannot_start_is_told_in_words(home: House) -> None:
    process = home.serve()
    headers = home.headers
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    set_version(home, 99)
    home.log.write_bytes(b"")
    process = home.begin()
    until(lambda: home.keeper().get("failures", 0) >= 3)
    for path in PATHS.values():
        said = home.ask(path, b"{}", **headers)
        assert (said.status, said.headers["x-should-retry"]) == (503, "false")
        message = json.loads(said.body)["error"]["message"]
        assert f"`{TURNOUT} logs`" in message
        for setting in ("ANTHROPIC_BASE_URL", "--profile turnout", "opencode"):
            assert setting in message
    told = home.say("logs")
    assert "newer Turnout" in told
    shown = home.log.read_text()
    assert "newer Turnout" in shown
    assert "Traceback" not in shown + told
    # The keeper tries again by itself once the reason is gone.
    set_version(home, 1)
    began = time.monotonic()
    until(lambda: home.keeper()["ready"])
    assert home.ask("/health").status == 200
    print(f"back {time.monotonic() - began:.2f} s after the reason was gone")
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    home.clean()


def test_packages_in_the_working_folder_are_not_ours(home: House) -> None:
    strange = home.base / "project"
    for room in ("app", "proxy", "resources"):
        (strange / room).mkdir(parents=True)
        (strange / room / "__init__.py").write_text("raise SystemExit('strange')")
    process = home.serve(cwd=strange)
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0


# --- the keeper is killed -------------------------------------------------------------


async def test_a_killed_keeper_is_replaced(home: House) -> None:
    process = home.serve()
    headers = home.headers
    first = home.gateway()
    async with fresh() as session, load(session, home.url, headers, 4) as asked:
        await asyncio.sleep(0.2)
        process.kill()
        process.wait()
        second = await asyncio.to_thread(home.next_gateway, first)
        await asyncio.sleep(0.2)
    print(f"the slowest {max(one.seconds for one in asked):.3f} s")
    assert [one for one in asked if not one.complete] == []
    assert home.keeper()["pid"] != process.pid
    again = home.begin()
    assert ended(again) == 1
    assert "already runs" in home.log.read_text()
    await asyncio.to_thread(until, lambda: home.gateways() == {second})
    says_exactly_once(home, asked)
    home.say("stop")
    until(lambda: not home.processes())
    home.clean()


def test_stop_is_heard_while_a_new_keeper_comes(home: House) -> None:
    process = home.serve()
    process.kill()
    process.wait()
    # The old gateway still has the door, and the keeper it knew is gone.
    said = home.run("stop")
    assert said.returncode == 0, said.stderr
    until(lambda: not home.processes())
    home.clean()


def test_keepers_killed_again_and_again_leave_one_gateway(home: House) -> None:
    process = home.serve()
    first = home.gateway()
    process.kill()
    process.wait()
    # The heir dies with its gateway half started.
    until(lambda: len(home.gateways()) == 2)
    kill(int(until(lambda: home.keeper().get("pid", 0))))
    second = home.next_gateway(first)
    until(lambda: home.gateways() == {home.gateway()})
    assert second != first
    assert home.ask("/health").status == 200
    home.say("stop")
    until(lambda: not home.processes())
    home.clean()


def test_keeper_and_gateway_killed_at_once(home: House) -> None:
    process = home.serve()
    headers = home.headers
    kill(home.gateway(), process.pid)
    process.wait()
    until(lambda: not home.processes())
    began = time.monotonic()
    process = home.serve()
    print(f"new start {time.monotonic() - began:.2f} s after both were killed")
    body = b'{"model": "scripted-large", "max_tokens": 9, "messages": []}'
    assert home.ask("/v1/messages", body, **headers).status == 200
    assert len(list((home.home / "runs").iterdir())) == 1
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    home.clean()


# --- the end --------------------------------------------------------------------------


async def test_a_stop_drains_and_then_says_so(
    home: House, provider: ScriptedUpstream
) -> None:
    process = home.serve()
    async with asyncio.TaskGroup() as tasks:
        provider.push(soon, endless, endless, endless)
        short, _ = await open_stream(home, "messages", tasks)
        long = [(await open_stream(home, each, tasks))[0] for each in PATHS]
        provider.push(*[replace(say("late"), change=held_before_headers)] * 3)
        silent = [Outcome(each, each == "chat", time.monotonic()) for each in PATHS]
        for one in silent:
            tasks.create_task(ask_alone(home, one))
        await asyncio.to_thread(until, lambda: len(provider.requests) == 7)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert await asyncio.to_thread(ended, process) == 0
        print(f"stopped in {time.monotonic() - began:.2f} s")
    assert time.monotonic() - began < 4
    assert short.complete
    assert not short.told
    for one in long:
        assert one.told, one
        assert not one.complete, one
    rows = {row["id"]: row for row in home.rows()}
    assert rows[short.id]["status"] == "success"
    for one in silent:
        assert (one.status, one.broken) == (503, "")
        assert "stopping" in json.loads(one.body)["error"]["message"]
    both = [*long, *silent]
    assert {rows[one.id]["status"] for one in both} == {"interrupted"}
    assert list((home.home / "runs").iterdir()) == []
    home.clean()


async def test_a_second_signal_hurries(home: House, provider: ScriptedUpstream) -> None:
    config = home.home / "config.toml"
    config.write_text(config.read_text().replace(QUICK, "drain_seconds = 60"))
    process = home.serve()
    async with asyncio.TaskGroup() as tasks:
        provider.push(endless)
        one, _ = await open_stream(home, "messages", tasks)
        process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.5)
        assert not one.ended
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert await asyncio.to_thread(ended, process) == 0
    assert time.monotonic() - began < 3
    assert one.told
    assert not one.complete
    await asyncio.to_thread(until, lambda: not home.processes())
    home.clean()


async def test_a_stop_reaches_a_gateway_that_drains_for_a_restart(
    home: House, provider: ScriptedUpstream
) -> None:
    process = home.serve()
    async with asyncio.TaskGroup() as tasks:
        provider.push(soon, endless)
        short, _ = await open_stream(home, "messages", tasks)
        long, _ = await open_stream(home, "messages", tasks)
        first = home.gateway()
        process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(home.next_gateway, first)
        provider.push(soon)
        late, _ = await open_stream(home, "chat", tasks)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(ended, process) == 0
    assert short.complete
    assert late.complete
    assert long.told
    assert not long.complete
    home.clean()


# --- the port -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_taken_port_is_named(home: House, family: int, host: str) -> None:
    with socket.create_server((host, home.port), family=family):
        assert ended(home.begin()) == 1
    said = home.log.read_text()
    assert str(home.port) in said
    assert f"process {os.getpid()}" in said
    assert psutil.Process().name() in said
    assert "Traceback" not in said
    home.clean()


def test_five_starts_at_once_make_one_gateway(home: House) -> None:
    starts = [home.begin() for _ in range(5)]
    until(lambda: sum(one.poll() is not None for one in starts) == 4)
    codes = [one.poll() for one in starts]
    (winner,) = [one for one in starts if one.poll() is None]
    assert 0 not in codes
    said = [line for line in home.log.read_text().splitlines() if "Traceback" in line]
    assert said == []
    assert home.log.read_text().count("already runs") >= 1
    home.until_ready(winner)
    assert home.gateways() == {home.gateway()}
    assert home.query("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    winner.send_signal(signal.SIGTERM)
    assert ended(winner) == 0
    home.clean()


# --- a gateway that hangs -------------------------------------------------------------


def test_a_hung_gateway_is_replaced(home: House) -> None:
    """The keeper as `turnout serve` starts it, but less patient."""
    start = (
        "import os, sys; from app.child import keeper_command;"
        "from app.paths import make_folders, paths_for; p = paths_for(os.environ);"
        "os.umask(0o077); make_folders(p);"
        "c = keeper_command(p, int(sys.argv[1]), ('--heartbeat', '1'));"
        "os.execv(c[0], c)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", start, str(home.port)],
        env=home.env,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
    )
    home.until_ready(process)
    first = home.gateway()
    time.sleep(1.7)
    assert home.gateway() == first, "a gateway that is well was replaced"
    os.kill(first, signal.SIGSTOP)
    began = time.monotonic()
    home.next_gateway(first)
    print(f"a hung gateway was replaced after {time.monotonic() - began:.2f} s")
    assert home.ask("/health").status == 200
    assert first not in home.gateways()
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    home.clean()
