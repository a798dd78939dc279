"""The first routed request on a fresh home: one command, no key typed, one file.

The log that it prints tells the seconds and each file that was touched.
"""

import subprocess
import time
from pathlib import Path

import pytest
from e2e.clients import BIN
from e2e.gateway import SCRIPTED_KEY, rows_of
from e2e.house import until
from e2e.wired import COMMANDS, Person, differing, look_around, person
from upstream import ScriptedUpstream, in_thread, say

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

WITHIN = 45.0
USUAL_PORT = 8787
ANSWER = "a model's first words through Turnout"
# What Turnout writes for itself.
FOLDERS = (".config/turnout", ".local/share/turnout", ".local/state/turnout")
ANSWERS = """\
clients = "all"
keys = "all"
"""


def fresh(made: Person, upstream: str) -> None:
    """Only Claude Code is there; Turnout's folders are where they usually are."""
    env = made.house.env
    del env["TURNOUT_HOME"]
    programs = made.house.base / "bin"
    programs.mkdir()
    (programs / "claude").symlink_to((BIN / "claude").resolve())
    env["PATH"] = f"{programs}:/usr/bin:/bin"
    config = made.home / ".config" / "turnout" / "config.toml"
    config.parent.mkdir(parents=True)
    moved = f'[[providers]]\nid = "anthropic"\nbase_url = "{upstream}"\n'
    # Nothing else stands in it, unless somebody has the usual port on this machine.
    port = "" if _free(USUAL_PORT) else f"[gateway]\nport = {made.house.port}\n\n"
    config.write_text(port + moved)


def _free(port: int) -> bool:
    told = subprocess.run(
        ["ss", "-Htln", f"sport = :{port}"], capture_output=True, text=True, check=False
    )
    return told.returncode == 0 and not told.stdout.strip()


def outside(changed: set[str]) -> set[str]:
    """What is not Turnout's own."""
    return {name for name in changed if not name.startswith(FOLDERS)}


def test_the_first_request_takes_seconds_and_touches_one_file(base: Path) -> None:
    upstream = ScriptedUpstream(lambda seen: say(ANSWER))
    with in_thread(upstream), person(base) as made:
        fresh(made, upstream.url)
        empty = look_around(made.home)
        # The key is in the person's shell, so Claude Code is started with it too.
        key = {"ANTHROPIC_API_KEY": SCRIPTED_KEY}
        began = time.monotonic()
        told = made.agrees(ANSWERS)
        wired = time.monotonic()
        after = look_around(made.home)
        words = COMMANDS["claude-code"]
        ran = made.runs(words, "Say a few words.", extra=key)
        answered = time.monotonic()
        assert ran.code == 0, ran
        assert ANSWER in ran.out, ran
        last = look_around(made.home)
        own = sorted(differing(empty, after) - outside(differing(empty, after)))
        print(f"wired after {wired - began:.1f} s, answered {answered - began:.1f} s")
        print(f"files of the client: {sorted(outside(differing(empty, after)))}")
        print(f"files of Turnout: {own}")
        print(f"by Claude Code itself: {sorted(outside(differing(after, last)))}")
        assert answered - began < WITHIN
        assert outside(differing(empty, after)) == {".claude/settings.json"}
        assert "~/.claude/settings.json (new)" in told
        assert SCRIPTED_KEY not in told
        rows = rows_of(made.gets("events", "--json"))
        assert {(row["client"], row["status"]) for row in rows} == {
            ("claude-code", "success")
        }
        # One was the test that init sends, one at least Claude Code's own.
        assert len(rows) == len(upstream.asked) >= 2
        assert {seen.credential for seen in upstream.asked} == {SCRIPTED_KEY}
        assert b"tnt_" not in b"".join(s.everything() for s in upstream.asked)
        # And back, with Claude Code's own new files left to it.
        made.gets("undo", "--all")
        back = look_around(made.home)
        assert ".claude/settings.json" not in back
        assert outside(differing(last, back)) == {".claude/settings.json"}
        made.gets("stop")
        until(lambda: not made.house.processes())
