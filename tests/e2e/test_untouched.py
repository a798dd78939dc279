"""What nobody agreed to does not happen, and what was agreed to can always be undone.

The whole home is compared, byte for byte and by the times of change; Turnout's own
folder lies elsewhere.
"""

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from e2e.clients import Ran
from e2e.gateway import TURNOUT
from e2e.house import ended, kill, until
from e2e.wired import (
    COMMANDS,
    CONFIG,
    QUIET_CLAUDE,
    Look,
    Person,
    differing,
    look_around,
    person,
)
from upstream import Answer, ScriptedUpstream, Seen, in_thread
from upstream.coding import FINAL, coding_task, prompt_for
from upstream.reply import paced

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

OWN_KEY = "not-a-secret-canary-of-the-user-5d1e"
# Every client's files, as their users would have them.
FILES = {
    ".claude/settings.json": QUIET_CLAUDE,
    ".claude.json": '{"numStartups": 3}\n',
    ".codex/config.toml": '# mine\nmodel = "gpt-6-sol"\n',
    ".codex/auth.json": json.dumps({"OPENAI_API_KEY": OWN_KEY}),
    ".config/opencode/opencode.jsonc": '{\n  // mine\n  "theme": "nord",\n}\n',
    ".openclaw/openclaw.json": "// mine\n{agents: {}}\n",
    ".gemini/settings.json": '{"ui": {"theme": "Dark"}}\n',
    ".gemini/.env": f"# mine\nGEMINI_API_KEY={OWN_KEY}\n",
    ".qwen/settings.json": '{"model": {"name": "qwen3-coder-plus"}}\n',
    ".continue/config.yaml": "name: Mine\nversion: 1.0.0\nschema: v1\nmodels: []\n",
    ".aider.conf.yml": "# mine\nmodel: sonnet\n",
    ".cursor/mcp.json": "{}\n",
    ".config/Code/User/settings.json": '{\n  "editor.fontSize": 12,\n}\n',
    ".config/Claude/claude_desktop_config.json": "{}\n",
    ".bashrc": f"export OPENROUTER_API_KEY={OWN_KEY}\n",
    ".profile": "umask 022\n",
}
ANSWERS = """\
clients = ["claude-code", "codex", "opencode"]
keys = "all"
"""


@pytest.fixture
def somebody(base: Path, upstream: ScriptedUpstream) -> Iterator[Person]:
    """Somebody with every client's files; Turnout was never started."""
    config = CONFIG.replace("{provider}", "anthropic")
    with person(base, config.replace("{upstream}", upstream.url)) as made:
        for name, text in FILES.items():
            made.place.write(name, text)
        yield made


# --- nobody agreed --------------------------------------------------------------------


def untouched(somebody: Person, before: dict[str, Look]) -> None:
    """Not a byte, not a time, not a file more or less."""
    after = look_around(somebody.home)
    assert after.keys() == before.keys()
    assert [name for name in after if after[name] != before[name]] == []


@pytest.mark.parametrize("words", [("serve",), ("tray", "--hidden"), ("tray",)])
def test_the_first_start_and_quit_change_nothing(
    somebody: Person, words: Sequence[str]
) -> None:
    before, house = look_around(somebody.home), somebody.house
    with house.log.open("ab") as output:
        process = subprocess.Popen(
            [str(TURNOUT), *words],
            env=house.env | {"QT_QPA_PLATFORM": "offscreen"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    house.until_ready(process)
    untouched(somebody, before)
    somebody.gets("stop")
    process.send_signal(signal.SIGTERM)
    ended(process)
    until(lambda: not house.processes())
    untouched(somebody, before)


def test_looking_changes_nothing(somebody: Person) -> None:
    before = look_around(somebody.home)
    answers = somebody.house.base / "answers.toml"
    answers.write_text('clients = "all"\nkeys = "all"\nservers = "all"\n')
    for words in (
        ("init", "--dry-run"),
        ("init", "--dry-run", "--yes", str(answers)),
        ("discover", "--shell-files"),
        ("integrate", "codex", "--dry-run"),
        ("undo", "--list"),
    ):
        told = somebody.gets(*words)
        assert OWN_KEY not in told
    # Nobody can be asked here, so nothing is done.
    assert somebody.types("init").returncode != 0
    assert somebody.types("integrate", "claude-code").returncode != 0
    somebody.types("doctor")
    untouched(somebody, before)
    assert somebody.house.processes() == []


LEFT = {
    "at once": ("q\n",),
    "at the plan": ("\n", "q\n"),
    "after going back": ("\n", "b\n", "q\n"),
    "by Ctrl-C": ("\n", "\x03"),
    "by Ctrl-D": ("\n", "\x04"),
    "with anything but yes": ("\n", "y\n", "q\n"),
}


@pytest.mark.parametrize("typed", LEFT.values(), ids=LEFT)
def test_a_first_run_that_is_left_changes_nothing(
    somebody: Person, typed: Sequence[str]
) -> None:
    before = look_around(somebody.home)
    shown = at_a_terminal(somebody, typed)
    assert "Looking only. Nothing has been changed." in shown
    assert OWN_KEY not in shown
    untouched(somebody, before)


def at_a_terminal(somebody: Person, typed: Sequence[str]) -> str:
    """`turnout init`, each word typed when it is asked for; all that was shown."""
    master, slave = pty.openpty()

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [str(TURNOUT), "init"],
        env=somebody.house.env | {"TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=own_terminal,  # noqa: PLW1509 - no thread runs here
    )
    os.close(slave)
    shown, words = "", list(typed)
    with os.fdopen(master, "r+b", buffering=0) as screen, suppress(OSError):
        # Reading fails when the other end is closed.
        while more := screen.read(4096):
            shown += more.decode(errors="replace")
            if words and re.search(r"quits?: $", shown):
                shown += "|"
                screen.write(words.pop(0).encode())
    assert process.wait(30) in {0, 130, -signal.SIGINT}, shown
    assert words == [], shown
    return shown


# --- undo, whatever is broken ---------------------------------------------------------


def no_database(somebody: Person) -> None:
    """The record is no database any more."""
    for file in somebody.house.home.glob("turnout.db*"):
        file.write_bytes(b"this is not a database" * 100)


def no_configuration(somebody: Person) -> None:
    """Turnout's own file cannot be read, nor the one that was good before."""
    for file in somebody.house.home.rglob("config*.toml"):
        file.write_text('[gateway\nport = "many"\n')


def everything_broken(somebody: Person) -> None:
    """Both."""
    no_database(somebody)
    no_configuration(somebody)


STATES = (no_database, everything_broken)


@pytest.mark.parametrize("broken", STATES, ids=[each.__name__ for each in STATES])
def test_undo_works_whatever_is_broken(
    somebody: Person, broken: Callable[[Person], None]
) -> None:
    before, house = look_around(somebody.home), somebody.house
    somebody.agrees(ANSWERS)
    wired = differing(before, look_around(somebody.home))
    assert wired == {
        ".claude/settings.json",
        ".codex/turnout.config.toml",
        ".config/opencode/opencode.jsonc",
    }
    kill(int(house.keeper()["pid"]), house.gateway())
    until(lambda: not house.processes())
    broken(somebody)
    # An interface of its own that leads nowhere, not even to this machine.
    alone = ["unshare", "--net", "--map-root-user", str(TURNOUT), "undo", "--all"]
    done = subprocess.run(
        alone, env=house.env, capture_output=True, text=True, timeout=60, check=False
    )
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    assert "Traceback" not in said
    after = look_around(somebody.home)
    assert differing(before, after) <= wired
    assert same_bytes(before) == same_bytes(after)
    # Twice the same is nothing.
    again = somebody.types("undo", "--all")
    assert again.returncode == 0, again
    assert same_bytes(look_around(somebody.home)) == same_bytes(before)
    assert house.processes() == []


def same_bytes(looked: dict[str, Look]) -> dict[str, tuple[str, int, str]]:
    """All but the times."""
    return {name: (it.kind, it.mode, it.content) for name, it in looked.items()}


# --- a client that writes its own file while it runs ----------------------------------

MARKETPLACE = {
    "name": "mine",
    "owner": {"name": "me"},
    "plugins": [{"name": "hello", "source": "./hello", "description": "says hello"}],
}


def unhurried(seen: Seen) -> Answer:
    """The coding task at the pace of a model."""
    return replace(coding_task(seen), change=lambda reply: paced(reply, 0.03))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(QUIET_CLAUDE, id="with a file"),
        pytest.param(None, id="without", marks=pytest.mark.more_clients),
    ],
)
def test_what_claude_code_writes_itself_outlives_the_undo(
    base: Path, before: str | None
) -> None:
    upstream = ScriptedUpstream(unhurried)
    config = CONFIG.replace("{provider}", "anthropic")
    with (
        in_thread(upstream),
        person(base, config.replace("{upstream}", upstream.url)) as somebody,
    ):
        file = somebody.home / ".claude" / "settings.json"
        if before is not None:
            somebody.place.write(".claude/settings.json", before)
        somebody.agrees('clients = ["claude-code"]\nkeys = "all"\n')
        wired = file.read_text()
        ran: list[Ran] = []
        prompt = prompt_for(somebody.place.project)
        working = threading.Thread(
            target=lambda: ran.append(somebody.runs(COMMANDS["claude-code"], prompt))
        )
        working.start()
        plugin_is_added(somebody)
        working.join()
        assert ran[0].code == 0, ran
        assert FINAL in ran[0].out
        # It wrote all of the file in its own way, and our keys are still in it.
        written = json.loads(file.read_text())
        assert file.read_text() != wired
        assert written["enabledPlugins"] == {"hello@mine": True}
        assert "ANTHROPIC_AUTH_TOKEN" in written["env"]

        told = somebody.gets("undo", "claude-code")
        left = json.loads(file.read_text())
        assert left["enabledPlugins"] == {"hello@mine": True}, told
        assert "mine" in left["extraKnownMarketplaces"]
        assert "tnt_" not in file.read_text()
        mine = json.loads(before) if before else {}
        assert left.get("env") == mine.get("env")
        assert left.get("permissions") == mine.get("permissions")


def plugin_is_added(somebody: Person) -> None:
    """Claude Code's own commands, which write its settings."""
    folder = somebody.house.base / "marketplace"
    for name, content in {
        ".claude-plugin/marketplace.json": MARKETPLACE,
        "hello/.claude-plugin/plugin.json": {"name": "hello", "version": "1.0.0"},
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    for words in (("marketplace", "add"), ("install",)):
        what = str(folder) if words[0] == "marketplace" else "hello@mine"
        ran = somebody.runs(("claude", "plugin", *words), what)
        assert ran.code == 0, ran
