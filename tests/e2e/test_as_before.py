"""Claude Code, Codex and opencode: as before once Turnout has wired and left them.

`turnout init --yes FILE` writes their files and starts the gateway, `turnout undo`
takes all of it back. What they did without Turnout they do again, and Codex lists the
chats it had at any time.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e import expect
from e2e.clients import BIN, Ran
from e2e.gateway import SCRIPTED_KEY
from e2e.wired import COMMANDS, CONFIG, QUIET_CLAUDE, Person, look_around, person
from upstream import Ask, ScriptedUpstream
from upstream.coding import FINAL, MADE, prepare, prompt_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

OWN_KEY = "not-a-secret-canary-of-the-user-5d1e"
ALONE = (*COMMANDS["codex"][:2], *COMMANDS["codex"][4:])
"""Codex without Turnout's profile."""

# The users' own files; the last two lead to a provider of theirs.
CODEX_DIRECT = """\
# mine
model = "my-model"
model_provider = "direct"

[model_providers.direct]  # the one I pay for
name = "Direct"
base_url = "{upstream}/v1"
wire_api = "responses"
experimental_bearer_token = "{key}"

[tui]
notifications = false
"""
OPENCODE_DIRECT = """\
{
  // mine
  "$schema": "https://opencode.ai/config.json",
  "autoupdate": false,
  "model": "direct/my-model",
  "small_model": "direct/my-model",
  "provider": {
    "direct": {
      "npm": "@ai-sdk/openai-compatible",
      "options": {"baseURL": "{upstream}/v1", "apiKey": "{key}"},
      "models": {"my-model": {"name": "Mine"},},
    },
  },
}
"""
FILES = {
    ".claude/settings.json": QUIET_CLAUDE,
    ".codex/config.toml": CODEX_DIRECT,
    ".config/opencode/opencode.jsonc": OPENCODE_DIRECT,
}
OURS = (*FILES, ".codex/turnout.config.toml", ".local/bin/codex-turnout")
ALL_THREE = """\
clients = ["claude-code", "codex", "opencode"]
keys = "all"
"""


@pytest.fixture
def somebody(base: Path, upstream: ScriptedUpstream) -> Iterator[Person]:
    """Somebody with one known provider's key."""
    config = CONFIG.replace("{provider}", "anthropic").replace(
        "{upstream}", upstream.url
    )
    with person(base, config) as made:
        yield made


def does_the_task(somebody: Person, words: tuple[str, ...]) -> Ran:
    """Run a client on a project as it was at first; the task gets done."""
    prepare(somebody.place.project)
    (somebody.place.project / MADE).unlink(missing_ok=True)
    ran = somebody.runs(words, prompt_for(somebody.place.project))
    expect.task_done(ran, somebody.place)
    return ran


def credentials(upstream: ScriptedUpstream) -> set[str]:
    """What the requests since the last look were signed with."""
    found = {seen.credential or "" for seen in upstream.asked}
    upstream.requests.clear()
    return found


def as_without_turnout(somebody: Person, upstream: ScriptedUpstream) -> None:
    """One client is not signed in, two go straight to their user's own provider."""
    ran = somebody.runs(COMMANDS["claude-code"], "hello")
    assert ran.code == 1, ran
    assert "Not logged in" in ran.out, ran
    assert upstream.asked == []
    for words in (ALONE, COMMANDS["opencode"]):
        does_the_task(somebody, words)
        assert credentials(upstream) == {OWN_KEY}


def test_three_clients_work_through_turnout_and_then_as_before(
    somebody: Person, upstream: ScriptedUpstream
) -> None:
    for name, text in FILES.items():
        filled = text.replace("{upstream}", upstream.url).replace("{key}", OWN_KEY)
        somebody.place.write(name, filled)
    (somebody.home / ".local" / "bin").mkdir(parents=True)
    before = {name: look_around(somebody.home).get(name) for name in OURS}
    as_without_turnout(somebody, upstream)

    told = somebody.agrees(ALL_THREE)
    assert "tnt_" not in told.replace("tnt_...", "")
    assert OWN_KEY not in told
    upstream.requests.clear()
    seen = len(somebody.events())
    launcher = ("codex-turnout", *ALONE[1:])
    for words in (*COMMANDS.values(), launcher):
        does_the_task(somebody, words)
    assert credentials(upstream) == {SCRIPTED_KEY}
    rows = somebody.events()[seen:]
    assert {row["client"] for row in rows} == set(COMMANDS)
    assert {row["status"] for row in rows} == {"success"}
    # What was not asked to go through Turnout does not.
    does_the_task(somebody, ALONE)
    assert credentials(upstream) == {OWN_KEY}

    somebody.gets("undo", "--all")
    looked = look_around(somebody.home)
    now = {name: looked.get(name) for name in OURS}
    assert {n: (o.mode, o.content) for n, o in now.items() if o} == {
        n: (o.mode, o.content) for n, o in before.items() if o
    }
    as_without_turnout(somebody, upstream)
    assert len(somebody.events()) == seen + len(rows)


# --- the chats of Codex ---------------------------------------------------------------

BUILT_IN = {".codex/auth.json": json.dumps({"OPENAI_API_KEY": OWN_KEY})}


def chats(somebody: Person, *words: str) -> list[str]:
    """The ids of the chats that Codex lists, as its desktop app asks for them."""
    asked = (
        {"id": 1, "method": "initialize", "params": {"clientInfo": INFO}},
        {"method": "initialized"},
        {"id": 2, "method": "thread/list", "params": {"sourceKinds": ["exec"]}},
    )
    with subprocess.Popen(
        [str(BIN / "codex"), *words, "app-server"],
        env=somebody.place.environment({}),
        cwd=somebody.place.project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for each in asked:
                process.stdin.write(f"{json.dumps(each)}\n")
                process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                if answer.get("id") == 2:
                    return [str(chat["id"]) for chat in answer["result"]["data"]]
        finally:
            process.kill()
    raise AssertionError("Codex did not list its chats")


INFO = {"name": "turnout-test", "title": "Test", "version": "1"}
WAYS = {
    "profile": 'clients = ["codex"]\n[client.codex]\nlogin = "own"\n',
    "always": 'clients = ["codex"]\n[client.codex]\nlogin = "own"\nalways = true\n',
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_codex_finds_its_chats_wired_and_taken_back(
    base: Path, upstream: ScriptedUpstream, way: str
) -> None:
    config = CONFIG.replace("{provider}", "openai").replace("{upstream}", upstream.url)
    with person(base, f'{config}key = "client"\n') as somebody:
        for name, text in BUILT_IN.items():
            somebody.place.write(name, text)
        # Straight to the provider, with Codex's own login and no file that says so.
        direct = ("-c", f"openai_base_url={upstream.url}/v1", "-m", "turnout-code")
        ran = does_the_task(somebody, (*ALONE, *direct))
        (chat,) = re.findall(r"session id: (\S+)", ran.err)
        assert chats(somebody) == [chat]
        # That this could fail: a root provider of another name hides it.
        other = '{name="O", base_url="http://127.0.0.1:9/v1", wire_api="responses"}'
        hidden = ("-c", "model_provider=o", "-c", f"model_providers.o={other}")
        assert chats(somebody, *hidden) == []

        somebody.agrees(way)
        upstream.requests.clear()
        assert chats(somebody) == [chat]
        through = ALONE if "always" in way else COMMANDS["codex"]
        resumed(somebody, through, chat, upstream)
        assert len(somebody.events()) == 1
        assert {row["client"] for row in somebody.events()} == {"codex"}
        assert chats(somebody) == [chat]

        somebody.gets("undo", "--all")
        assert chats(somebody) == [chat]
        resumed(somebody, (*ALONE, *direct), chat, upstream)
        assert len(somebody.events()) == 1


def resumed(
    somebody: Person, words: tuple[str, ...], chat: str, upstream: ScriptedUpstream
) -> None:
    """Codex goes on with a chat: the provider is told of it."""
    upstream.requests.clear()
    ran = somebody.runs((*words, "resume", chat), "Go on with that.")
    assert ran.code == 0, ran
    assert FINAL in ran.out, ran
    (seen,) = upstream.asked
    assert seen.ask is Ask.RESPONSES
    assert b"Go on with that." in seen.body
    assert prompt_for(somebody.place.project).encode() in seen.body
    assert seen.credential == OWN_KEY
