"""The lines Turnout prints for a client, pasted as they are, do a whole task.

The provider is a known one that is moved to the scripted one's address; what the
client is signed in with is made up and has the real form.
"""

import base64
import json
import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from e2e import expect, gateway
from e2e.clients import Place, start
from e2e.gateway import SCRIPTED_KEY, Turnout, running
from upstream import ScriptedUpstream, Seen
from upstream.coding import TURNS, prompt_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

OWN_KEY = "sk-the-clients-own-51c07be2"
ACCOUNT = "account-of-the-plan"
CLAUDE_LOGIN = "sk-ant-oat01-the-clients-own-login"


@dataclass(frozen=True, slots=True)
class Case:
    """A client, how it is signed in, and the provider that is set up for it.

    `parts` are the numbers of the pieces a reader follows, where there is a choice;
    `home` and `environment` are what the login has left there; `credential` is what
    has to arrive, `header` how.
    """

    client: str
    provider: str
    key: str
    header: str
    credential: str = SCRIPTED_KEY
    home: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[int, ...] = (0, 1)
    version: str = ""


def _token() -> str:
    """An unsigned token as a ChatGPT login has them; it says whose plan it is."""
    auth = {"chatgpt_account_id": ACCOUNT, "chatgpt_plan_type": "plus"}
    claims = {
        "email": "somebody@example.com",
        "exp": int(time.time()) + 9 * 86_400,
        "https://api.openai.com/auth": auth,
    }
    halves = [json.dumps(half).encode() for half in ({"alg": "none"}, claims)]
    return ".".join(
        base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        for half in (*halves, b"signature")
    )


def _plan() -> dict[str, object]:
    tokens = {
        "id_token": TOKEN,
        "access_token": TOKEN,
        "refresh_token": "refresh",
        "account_id": ACCOUNT,
    }
    today = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": today}


def _claude_login() -> dict[str, object]:
    oauth = {
        "accessToken": CLAUDE_LOGIN,
        "refreshToken": "refresh",
        "expiresAt": int(time.time() + 86_400) * 1000,
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
    }
    return {"claudeAiOauth": oauth}


TOKEN = _token()
KEY = "env:SCRIPTED_KEY"
CASES = {
    # Its own key is in the terminal too, because Turnout was started there.
    "claude-code, terminal, key": Case(
        "claude-code",
        "anthropic",
        KEY,
        "x-api-key",
        environment={"ANTHROPIC_API_KEY": OWN_KEY},
        parts=(0,),
    ),
    "claude-code, terminal, own key": Case(
        "claude-code",
        "anthropic",
        "client",
        "x-api-key",
        OWN_KEY,
        environment={"ANTHROPIC_API_KEY": OWN_KEY},
        parts=(0,),
    ),
    "claude-code, file, own plan": Case(
        "claude-code",
        "anthropic",
        "client",
        "authorization",
        f"Bearer {CLAUDE_LOGIN}",
        home={".claude/.credentials.json": _claude_login()},
        parts=(1,),
    ),
    "codex, key": Case(
        "codex", "openai", KEY, "authorization", f"Bearer {SCRIPTED_KEY}"
    ),
    "codex, own key": Case(
        "codex",
        "openai",
        "client",
        "authorization",
        f"Bearer {OWN_KEY}",
        home={".codex/auth.json": {"OPENAI_API_KEY": OWN_KEY}},
    ),
    "codex, own plan": Case(
        "codex",
        "chatgpt",
        "client",
        "authorization",
        f"Bearer {TOKEN}",
        home={".codex/auth.json": _plan()},
        version="/v1",
    ),
    "opencode, key": Case("opencode", "anthropic", KEY, "x-api-key"),
    "opencode, own key": Case(
        "opencode",
        "anthropic",
        "client",
        "x-api-key",
        OWN_KEY,
        home={
            ".local/share/opencode/auth.json": {
                "anthropic": {"type": "api", "key": OWN_KEY}
            }
        },
    ),
}


@pytest.fixture
def known_provider(
    case: Case, base: Path, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Turnout]:
    """`turnout serve` with one known provider, moved to the scripted one's address."""
    entry = (
        "[gateway]\nport = {port}\n\n"
        f'[[providers]]\nid = "{case.provider}"\nkey = "{case.key}"\n'
        f'base_url = "{{upstream}}{case.version}"\n'
    )
    monkeypatch.setattr(gateway, "CONFIG", entry)
    with running(base / "home", upstream.url) as turnout:
        yield turnout


def paste(place: Place, part: Mapping[str, str]) -> dict[str, str]:
    """Do what a reader does with one part; returns what was exported."""
    if "terminal" not in part["where"]:
        (file,) = re.findall(r"~/(\S+)", part["where"])
        place.write(file, part["text"])
        return {}
    exported = {}
    for line in part["text"].splitlines():
        match shlex.split(line):
            case ["export", setting]:
                name, _, value = setting.partition("=")
                exported[name] = value
            case ["chmod", mode, file]:
                path = Path(file.replace("~", str(place.home)))
                os.chmod(path, int(mode, 8))  # noqa: PTH101 - as it is typed
            case typed:
                assert typed[0] in {"claude", "codex", "opencode"}
    return exported


# opencode is started with what was written for it in `test_as_before`, too.
PASTED = [
    pytest.param(
        case,
        id=name,
        marks=[pytest.mark.more_clients] if name.startswith("opencode") else [],
    )
    for name, case in CASES.items()
]


@pytest.mark.parametrize("case", PASTED)
def test_pasted_lines_do_a_task(
    known_provider: Turnout, upstream: ScriptedUpstream, place: Place, case: Case
) -> None:
    for path, content in case.home.items():
        place.write(path, json.dumps(content))
    told = json.loads(known_provider.command("settings", case.client, "--json"))
    environment = dict(case.environment)
    for index in case.parts:
        environment |= paste(place, told["parts"][index])
    ran = start(case.client, place, prompt_for(place.project), environment)
    expect.task_done(ran, place)
    for seen in upstream.asked:
        _arrived(seen, case)
    rows = known_provider.events()
    assert len(rows) in {TURNS, TURNS + 1}
    assert {row["client"] for row in rows} == {case.client}
    assert {row["provider"] for row in rows} == {case.provider}
    assert {row["status"] for row in rows} == {"success"}


def _arrived(seen: Seen, case: Case) -> None:
    """The right credential came, once and alone; the gateway's key did not."""
    assert seen.header(case.header) == case.credential
    everything = seen.everything()
    assert b"tnt_" not in everything
    mine = SCRIPTED_KEY if case.key == KEY else case.credential
    others = {SCRIPTED_KEY, OWN_KEY, CLAUDE_LOGIN, TOKEN} - {mine.split()[-1]}
    assert [word for word in others if word.encode() in everything] == []
    assert everything.count(mine.split()[-1].encode()) == 1
    if case.provider == "chatgpt":
        assert seen.header("chatgpt-account-id") == ACCOUNT
