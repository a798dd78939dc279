"""Everything is looked at at once; what fails or hangs costs only itself."""

import asyncio
import io
import json
import logging
import tempfile
import threading
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_home import CANARY, around, npm, put
from servers import kinds
from servers.double import serving

from discovery.findings import Confidence, Findings, KeyFound, KeySource, RouterFound
from discovery.keys import key_variables
from discovery.parts import SPOKEN, Part
from discovery.scan import (
    Tell,
    in_time,
    scan,
    scan_parts,
    together,
    with_use,
)
from discovery.surroundings import Surroundings
from proxy.catalogue import catalogue_of, known_providers

NONE = catalogue_of(())
ROUTER = RouterFound("x", "X", "~/x", (), "X also writes.", Confidence.SURE)
SOME = Findings(routers=(ROUTER,))
PORT = 8787


async def quick(_tell: Tell) -> Findings:
    return SOME


async def hanging(tell: Tell) -> Findings:
    tell(SOME)
    await asyncio.Event().wait()
    return Findings()


async def failing(tell: Tell) -> Findings:
    tell(SOME)
    raise OSError(CANARY)


async def test_parts_come_as_they_are_done() -> None:
    gate = asyncio.Event()

    async def slow(_tell: Tell) -> Findings:
        await gate.wait()
        return Findings()

    seen = []
    async for part, _ in in_time({Part.KEYS: slow, Part.CLIENTS: quick}, 30):
        seen.append(part)
        gate.set()
    assert seen == [Part.CLIENTS, Part.KEYS]


async def test_a_part_that_hangs_gives_what_it_told_and_a_sentence() -> None:
    works = {Part.KEYS: hanging, Part.CLIENTS: quick}
    found = {part: one async for part, one in in_time(works, 0.02)}
    assert found[Part.CLIENTS] == SOME
    assert found[Part.KEYS].routers == SOME.routers
    assert "keys took longer than 0.02 s" in found[Part.KEYS].problems[0]


@pytest.mark.logs_trouble
async def test_a_part_that_fails_gives_what_it_told_and_a_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    works = {Part.KEYS: failing, Part.CLIENTS: quick}
    found = {part: one async for part, one in in_time(works, 30)}
    assert found[Part.CLIENTS] == SOME
    assert found[Part.KEYS].routers == SOME.routers
    assert "(OSError)" in found[Part.KEYS].problems[0]
    assert CANARY not in repr(found) + caplog.text


async def test_nothing_goes_on_when_nobody_listens_any_more() -> None:
    ended = asyncio.Event()

    async def patient(_tell: Tell) -> Findings:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return Findings()

    works = {Part.KEYS: patient, Part.CLIENTS: quick}
    async with aclosing(in_time(works, 30)) as parts:
        async for _ in parts:
            break
    await asyncio.wait_for(ended.wait(), 5)


def test_findings_add_up() -> None:
    problem = Findings(problems=("One.",))
    assert together([SOME, problem, SOME]) == Findings(
        routers=(ROUTER, ROUTER), problems=("One.",)
    )
    assert together([]) == Findings()


def test_every_part_has_a_name() -> None:
    assert set(SPOKEN) == set(Part)


async def look(home: Path, only: Part | None = None, **more: object) -> Findings:
    arguments: dict[str, object] = {"catalogue": NONE, "only": only, **more}
    return await scan(around(home), PORT, **arguments)  # type: ignore[arg-type]


async def test_one_part_can_be_looked_at_alone(tmp_path: Path) -> None:
    npm(tmp_path, "codex", "@openai/codex", "1.2.3")
    put(tmp_path / ".opencodex/config.json", "{}")
    clients = await look(tmp_path, Part.CLIENTS)
    assert [one.id for one in clients.clients] == ["codex"]
    assert clients == Findings(clients=clients.clients)
    routers = await look(tmp_path, Part.ROUTERS)
    assert [one.id for one in routers.routers] == ["opencodex"]
    assert routers == Findings(routers=routers.routers)


async def test_servers_come_from_this_machine_and_named_hosts(tmp_path: Path) -> None:
    async with serving(kinds.ollama()) as double:
        found = await look(tmp_path, Part.SERVERS, hosts=(double.url,))
    assert double.url in [one.address for one in found.servers]
    assert not found.clients


async def test_forges_come_from_the_named_folder(tmp_path: Path) -> None:
    text = '[remote "origin"]\n\turl = https://u:canary@gitea.example/x/y.git\n'
    put(tmp_path / "project/.git/config", text)
    here = replace(around(tmp_path), folder=tmp_path / "project")
    found = await scan(here, PORT, catalogue=NONE, only=Part.FORGES)
    assert [one.address for one in found.forges] == ["https://gitea.example"]


async def test_docker_is_not_asked_without_consent(tmp_path: Path) -> None:
    parts = [
        part
        async for part, _ in scan_parts(
            around(tmp_path), PORT, catalogue=NONE, only=Part.CONTAINERS
        )
    ]
    assert parts == []


async def test_docker_is_asked_with_consent(tmp_path: Path) -> None:
    here = around(tmp_path, DOCKER_HOST="tcp://elsewhere.example:2375")
    found = await scan(here, PORT, catalogue=NONE, only=Part.CONTAINERS, docker=True)
    assert not found.containers
    assert "another machine" in found.problems[0]


async def test_shell_files_are_not_read_without_consent(tmp_path: Path) -> None:
    put(tmp_path / ".zshrc", f"export MISTRAL_API_KEY={CANARY}\n")
    assert not (await look(tmp_path, Part.KEYS)).keys
    (found,) = (await look(tmp_path, Part.KEYS, shell_files=True)).keys
    assert found.source is KeySource.SHELL_FILE


async def test_our_own_entries_of_the_keyring_are_found(tmp_path: Path) -> None:
    asked = []

    def keyring(name: str) -> str | None:
        asked.append(name)
        return CANARY if name == "mistral" else None

    (found,) = (await look(tmp_path, Part.KEYS, keyring=keyring)).keys
    assert (found.provider, found.last4) == ("mistral", CANARY[-4:])
    assert "gateway-key" not in " ".join(asked)


async def test_a_keyring_that_refuses_is_said_to(tmp_path: Path) -> None:
    def keyring(_: str) -> str | None:
        raise LookupError("somebody said no")

    found = await look(tmp_path, Part.KEYS, keyring=keyring)
    (sentence,) = found.problems
    assert sentence == "Keys in the system keyring are not shown: somebody said no."


async def test_a_keyring_that_hangs_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discovery.scan._OF_THE_KEYRING", 0.02)
    gate, asked = threading.Event(), []

    def keyring(name: str) -> str | None:
        asked.append(name)
        gate.wait(30)
        return None

    put(tmp_path / ".aws/config", "[default]\n")
    try:
        found = await look(tmp_path, Part.KEYS, keyring=keyring)
    finally:
        gate.set()
    assert [one.name for one in found.keys] == ["AWS profile default"]
    assert "did not answer in time" in found.problems[0]
    assert len(asked) == 1


def key(source: KeySource, reference: str, **more: str) -> KeyFound:
    words = {"provider": "", "variable": "", **more}
    return KeyFound(
        provider=words["provider"],
        name="X",
        variable=words["variable"],
        source=source,
        where="",
        last4="",
        reference=reference,
        confidence=Confidence.SURE,
    )


def test_what_the_configuration_names_is_in_use() -> None:
    known = known_providers()
    catalogue = catalogue_of((known["groq"], known["anthropic"]))
    shell, login = KeySource.SHELL_FILE, KeySource.LOGIN
    used = key(KeySource.ENVIRONMENT, "env:GROQ_API_KEY")
    assert with_use(used, catalogue).used
    assert with_use(key(shell, "", variable="GROQ_API_KEY"), catalogue).used
    assert with_use(key(login, "", provider="anthropic"), catalogue).used
    assert not with_use(key(login, "", provider="groq"), catalogue).used
    assert not with_use(key(login, ""), catalogue).used
    assert not with_use(key(KeySource.KEYRING, "keyring:groq"), catalogue).used


PREFIXES = ("", "sk-", "sk-ant-api03-", "sk-ant-oat01-", "sk-proj-", "gsk_", "AIza")
KEYS = st.builds(
    "{}canary{}".format,
    st.sampled_from(PREFIXES),
    st.text("qzxjkvwQZXJKVW0123456789_-", min_size=8, max_size=90),
)


def filled(home: Path, secret: str) -> Surroundings:
    """A home with a key in every place that is looked into."""
    address = f"http://u:{secret}@127.0.0.1:9/k/{secret}/v1?k={secret}"
    lines = "".join(f"export {name}={secret}\n" for name in key_variables())
    lines += f"export ANTHROPIC_BASE_URL={address}\n"
    for name in (".zshrc", ".bashrc", ".profile", ".gemini/.env", "project/.env"):
        put(home / name, lines)
    put(home / ".config/fish/config.fish", f"set -gx XAI_API_KEY {secret}\n")
    every = json.dumps(
        {
            "env": {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_AUTH_TOKEN": secret},
            "apiKeyHelper": f"echo {secret}",
            "tokens": {"t": secret},
            "oauthAccount": {"t": secret},
            "type": secret,
            "provider": {"x": {"options": {"baseURL": address, "apiKey": secret}}},
        }
    )
    for name in (
        ".claude/settings.json",
        ".claude.json",
        ".claude/.credentials.json",
        ".codex/auth.json",
        ".config/opencode/opencode.json",
        ".openclaw/openclaw.json",
        ".config/gcloud/application_default_credentials.json",
        ".config/github-copilot/apps.json",
        ".cc-switch/config.json",
        ".claude-code-router/config.json",
        "project/.claude/settings.json",
        "project/opencode.json",
    ):
        put(home / name, every)
    put(home / ".codex/config.toml", f'model_provider = "x"\nk = "{secret}"\n')
    put(home / ".aws/credentials", f"[default]\nkey = {secret}\n")
    put(
        home / "project/.git/config",
        f'[remote "origin"]\n\turl = https://u:{secret}@gitea.example/x.git\n',
    )
    here = around(home, **dict.fromkeys(key_variables(), secret))
    return replace(here, folder=home / "project")


@settings(max_examples=15, deadline=None)
@given(KEYS)
def test_no_part_of_a_key_is_told_beyond_its_end(secret: str) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with tempfile.TemporaryDirectory() as folder:
            here = filled(Path(folder), secret)
            found = [asyncio.run(everything(here, part, secret)) for part in QUIET]
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    told = repr(found) + msgspec.json.encode(found).decode() + heard.getvalue()
    assert all(one != Findings() for one in found)
    # One character more than the four that are shown.
    assert secret[-5:] not in told
    assert "canary" not in told


QUIET = (Part.KEYS, Part.CLIENTS, Part.ROUTERS, Part.FORGES)


async def everything(here: Surroundings, part: Part, secret: str) -> Findings:
    """One part, with every consent there is."""
    return await scan(
        here,
        PORT,
        catalogue=NONE,
        only=part,
        shell_files=True,
        keyring=lambda _: secret,
    )
