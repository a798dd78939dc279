"""Connected clients over real ends and starts of Turnout: quit, kill -9, stop."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.house import House, ended, house, kill, until
from upstream import ScriptedUpstream, in_thread, say

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

MINE = '{\n  "theme": "dark"\n}\n'
HELLO = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hello"}],
}


@pytest.fixture
def provider() -> Iterator[ScriptedUpstream]:
    served = ScriptedUpstream(lambda _: say("hello"))
    with in_thread(served):
        yield served


@pytest.fixture
def home(base: Path, provider: ScriptedUpstream) -> Iterator[House]:
    """A house whose person has a settings file of Claude Code's."""
    with house(base, provider.url, "drain_seconds = 1") as made:
        file_of(made).parent.mkdir(parents=True)
        file_of(made).write_text(MINE)
        yield made


def file_of(home: House) -> Path:
    return Path(home.env["HOME"]) / ".claude" / "settings.json"


def env_of(home: House) -> dict[str, str]:
    found: dict[str, str] = json.loads(file_of(home).read_text()).get("env", {})
    return found


def connected(home: House) -> subprocess.Popen[bytes]:
    """Turnout, serving, with Claude Code connected to it."""
    process = home.serve()
    home.say("integrate", "claude-code", "--yes")
    assert env_of(home)["ANTHROPIC_BASE_URL"] == home.url
    return process


def asked_as_the_client(home: House) -> int:
    """The status of a request that is made with what stands in the client's file."""
    token = env_of(home)["ANTHROPIC_AUTH_TOKEN"]
    body = json.dumps(HELLO).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return home.ask("/v1/messages", body, **headers).status


def test_a_client_that_quit_took_back_is_connected_again_at_the_next_start(
    home: House,
) -> None:
    process = connected(home)
    asked = home.run("quit")
    assert asked.returncode == 3
    assert "Claude Code" in asked.stdout + asked.stderr
    home.say("quit", "--how", "unwire", "--remember")
    assert ended(process) == 0
    assert file_of(home).read_text() == MINE
    assert home.processes() == []
    again = home.serve()
    until(lambda: env_of(home).get("ANTHROPIC_BASE_URL") == home.url)
    assert asked_as_the_client(home) == 200
    listed = json.loads(home.say("wirings", "--json"))
    assert [each["state"] for each in listed] == ["wired"]
    # The choice was saved: nobody asks any more.
    home.say("quit")
    assert ended(again) == 0
    assert file_of(home).read_text() == MINE
    home.say("undo", "--all")
    assert file_of(home).read_text() == MINE


def test_kill_9_and_sigterm_change_no_file_of_a_client(home: House) -> None:
    process = connected(home)
    before = (file_of(home).read_bytes(), file_of(home).stat())
    for _ in range(3):
        gateway = home.gateway()
        kill(gateway)
        home.next_gateway(gateway)
        assert asked_as_the_client(home) == 200
    # Whichever is left starts the other again, so all of it goes at once.
    home.close()
    ended(process)
    assert (file_of(home).read_bytes(), file_of(home).stat()) == before
    again = home.serve()
    assert asked_as_the_client(home) == 200
    again.send_signal(signal.SIGTERM)
    assert ended(again) == 0, home.log.read_text()
    assert (file_of(home).read_bytes(), file_of(home).stat()) == before


def test_a_stopped_gateway_refuses_and_passes_nothing_on(
    home: House, provider: ScriptedUpstream
) -> None:
    process = connected(home)
    assert asked_as_the_client(home) == 200
    home.say("mode", "offline")
    told = home.say("stop")
    assert "Claude Code still points here" in told
    assert ended(process) == 0
    heard = len(provider.requests)
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", home.port)):
        pass
    assert len(provider.requests) == heard
    home.say("stop", "--unwire")
    assert file_of(home).read_text() == MINE


def test_a_change_by_others_is_noticed_within_five_seconds_and_repaired(
    home: House,
) -> None:
    process = connected(home)
    whole = json.loads(file_of(home).read_text())
    whole["env"]["ANTHROPIC_BASE_URL"] = "https://models.example"
    file_of(home).write_text(json.dumps(whole))

    def drifted() -> bool:
        status = json.loads(home.say("status", "--json"))
        states = [one["state"] for one in status["snapshot"]["wirings"]]
        # None stands there until the gateway has looked for the first time.
        return states == ["drifted"]

    until(drifted, within=5.0)
    shown = home.run("repair")
    assert shown.returncode == 3
    assert "https://models.example" in shown.stdout
    home.say("repair", "--yes")
    assert asked_as_the_client(home) == 200
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0


def test_uninstall_leaves_only_folders_of_its_own(home: House) -> None:
    process = connected(home)
    home.say("login", "on")
    outside = Path(home.env["HOME"])
    assert list(outside.rglob("turnout.*"))
    shown = home.run("uninstall")
    assert shown.returncode == 3
    assert str(file_of(home)) in shown.stdout
    assert str(home.home) in shown.stdout
    assert process.poll() is None
    home.say("uninstall", "--yes")
    assert ended(process) == 0
    assert list(outside.rglob("turnout.*")) == []
    assert file_of(home).read_text() == MINE
    assert home.processes() == []
