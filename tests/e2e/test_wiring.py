"""Claude Code and Codex, wired by Turnout itself, do a whole task; then as before.

Nothing is set by the test: `turnout integrate` writes the clients' own files, and
`turnout undo` takes them back byte for byte. Logins are made up and have the real form.
"""

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from e2e import expect, gateway
from e2e.clients import BIN, Place, Ran, run, start
from e2e.gateway import SCRIPTED_KEY, TURNOUT, Turnout, running
from upstream import ScriptedUpstream
from upstream.coding import prompt_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

OWN_KEY = "not-a-secret-canary-of-the-user-5d1e"
CLAUDE_LOGIN = "sk-ant-oat01-canary-not-a-secret"
GATEWAY_KEY = re.compile(r"tnt_\w{8}")
ENTRY = """\
[gateway]
port = {port}

[[providers]]
id = "PROVIDER"
key = "KEY"
base_url = "{upstream}"
"""
SETTINGS = """\
{
  "permissions": {"allow": ["Read(~/work/**)"]},
  "env": {
    "BASH_DEFAULT_TIMEOUT_MS": "120000"
  },
  "cleanupPeriodDays": 20
}
"""
CONFIG = """\
# mine
project_doc_max_bytes = 1024

[tui]
notifications = false
"""
LOGIN = {
    "claudeAiOauth": {
        "accessToken": CLAUDE_LOGIN,
        "refreshToken": "canary-not-a-secret-refresh",
        "expiresAt": int(time.time() + 86_400) * 1000,
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
    }
}
KEY = "env:SCRIPTED_KEY"


@dataclass(frozen=True, slots=True)
class Case:
    """A client, how it is wired, and what is in its home before.

    `credential` is what has to arrive at the provider; `command` starts the client
    where it is not started as usual.
    """

    client: str
    words: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    provider: str = "anthropic"
    key: str = KEY
    credential: str = SCRIPTED_KEY
    command: tuple[str, ...] = ()


_PLAIN = ("codex", "exec", "--dangerously-bypass-approvals-and-sandbox")
_AUTH = {".codex/auth.json": json.dumps({"OPENAI_API_KEY": OWN_KEY})}
CASES = {
    "claude-code": Case(
        "claude-code", ("--free-model",), {".claude/settings.json": SETTINGS}
    ),
    "claude-code, plan": Case(
        "claude-code",
        ("--login", "own"),
        {".claude/.credentials.json": json.dumps(LOGIN)},
        key="client",
        credential=CLAUDE_LOGIN,
    ),
    "claude-code, own key stays": Case(
        "claude-code",
        ("--login", "own"),
        {
            ".claude/settings.json": json.dumps(
                {
                    "apiKeyHelper": f"echo {OWN_KEY}",
                    "env": {"ANTHROPIC_CUSTOM_HEADERS": "X-Team: core"},
                }
            )
        },
        key="client",
        credential=OWN_KEY,
    ),
    "claude-code, key by command": Case(
        "claude-code", ("--helper",), {".claude/settings.json": SETTINGS}
    ),
    "claude-code, one project": Case("claude-code", ("--project", "PROJECT")),
    "codex": Case("codex", (), {".codex/config.toml": CONFIG}, "openai"),
    "codex, key by command": Case("codex", ("--helper",), {}, "openai"),
    "codex, own key": Case(
        "codex", ("--login", "own"), _AUTH, "openai", "client", OWN_KEY
    ),
    "codex, launcher": Case(
        "codex",
        (),
        {".local/bin/other": "mine"},
        "openai",
        command=("codex-turnout", *_PLAIN[1:]),
    ),
    "codex, always": Case(
        "codex",
        ("--always", "--login", "own"),
        {".codex/config.toml": CONFIG, **_AUTH},
        "openai",
        "client",
        OWN_KEY,
        _PLAIN,
    ),
}


@pytest.fixture
def turnout(
    base: Path,
    place: Place,
    upstream: ScriptedUpstream,
    case: Case,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Turnout]:
    """`turnout serve` of the person whose home `place` has, with one provider."""
    entry = ENTRY.replace("PROVIDER", case.provider).replace("KEY", case.key)
    monkeypatch.setattr(gateway, "CONFIG", entry)
    usual = gateway.environment

    def environment(home: Path) -> dict[str, str]:
        around = usual(home)
        path = f"{BIN}:{around['PATH']}"
        return around | {"HOME": str(place.home), "PATH": path}

    monkeypatch.setattr(gateway, "environment", environment)
    with running(base / "home", upstream.url) as made:
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


def asked(case: Case, place: Place, turnout: Turnout) -> Ran:
    """Give the client its task, started as its user would start it."""
    # A command that prints a key is Turnout's, and has to find this one.
    around = {"TURNOUT_HOME": str(turnout.home)}
    prompt = prompt_for(place.project)
    if not case.command:
        return start(case.client, place, prompt, around)
    own = place.home / ".local" / "bin" / case.command[0]
    first = own if own.exists() else BIN / case.command[0]
    around |= {"PATH": f"{BIN}:/usr/bin:/bin"}
    return run([str(first), *case.command[1:], prompt], place, around, 90)


def digests(place: Place, names: set[str]) -> dict[str, str]:
    """The digests of files below the home, those that are there."""
    return {
        name: hashlib.sha256((place.home / name).read_bytes()).hexdigest()
        for name in names
        if (place.home / name).exists()
    }


OURS = {
    ".claude/settings.json",
    ".codex/config.toml",
    ".codex/turnout.config.toml",
    ".local/bin/codex-turnout",
}


# The further ways differ in what is written, which the goldens hold; that they work is
# seen with the further clients.
SELDOM = {
    "claude-code, key by command",
    "claude-code, own key stays",
    "codex, key by command",
    "codex, own key",
}
WAYS = [
    pytest.param(
        case, id=name, marks=[pytest.mark.more_clients] if name in SELDOM else []
    )
    for name, case in CASES.items()
]


@pytest.mark.parametrize("case", WAYS)
def test_wired_it_does_the_task_and_taken_back_it_is_as_before(
    turnout: Turnout, upstream: ScriptedUpstream, place: Place, case: Case
) -> None:
    for name, text in case.before.items():
        place.write(name, text)
    before = digests(place, OURS)
    words = [word.replace("PROJECT", str(place.project)) for word in case.words]
    wire = ("integrate", case.client, *words, "--no-test", "--yes")
    told = typed(turnout, *wire)
    assert GATEWAY_KEY.search(told) is None
    assert OWN_KEY not in told
    ran = asked(case, place, turnout)
    expect.task_done(ran, place)
    for seen in upstream.asked:
        everything = seen.everything()
        assert b"tnt_" not in everything
        assert case.credential.encode() in everything
        others = {SCRIPTED_KEY, OWN_KEY, CLAUDE_LOGIN} - {case.credential}
        assert [word for word in others if word.encode() in everything] == []
    for path in place.project.rglob("*"):
        assert not path.is_file() or b"tnt_" not in path.read_bytes()
    rows = turnout.events()
    assert {row["client"] for row in rows} == {case.client}
    assert {row["status"] for row in rows} == {"success"}
    # Wired again, nothing changes.
    wired = digests(place, OURS)
    typed(turnout, *wire)
    assert digests(place, OURS) == wired
    typed(turnout, "undo", case.client)
    assert digests(place, OURS) == before
    assert not (place.project / ".claude" / "settings.local.json").exists()
