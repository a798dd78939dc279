"""Real clients that Turnout wired by itself do a whole task, and are as before after.

Nothing is set by the test: `turnout init --yes FILE` writes the clients' own files, and
`turnout undo` takes them back.
"""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from e2e import expect, gateway
from e2e.clients import BIN, Place, Ran, run, start
from e2e.gateway import SCRIPTED_KEY, TURNOUT, Turnout, running
from e2e.wired import CONFIG, person
from upstream import ScriptedUpstream, in_thread
from upstream.coding import coding_task, prompt_for

pytestmark = [pytest.mark.more_clients, pytest.mark.timeout(240)]

ENTRY = """\
[gateway]
port = {port}

[[providers]]
id = "anthropic"
key = "env:SCRIPTED_KEY"
base_url = "{upstream}"
"""
GATEWAY_KEY = re.compile(r"tnt_\w{8}")
OWN_KEY = "not-a-secret-canary-of-the-user-5d1e"


@dataclass(frozen=True, slots=True)
class Case:
    """A client, the words that start it and what is in its home before.

    `before` are files below the home that it finds, `off` variables without which it
    could not run here at all; none of them points it anywhere. `login` is answered
    where the usual one, which the client has, would lead past the scripted provider.
    """

    client: str
    command: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    off: Mapping[str, str] = field(default_factory=dict)
    login: str = ""

    @property
    def answers(self) -> str:
        """The file of answers that agrees to this client alone."""
        said = f'clients = ["{self.client}"]\n'
        if self.login:
            said += f'\n[client.{self.client}]\nlogin = "{self.login}"\n'
        return said


_GEMINI = json.dumps(
    {
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "privacy": {"usageStatisticsEnabled": False},
        "security": {"auth": {"selectedType": "oauth-personal"}},
    },
    indent=2,
)
# It uses a proxy for this machine too, whatever NO_PROXY says.
_QWEN = Case("qwen-code", ("qwen", "--yolo", "--prompt"), off={"HTTPS_PROXY": ""})
_OPENCLAW = (
    *("openclaw", "agent", "--local", "--agent", "main", "--session-id", "s1"),
    "--message",
)
CASES = {
    "gemini-cli": Case(
        "gemini-cli", before={".gemini/settings.json": _GEMINI}, login="key"
    ),
    "gemini-cli with a key": Case(
        "gemini-cli",
        before={
            ".gemini/settings.json": _GEMINI,
            ".gemini/.env": f"# mine\nGEMINI_API_KEY={OWN_KEY}\n",
        },
        login="key",
    ),
    "qwen-code": _QWEN,
    "qwen-code with a key and a model": Case(
        _QWEN.client,
        _QWEN.command,
        {
            ".qwen/.env": f"OPENAI_API_KEY={OWN_KEY}\n",
            ".qwen/settings.json": '{"model": {"name": "qwen3-coder-plus"}}\n',
        },
        _QWEN.off,
    ),
    "continue": Case("continue", ("cn", "--auto", "-p")),
    "openclaw": Case("openclaw", _OPENCLAW),
    "openclaw with comments": Case(
        "openclaw",
        _OPENCLAW,
        {
            ".openclaw/openclaw.json": "// mine\n{\n  agents: {\n    defaults: {\n"
            "      model: {primary: 'anthropic/claude-opus-5-5'}, // by day\n"
            "    },\n  },\n}\n"
        },
    ),
    "opencode": Case(
        "opencode",
        before={
            ".config/opencode/opencode.jsonc": "{\n  // mine\n  "
            '"$schema": "https://opencode.ai/config.json",\n  "theme": "nord",\n}\n'
        },
    ),
}


@pytest.fixture
def provider() -> Iterator[ScriptedUpstream]:
    """A provider that refuses what its vendor would refuse."""
    made = ScriptedUpstream(coding_task, strict=True)
    with in_thread(made):
        yield made


@pytest.fixture
def turnout(
    base: Path,
    place: Place,
    provider: ScriptedUpstream,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Turnout]:
    """`turnout serve` of the person whose home `place` has, with one known provider.

    The provider is moved to the scripted one's address.
    """
    monkeypatch.setattr(gateway, "CONFIG", ENTRY)
    usual = gateway.environment

    def environment(home: Path) -> dict[str, str]:
        around = usual(home)
        path = f"{BIN}:{around['PATH']}"
        return around | {"HOME": str(place.home), "PATH": path}

    monkeypatch.setattr(gateway, "environment", environment)
    with running(base / "home", provider.url) as made:
        yield made


def typed(turnout: Turnout, *words: str) -> str:
    """All that `turnout WORDS` says; it must succeed."""
    done = subprocess.run(
        [str(TURNOUT), *words],
        env=gateway.environment(turnout.home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    return said


def asked(case: Case, place: Place) -> Ran:
    """Give the client its task, started as its user would start it."""
    prompt = prompt_for(place.project)
    if not case.command:
        return start(case.client, place, prompt, case.off, limit=150)
    words = [str(BIN / case.command[0]), *case.command[1:], prompt]
    return run(words, place, case.off, 150)


def files_of(place: Place, names: set[str]) -> dict[str, str]:
    """The digests of files below the home, those that are there."""
    return {
        name: hashlib.sha256((place.home / name).read_bytes()).hexdigest()
        for name in names
        if (place.home / name).exists()
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_wired_it_does_the_task_and_taken_back_it_is_as_before(
    turnout: Turnout, provider: ScriptedUpstream, place: Place, case: Case
) -> None:
    for name, text in case.before.items():
        place.write(name, text)
    answers = place.home / "answers.toml"
    answers.write_text(case.answers)
    told = typed(turnout, "init", "--yes", str(answers))
    assert GATEWAY_KEY.search(told) is None
    assert OWN_KEY not in told
    ran = asked(case, place)
    expect.task_done(ran, place)
    assert provider.refusals == []
    for seen in provider.asked:
        everything = seen.everything()
        assert b"tnt_" not in everything
        assert OWN_KEY.encode() not in everything
        assert SCRIPTED_KEY.encode() in everything
    rows = turnout.events()
    assert {row["client"] for row in rows} == {case.client}
    assert {row["status"] for row in rows} == {"success"}
    typed(turnout, "undo", case.client)
    left = [
        path
        for path in place.home.rglob("*")
        if path.is_file() and path.stat().st_size < 1_000_000
    ]
    for path in left:
        inside = path.read_bytes()
        if path.suffix in {".json", ".jsonc", ".env", ".yaml", ".yml", ""}:
            assert b"tnt_" not in inside, path
    before = {
        name: hashlib.sha256(text.encode()).hexdigest()
        for name, text in case.before.items()
    }
    # Qwen Code brings its settings to its newest form as it runs.
    names = set(case.before) - {".qwen/settings.json"}
    assert files_of(place, names) == {name: before[name] for name in names}


# --- with nothing but a home ----------------------------------------------------------

WORDS = {
    "gemini-cli": ("gemini", "--yolo", "--prompt"),
    **{case.client: case.command for case in CASES.values() if case.command},
}


@pytest.mark.parametrize("client", WORDS)
def test_not_signed_in_before_and_after(
    base: Path, provider: ScriptedUpstream, client: str
) -> None:
    config = CONFIG.replace("{provider}", "anthropic")
    with person(base, config.replace("{upstream}", provider.url)) as somebody:
        trusted = json.dumps({str(somebody.place.project): "TRUST_FOLDER"})
        somebody.place.write(".gemini/trustedFolders.json", trusted)
        words = WORDS[client]
        before = somebody.runs(words, "Say hello.", limit=60)
        assert before.code != 0, before
        told = somebody.agrees(f'clients = ["{client}"]\nkeys = "all"\n')
        assert GATEWAY_KEY.search(told) is None
        seen = len(provider.asked)
        ran = somebody.runs(words, prompt_for(somebody.place.project), limit=150)
        expect.task_done(ran, somebody.place)
        rows = somebody.events()
        assert {row["client"] for row in rows} == {client}
        assert len(rows) == len(provider.asked) > seen
        somebody.gets("undo", "--all")
        after = somebody.runs(words, "Say hello.", limit=60)
        assert after.code == before.code, after
        assert len(provider.asked) == len(rows)
