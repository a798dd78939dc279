"""What is on disk: the record under a lock, private files, and no word of a prompt."""

import asyncio
import contextlib
import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from e2e.gateway import SCRIPTED_KEY
from e2e.house import House, ended, holding, house, lives, until
from e2e.load import PATHS, Outcome, ask, body_of, fresh, load
from upstream import Reply, ScriptedUpstream, Seen, Step, in_thread, refuse, say
from upstream.reply import Pause, cut_after

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

PROMPT = "canary-prompt-7c1fd0a94e2b"
ANSWER = "canary-answer-51be20c7f3d8"


@pytest.fixture
def provider() -> Iterator[ScriptedUpstream]:
    served = ScriptedUpstream(lambda seen: say(f"I say {ANSWER} and more."))
    with in_thread(served):
        yield served


@pytest.fixture
def home(base: Path, provider: ScriptedUpstream) -> Iterator[House]:
    with house(base, provider.url, "drain_seconds = 1") as made:
        yield made


async def test_a_locked_ledger_holds_no_answer_up(home: House) -> None:
    process = home.serve()
    headers = home.headers
    lock = sqlite3.connect(home.home / "turnout.db", isolation_level=None)
    with contextlib.closing(lock):
        async with fresh() as session, load(session, home.url, headers, 4) as asked:
            await asyncio.sleep(0.2)
            lock.execute("BEGIN EXCLUSIVE")
            began = time.monotonic()
            await asyncio.sleep(2.5)
            unsaved = (await asyncio.to_thread(home.ask, "/health")).body
            status = await asyncio.to_thread(home.say, "status")
            await asyncio.sleep(0.5)
            lock.execute("ROLLBACK")
            freed = time.monotonic()
            await asyncio.to_thread(
                until, lambda: b'"unsaved":0' in home.ask("/health").body
            )
            caught_up = time.monotonic() - freed
    waited = [one for one in asked if began - 0.1 < one.started < freed]
    worst = max(one.seconds for one in waited)
    print(f"{len(waited)} asked under the lock, worst {worst:.2f} s;", end=" ")
    print(f"caught up {caught_up:.2f} s after it")
    assert b'"unsaved":0' not in unsaved
    assert "not yet" in status or "unsaved" in status
    assert [one for one in asked if not one.complete] == []
    assert worst < 2.0
    assert caught_up < 3.0
    process.terminate()
    assert ended(process) == 0
    rows = [row["id"] for row in home.rows()]
    assert sorted(rows) == sorted(one.id for one in asked)
    assert home.unfinished() == []


async def test_words_and_keys_stay_out_of_every_file(
    home: House, provider: ScriptedUpstream
) -> None:
    process = home.serve()
    key = home.headers["x-turnout-key"]

    def cut(reply: Reply) -> Reply:
        return cut_after(reply, 4)

    def slow(reply: Reply) -> Reply:
        return replace(reply, chunks=(*reply.chunks[:5], Pause(60.0)))

    def error(seen: Seen) -> Step:
        return refuse(400, f"bad {PROMPT} for {seen.credential}: {ANSWER}")(seen)

    async with asyncio.TaskGroup() as tasks:
        async with fresh() as session:
            for protocol in PATHS:
                whole, broken = say(f"{ANSWER}"), say(f"{ANSWER} " * 9)
                steps = (whole, whole, error, replace(broken, change=cut))
                provider.push(*steps, refuse(500, ANSWER), refuse(401, ANSWER))
                for number in range(len(steps) + 2):
                    one = Outcome(protocol, number % 2 == 1, time.monotonic())
                    await ask(session, home.url, home.headers, one, PROMPT)
            body = body_of("messages", PROMPT).replace(b"scripted-large", b"practice/x")
            for data in (body, body[:-5], PROMPT.encode(), b'{"x":"' + body):
                headers = {**home.headers, "x-claude-code-session-id": "s1"}
                await asyncio.to_thread(home.ask, "/v1/messages", data, **headers)
        tried = await asyncio.to_thread(home.run, "try", PROMPT)
        assert ANSWER in tried.stdout
        provider.push(error, replace(say(f"{ANSWER} " * 9), change=slow))
        failed = await asyncio.to_thread(home.run, "try", PROMPT)
        assert failed.returncode == 1 or ANSWER in failed.stdout
        last = Outcome("messages", True, time.monotonic())

        async def leave() -> None:
            async with fresh() as session:
                await ask(session, home.url, home.headers, last, PROMPT)

        tasks.create_task(leave())
        await last.begun.wait()
        said = [await asyncio.to_thread(home.say, *w) for w in looks(home)]
        private(home)
        inherits_nothing(home)
        process.terminate()
        assert await asyncio.to_thread(ended, process) == 0
    for secret in (PROMPT, ANSWER, SCRIPTED_KEY, key):
        assert holding(secret.encode(), [home.home, home.log]) == []
        assert [text for text in said if secret in text] == []
    statuses = {row["status"] for row in home.rows()}
    assert statuses >= {"success", "error", "interrupted"}
    private(home)


def looks(home: House) -> list[list[str]]:
    """Every command that shows something, for every request so far."""
    words = [[word, "--json"] for word in ("status", "events", "models", "logs")]
    words += [["spend"], ["providers"], ["keys", "list"]]
    return words + [["explain", row["id"], "--json"] for row in home.rows()[2:5]]


def private(home: House) -> None:
    """Every folder is 0700 and every file 0600."""
    modes = {
        str(path.relative_to(home.home)): stat.S_IMODE(path.lstat().st_mode)
        for path in home.home.rglob("*")
    }
    folders = {name for name in modes if (home.home / name).is_dir()}
    assert {name for name in folders if modes[name] != 0o700} == set()
    assert {name for name in modes.keys() - folders if modes[name] != 0o600} == set()
    assert stat.S_IMODE(home.home.stat().st_mode) == 0o700


def inherits_nothing(home: House) -> None:
    """A child of the gateway would get its three standard files and no more."""
    gateway = psutil.Process(home.gateway())
    kept = []
    for info in Path(f"/proc/{gateway.pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            flags = int(info.read_text().split("flags:")[1].split()[0], 8)
            if int(info.name) > 2 and not flags & os.O_CLOEXEC:
                kept.append(f"{info.name} {info.with_name('fd')}")
    assert kept == []
    assert [one for one in gateway.children(recursive=True) if lives(one)] == []


# --- where it lies --------------------------------------------------------------------


def test_the_option_home_is_the_variable(home: House) -> None:
    named = home.env.pop("TURNOUT_HOME")
    process = home.serve("--home", named)
    shown = home.run("status", "--home", named, "--json")
    assert f'"port": {home.port}' in shown.stdout
    home.env["TURNOUT_HOME"] = named
    # Each snapshot has its moment.
    again = json.loads(home.say("status", "--json"))
    before = json.loads(shown.stdout)
    assert again["snapshot"].pop("time") >= before["snapshot"].pop("time")
    assert again == before
    home.say("stop")
    assert ended(process) == 0
    home.clean()


def test_without_a_home_the_platforms_folders_are_used(
    base: Path, provider: ScriptedUpstream
) -> None:
    with house(base) as home:
        del home.env["TURNOUT_HOME"]
        outside = base / "outside"
        home.env["HOME"] = str(outside)
        home.env["XDG_CONFIG_HOME"] = str(outside / "conf")
        process = home.serve()
        assert (
            home.ask("/v1/messages", body_of("messages"), **home.headers).status == 200
        )
        assert (outside / "conf" / "turnout" / "config.toml").exists()
        assert (outside / ".local" / "share" / "turnout" / "turnout.db").exists()
        assert list(home.home.iterdir()) == []
        home.say("stop")
        assert ended(process) == 0
        assert [path for path in base.rglob("*") if path.is_socket()] == []
