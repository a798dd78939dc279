"""The test request of a wired client, against a real gateway and against nobody."""

import time
from pathlib import Path

import pytest
from loopback import Serving, provider, serving
from upstream import ScriptedUpstream

from app.wire_check import FindEvent, Target, check, target_in
from proxy.ledger.checkup import TEST_SESSION
from proxy.ledger.rows import Event
from proxy.model import Protocol
from wizard.plan import Login

KEY = "tnt_" + "a" * 43 + "bbbbbb"
EVERY = (Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT, Protocol.GEMINI)


async def _no_event(_request: str) -> Event | None:
    return None


def test_address_and_key_come_from_the_clients_files() -> None:
    bearer = target_in(
        "codex",
        [f'base_url = "http://127.0.0.1:8787/v1" # {KEY}'.encode()],
        Login.KEY,
        "m",
    )
    assert bearer == Target("codex", "http://127.0.0.1:8787", KEY, Login.KEY, "m")
    path = target_in(
        "aider", [f"http://127.0.0.1:1/k/{KEY}/v1".encode()], Login.KEY, "m"
    )
    assert path is not None
    assert path.carrier == "path"
    header = target_in(
        "claude-code",
        [b"http://localhost:1", f"x-turnout-key: {KEY}".encode()],
        Login.OWN,
        "m",
    )
    assert header is not None
    assert header.carrier == "header"
    assert KEY not in repr(header)


def test_a_file_without_address_or_key_is_no_target() -> None:
    assert target_in("codex", [b"http://127.0.0.1:1"], Login.KEY, "m") is None
    assert target_in("codex", [KEY.encode()], Login.KEY, "m") is None
    kept = target_in("codex", [b"http://127.0.0.1:1"], Login.KEY, "m", KEY)
    assert kept is not None
    assert kept.key == KEY


@pytest.mark.parametrize(
    "client", ["claude-code", "codex", "opencode", "gemini-cli", "aider"]
)
@pytest.mark.parametrize("carrier", ["bearer", "path", "header"])
async def test_every_protocol_gets_through_with_every_carrier(
    tmp_path: Path, client: str, carrier: str
) -> None:
    async with (
        ScriptedUpstream() as upstream,
        serving(tmp_path, provider(upstream.url, protocols=EVERY)) as gateway,
    ):
        target = Target(
            client, gateway.url, gateway.key, Login.KEY, "scripted-large", carrier
        )
        found = await check(target, time.monotonic, _event_of(gateway))
    assert found.failed is None, found.steps
    told = {step.name: step for step in found.steps}
    assert list(told) == ["port", "key", "stream", "tool call", "route", "cost"]
    assert told["route"].text == "scripted/scripted-large"
    assert found.request.startswith("req_")
    (event,) = (each for each in gateway.events() if each.id == found.request)
    assert event.session == TEST_SESSION


def _event_of(gateway: Serving) -> FindEvent:
    async def event(request: str) -> Event | None:
        return next((e for e in gateway.events() if e.id == request), None)

    return event


async def test_a_wrong_key_is_named(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        target = Target("codex", gateway.url, KEY, Login.KEY, "echo")
        found = await check(target, time.monotonic, _no_event)
    assert found.failed is not None
    assert found.failed.name == "key"
    assert KEY not in str(found)


async def test_an_own_login_is_not_borrowed(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        target = Target(
            "claude-code", gateway.url, gateway.key, Login.OWN, "x", "header"
        )
        found = await check(target, time.monotonic, _no_event)
        assert gateway.events() == ()
    assert found.failed is None
    assert found.steps[-1].ok is None


async def test_nobody_at_the_port_is_said() -> None:
    target = Target("codex", "http://127.0.0.1:9", KEY, Login.KEY, "m")
    found = await check(target, time.monotonic, _no_event)
    assert found.failed is not None
    assert found.failed.name == "port"


async def test_a_provider_that_fails_is_told_in_its_words(tmp_path: Path) -> None:
    async with serving(tmp_path, provider("http://127.0.0.1:9")) as gateway:
        target = Target("codex", gateway.url, gateway.key, Login.KEY, "scripted-large")
        found = await check(target, time.monotonic, _no_event)
    assert found.failed is not None
    assert found.failed.name == "stream"
    assert found.failed.text
