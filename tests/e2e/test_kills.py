"""Tray and gateway are killed twenty times while real Claude Code and Codex work.

The keeper holds the port, so a client's next request waits for the next gateway. What
it cannot serve it refuses in words that name Turnout and the way back.
"""

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from e2e.clients import Ran
from e2e.gateway import TURNOUT
from e2e.house import ended, kill, lives, until
from e2e.test_processes import set_version
from e2e.wired import COMMANDS, CONFIG, QUIET_CLAUDE, Bare, Person, person
from upstream import Answer, ScriptedUpstream, Seen, in_thread
from upstream.coding import (
    AFTER,
    FILE,
    FINAL,
    MADE,
    SHOUT,
    coding_task,
    prepare,
    prompt_for,
)
from upstream.reply import paced

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(240)]

TIMES = 20
WITHIN = 5.0
CLIENTS = ("claude-code", "codex")
ANSWERS = """\
clients = ["claude-code", "codex"]
keys = "all"
"""


def unhurried(seen: Seen) -> Answer:
    """The coding task at the pace of a model, so that kills hit streams."""
    return replace(coding_task(seen), change=lambda reply: paced(reply, 0.015))


@pytest.fixture
def somebody(base: Path) -> Iterator[Person]:
    """Somebody whose Claude Code and Codex are wired; gateway and keeper run."""
    upstream = ScriptedUpstream(unhurried)
    with in_thread(upstream):
        config = CONFIG.replace("{provider}", "anthropic")
        config = config.replace("{upstream}", upstream.url)
        with person(base, config) as made:
            made.place.write(".claude/settings.json", QUIET_CLAUDE)
            made.place.write(".codex/config.toml", "")
            made.agrees(ANSWERS)
            yield made


@dataclass(slots=True)
class Session:
    """A client that is given the task again and again, in a project of its own."""

    somebody: Person
    client: str
    project: Path
    ended: list[Ran] = field(default_factory=list)
    cut: int = 0

    @classmethod
    def of(cls, somebody: Person, client: str, name: str) -> "Session":
        """Make its project."""
        project = somebody.house.base / f"{client}-{name}"
        project.mkdir()
        subprocess.run(["git", "init", "-q", str(project)], check=True)
        return cls(somebody, client, project)

    def once(self) -> Ran:
        """One task, from the start of the program to its end."""
        prepare(self.project)
        (self.project / MADE).unlink(missing_ok=True)
        place = Bare(self.somebody.home, self.project)
        work = replace(self.somebody, place=place)
        ran = work.runs(COMMANDS[self.client], prompt_for(self.project))
        self.ended.append(ran)
        return ran

    def until(self, stop: threading.Event) -> None:
        """Task after task."""
        while not stop.wait(0.3):
            self.cut += not self.done(self.once())

    def done(self, ran: Ran) -> bool:
        """Whether the last task got done, wholly."""
        made = self.project / MADE
        return (
            ran.code == 0
            and FINAL in ran.out
            and (self.project / FILE).read_text() == AFTER
            and made.exists()
            and made.read_text() == SHOUT
        )


@contextlib.contextmanager
def working(sessions: list[Session]) -> Iterator[None]:
    """Sessions that go on in the background until the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=each.until, args=(stop,)) for each in sessions]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class Tray:
    """A tray without a screen that is started anew whenever it was killed."""

    def __init__(self, somebody: Person) -> None:
        self._somebody = somebody
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> None:
        """It is there."""

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it; it is not waited for."""
        house = self._somebody.house
        with (house.base / "tray.log").open("ab") as output:
            self._process = subprocess.Popen(
                [str(TURNOUT), "tray", "--hidden"],
                env=house.env | {"QT_QPA_PLATFORM": "offscreen"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def listens(self) -> bool:
        """Whether it can be woken."""
        assert self._process is not None
        assert self._process.poll() is None, "the tray ended by itself"
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(self._somebody.house.home / "run" / "tray.sock"))
            return True
        return False

    def kill(self) -> None:
        """Kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


def probe(somebody: Person) -> float:
    """One request with Claude Code's own key; the seconds until its whole answer."""
    settings = json.loads((somebody.home / ".claude" / "settings.json").read_text())
    key = settings["env"]["ANTHROPIC_AUTH_TOKEN"]
    body = {"model": "claude-sonnet-5-5", "max_tokens": 9, "messages": [HELLO]}
    began = time.monotonic()
    said = somebody.house.ask(
        "/v1/messages",
        json.dumps(body).encode(),
        **{"content-type": "application/json", "x-turnout-key": key},
    )
    assert said.status == 200, said
    return time.monotonic() - began


HELLO = {"role": "user", "content": "hello"}


def test_every_next_request_is_answered(somebody: Person) -> None:
    house, tray = somebody.house, Tray(somebody)
    tray.start()
    until(tray.listens)
    lasting = [Session.of(somebody, client, "lasting") for client in CLIENTS]
    fresh = [Session.of(somebody, client, "fresh") for client in CLIENTS]
    began, waited = time.monotonic(), []
    with tray, working(lasting):
        for number in range(TIMES):
            alive = time.monotonic()
            before = house.gateway()
            tray.kill()
            kill(before)
            tray.start()
            waited.append(probe(somebody))
            if number % 5 == 0:
                # Nothing is killed while this one works: all of it is answered.
                one = fresh[number // 5 % len(fresh)]
                assert one.done(one.once()), one.ended[-1]
            house.next_gateway(before)
            # One that lives for under two seconds counts as one that cannot start.
            time.sleep(max(0.5, 2.1 - (time.monotonic() - alive)))
    print(f"{TIMES} kills in {time.monotonic() - began:.0f} s")
    print(f"the next request, seconds: {sorted(round(one, 2) for one in waited)}")
    assert max(waited) < WITHIN
    for each in lasting:
        took = [round(ran.seconds, 1) for ran in each.ended]
        print(f"{each.client}, seconds a task: {took}, {each.cut} cut")
        # What a client makes of its cut answer is its own; it is never left waiting.
        assert len(each.ended) - each.cut >= 2
        assert each.done(each.once()), each.ended[-1]
    house.say("stop")
    until(lambda: not house.processes())
    rows = somebody.events()
    assert {row["client"] for row in rows} == set(CLIENTS)
    assert {"success"} <= {str(row["status"]) for row in rows} <= ENDS
    assert house.unfinished() == []


ENDS = {"success", "interrupted", "cancelled"}


# Codex asks a 503 five times more, which takes it half a minute.
@pytest.mark.parametrize(
    "client",
    [
        pytest.param(
            client, marks=[pytest.mark.more_clients] if client == "codex" else []
        )
        for client in CLIENTS
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    somebody: Person, client: str
) -> None:
    house = somebody.house
    house.say("stop")
    until(lambda: not house.processes())
    set_version(house, 99)
    process = house.begin()
    until(lambda: house.keeper().get("failures", 0) >= 3)
    began = time.monotonic()
    ran = somebody.runs(COMMANDS[client], "hello")
    print(f"{client} was refused in {time.monotonic() - began:.1f} s")
    said = f"{ran.out}\n{ran.err}"
    assert ran.code != 0, ran
    assert "Turnout" in said
    assert f"`{TURNOUT} undo" in said, ran
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0


def test_a_gateway_that_is_killed_changes_no_file(somebody: Person) -> None:
    file = somebody.home / ".claude" / "settings.json"
    wired, changed = file.read_bytes(), file.stat().st_mtime_ns
    house = somebody.house
    first = house.gateway()
    kill(first)
    house.next_gateway(first)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (wired, changed)
    assert f"127.0.0.1:{house.port}" in json.loads(wired)["env"]["ANTHROPIC_BASE_URL"]
    keeper = int(house.keeper()["pid"])
    kill(house.gateway(), keeper)
    until(lambda: not [each for each in house.processes() if lives(each)])
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (wired, changed)
    # The way back needs none of it.
    somebody.gets("undo", "--all")
    assert file.read_text() == QUIET_CLAUDE
