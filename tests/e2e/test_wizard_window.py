"""The first run in its window, on a real screen, driven by keys and nothing else.

A real tray with a gateway of its own in a made-up home; what the keys did is read from
the clients' files, from what the gateway answers and from the screen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.clients import BIN
from e2e.house import ended, kill, until
from e2e.keys import Keys, by_keys
from e2e.wired import CONFIG, QUIET_CLAUDE, Person, differing, look_around, person
from upstream import ScriptedUpstream, in_thread, say

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

MOST_ACTIVATIONS = 3
MOST_SECONDS = 45.0


@pytest.fixture
def provider() -> Iterator[ScriptedUpstream]:
    served = ScriptedUpstream(lambda _: say("hello"))
    with in_thread(served):
        yield served


@pytest.fixture
def somebody(base: Path, provider: ScriptedUpstream) -> Iterator[Person]:
    """A person with Claude Code and a provider's key in the environment."""
    config = CONFIG.format(port="{port}", provider="anthropic", upstream=provider.url)
    with person(base, config) as made:
        file_of(made).parent.mkdir()
        file_of(made).write_text(QUIET_CLAUDE)
        # Of all that is installed on this machine, they have this one client.
        bin_ = base / "bin"
        bin_.mkdir()
        (bin_ / "claude").symlink_to(BIN / "claude")
        made.house.env["PATH"] = f"{bin_}:/usr/bin:/bin"
        yield made


@pytest.fixture
def keys(somebody: Person, tmp_path: Path) -> Iterator[Keys]:
    with by_keys(somebody, tmp_path) as made:
        yield made


def file_of(somebody: Person) -> Path:
    return somebody.home / ".claude" / "settings.json"


def health(somebody: Person) -> dict[str, str]:
    told: dict[str, str] = json.loads(somebody.house.ask("/health").body)
    return told


def test_the_first_request_is_two_keys_away(
    keys: Keys, provider: ScriptedUpstream
) -> None:
    somebody = keys.person
    before = look_around(somebody.home)
    began = time.monotonic()
    tray = keys.start()
    keys.ready("look")
    keys.step("review")
    assert differing(before, look_around(somebody.home)) == set()
    keys.step("applied")
    applied = time.monotonic() - began
    touched = differing(before, look_around(somebody.home))
    # It was tested by a request as Claude Code sends it.
    assert [each["status"] for each in somebody.events()] == ["success"]
    ran = somebody.runs(("claude", "-p"), "Say hello.")
    took = time.monotonic() - began
    assert ran.code == 0, ran
    assert "hello" in ran.out
    first = somebody.events()[1]
    print(
        f"first run by keys: {keys.activations} activations, no typed key; connected "
        f"and tested after {applied:.1f} s, first answer of the real client after "
        f"{took:.1f} s; files touched: {', '.join(sorted(touched))}"
    )
    assert (first["client"], first["status"]) == ("claude-code", "success")
    assert provider.requests
    assert touched == {".claude/settings.json"}
    assert keys.activations <= MOST_ACTIVATIONS
    assert took <= MOST_SECONDS
    keys.activate()
    keys.gone()
    assert tray.poll() is None


def test_cancelled_at_the_review_nothing_was_written(keys: Keys) -> None:
    somebody = keys.person
    before = look_around(somebody.home)
    tray = keys.start()
    keys.ready("look")
    keys.step("review")
    # Everything there can be read, and left again, without a mouse.
    keys.seen.press("alt+n")
    keys.seen.press("Next")
    keys.seen.picture("without")
    keys.seen.press("alt+b")
    keys.ready("look-again")
    keys.step("review-again")
    keys.seen.press("Escape")
    keys.gone()
    assert differing(before, look_around(somebody.home)) == set()
    assert tray.poll() is None
    assert keys.remembered()["ended"] == "cancelled"
    # What was cancelled does not come back by itself.
    tray.terminate()
    assert ended(tray) == 0
    again = keys.start()
    keys.seen.icon()
    assert ended(keys.start()) == 0
    until(lambda: keys.seen.active_title().startswith("Overview"))
    assert not keys.is_open()
    assert again.poll() is None
    assert differing(before, look_around(somebody.home)) == set()


def test_killed_at_the_review_it_goes_on_with_what_was_chosen(keys: Keys) -> None:
    somebody = keys.person
    before = look_around(somebody.home)
    tray = keys.start()
    keys.ready("look")
    keys.seen.press("alt+i")  # start at login
    until(lambda: keys.remembered().get("start_at_login"))
    keys.seen.press("shift+Tab")  # to the mode that is chosen
    keys.seen.press("Down")
    until(lambda: keys.remembered().get("mode") == "coding-fast")
    keys.seen.press("Return")
    keys.ready("review")
    kill(tray.pid)
    tray.wait(10)
    assert differing(before, look_around(somebody.home)) == set()
    keys.start()
    keys.ready("resumed")
    keys.step("review-resumed")
    keys.step("applied")
    touched = differing(before, look_around(somebody.home))
    assert touched == {".claude/settings.json", ".config/autostart/turnout.desktop"}
    assert health(somebody)["mode"] == "coding-fast"
    somebody.gets("undo", "--all")
    somebody.gets("login", "off")
    assert differing(before, look_around(somebody.home)) <= {".claude/settings.json"}
    assert file_of(somebody).read_text() == QUIET_CLAUDE
