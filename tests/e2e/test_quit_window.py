"""Quit, start at login and a repair in a real tray, by keys and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.clients import BIN
from e2e.house import ended, until
from e2e.keys import Keys, by_keys
from e2e.wired import CONFIG, QUIET_CLAUDE, Person, person
from upstream import ScriptedUpstream, in_thread, say

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture
def provider() -> Iterator[ScriptedUpstream]:
    served = ScriptedUpstream(lambda _: say("hello"))
    with in_thread(served):
        yield served


@pytest.fixture
def somebody(base: Path, provider: ScriptedUpstream) -> Iterator[Person]:
    """A person whose Claude Code is connected; Turnout serves in the background."""
    config = CONFIG.format(port="{port}", provider="anthropic", upstream=provider.url)
    with person(base, config) as made:
        file_of(made).parent.mkdir()
        file_of(made).write_text(QUIET_CLAUDE)
        bin_ = base / "bin"
        bin_.mkdir()
        (bin_ / "claude").symlink_to(BIN / "claude")
        made.house.env["PATH"] = f"{bin_}:/usr/bin:/bin"
        made.gets("integrate", "claude-code", "--yes")
        yield made


@pytest.fixture
def keys(somebody: Person, tmp_path: Path) -> Iterator[Keys]:
    with by_keys(somebody, tmp_path) as made:
        yield made


def file_of(somebody: Person) -> Path:
    return somebody.home / ".claude" / "settings.json"


def points_at(somebody: Person) -> str:
    env: dict[str, str] = json.loads(file_of(somebody).read_text())["env"]
    return env.get("ANTHROPIC_BASE_URL", "")


def overview(keys: Keys) -> None:
    """Bring the window up, as the desktop's menu does."""
    assert ended(keys.start()) == 0
    keys.active("Overview")


def choose(keys: Keys, *letters: str) -> None:
    """Open the menu of the window and choose from it."""
    keys.seen.press("alt+m")
    keys.seen.popup()
    for letter in letters:
        keys.seen.press(letter)


def test_quit_asks_once_takes_back_and_the_next_start_connects_again(
    keys: Keys,
) -> None:
    somebody = keys.person
    autostart = somebody.home / ".config" / "autostart" / "turnout.desktop"
    tray = keys.start("--hidden")
    keys.seen.icon()
    overview(keys)
    choose(keys, "l")
    until(autostart.exists)
    assert "tray --hidden" in autostart.read_text()
    keys.seen.press("ctrl+q")
    keys.active("Quit Turnout")
    keys.seen.picture("quit")
    keys.seen.press("Escape")
    keys.active("Overview")
    assert tray.poll() is None
    assert points_at(somebody) == somebody.house.url
    choose(keys, "q")
    keys.active("Quit Turnout")
    keys.seen.press("Down")
    keys.seen.press("Return")
    assert ended(tray) == 0
    assert file_of(somebody).read_text() == QUIET_CLAUDE
    until(lambda: somebody.house.processes() == [])
    assert 'on_quit = "unwire"' in (somebody.house.home / "config.toml").read_text()
    again = keys.start("--hidden")
    until(lambda: points_at(somebody) == somebody.house.url)
    # It was asked once: now it is done.
    overview(keys)
    keys.seen.press("ctrl+q")
    assert ended(again) == 0
    assert file_of(somebody).read_text() == QUIET_CLAUDE
    until(lambda: somebody.house.processes() == [])
    autostart.unlink()


def test_a_change_by_others_is_shown_reviewed_and_repaired(keys: Keys) -> None:
    somebody = keys.person
    keys.start("--hidden")
    keys.seen.icon()
    overview(keys)
    whole = json.loads(file_of(somebody).read_text())
    whole["env"]["ANTHROPIC_BASE_URL"] = "https://models.example"
    file_of(somebody).write_text(json.dumps(whole, indent=2))

    def drifted() -> bool:
        status = json.loads(somebody.house.say("status", "--json"))
        return bool(status["snapshot"]["wirings"][0]["state"] == "drifted")

    until(drifted, within=10)
    keys.seen.picture("drifted")
    # The first line of the menu that can be chosen, and its first one.
    choose(keys, "Down", "Right", "Return")
    keys.ready("repair")
    assert points_at(somebody) == "https://models.example"
    keys.step("repaired")
    assert points_at(somebody) == somebody.house.url
    keys.activate()
    until(lambda: not keys.is_open())
