"""The lines Turnout prints for further clients, pasted as they are, get an answer."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e import expect, gateway
from e2e.clients import BIN, Place, run, start
from e2e.gateway import SCRIPTED_KEY, Turnout, running
from e2e.test_settings import paste
from upstream import ScriptedUpstream, in_thread
from upstream.coding import coding_task, prompt_for

pytestmark = [pytest.mark.more_clients, pytest.mark.timeout(180)]

OWN_KEY = "not-a-secret-the-clients-own-51c07be2"


@dataclass(frozen=True, slots=True)
class Case:
    """A client and the provider that is set up; `key` is that provider's.

    `command` starts a client that `e2e.clients` knows no way to start.
    """

    client: str
    provider: str
    key: str = "env:SCRIPTED_KEY"
    command: str = ""


CASES = {
    "gemini-cli": Case("gemini-cli", "gemini"),
    "gemini-cli, own key": Case("gemini-cli", "gemini", "client"),
    "gemini-cli, another's model": Case("gemini-cli", "anthropic"),
    "qwen-code": Case("qwen-code", "anthropic", command="qwen --yolo --prompt"),
    "continue": Case(
        "continue", "anthropic", command="cn --auto --config ~/.continue/config.yaml -p"
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
    case: Case, base: Path, provider: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Turnout]:
    """`turnout serve` with one known provider, moved to the scripted one's address."""
    entry = (
        "[gateway]\nport = {port}\n\n"
        f'[[providers]]\nid = "{case.provider}"\nkey = "{case.key}"\n'
        'base_url = "{upstream}"\n'
    )
    monkeypatch.setattr(gateway, "CONFIG", entry)
    with running(base / "home", provider.url) as made:
        yield made


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pasted_lines_are_answered(
    turnout: Turnout, provider: ScriptedUpstream, place: Place, case: Case
) -> None:
    told = json.loads(turnout.command("settings", case.client, "--json"))
    environment: dict[str, str] = {}
    if case.client == "qwen-code":
        # It uses a proxy for this machine too, whatever NO_PROXY says.
        environment["HTTPS_PROXY"] = ""
    if case.key == "client":
        place.write(
            ".gemini/settings.json",
            json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}}),
        )
        environment["GEMINI_API_KEY"] = OWN_KEY
    for part in told["parts"]:
        if "terminal" not in part["where"]:
            environment |= paste(place, part)
    prompt = prompt_for(place.project)
    if case.command:
        words = shlex.split(case.command.replace("~", str(place.home)))
        words[0] = str(BIN / words[0])
        ran = run([*words, prompt], place, environment, 150)
    else:
        ran = start(case.client, place, prompt, environment, limit=150)
    expect.task_done(ran, place)
    assert provider.refusals == []
    mine = OWN_KEY if case.key == "client" else SCRIPTED_KEY
    for seen in provider.asked:
        everything = seen.everything()
        assert b"tnt_" not in everything
        assert mine.encode() in everything
    rows = turnout.events()
    assert {row["client"] for row in rows} == {case.client}
    assert {row["status"] for row in rows} == {"success"}
