"""The gateway as commands and server ask it, whole on the test's own loop."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from loopback import Serving, provider, serving
from upstream import ScriptedUpstream, refuse, say
from upstream.reply import body_reply, cut_inside

from app import found
from app import gateway as module
from app.commands.gateway import Done, ModeStatus, Status
from app.commands.keys import NewKey
from app.commands.routing import TryResult
from app.failure import CommandFailed
from app.gateway import limits
from app.settings import Settings

MESSAGE = b'{"model": "scripted-large", "max_tokens": 9, "messages": []}'


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as served:
        yield served


@pytest.fixture
async def live(
    turnout_home: Path, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Serving]:
    monkeypatch.setattr(module, "CONFIG_LOOK_SECONDS", 0.02)
    async with serving(turnout_home, provider(upstream.url)) as gateway:
        yield gateway


async def get(live: Serving, path: str, key: str = "") -> tuple[int, object]:
    headers = {"x-turnout-key": key} if key else {}
    async with live.session.get(live.url + path, headers=headers) as answer:
        return answer.status, await answer.json()


async def reader(live: Serving) -> str:
    """A key that may read."""
    made = await live.door.call("keys new", NewKey, name="reader", scope="read")
    return str(made.key)


# --- what the server serves -----------------------------------------------------------


async def test_health_says_who_how_and_what_is_unsaved(live: Serving) -> None:
    status, body = await get(live, "/health")
    assert status == 200
    assert isinstance(body, dict)
    assert body | {"version": ""} == {
        "status": "ok",
        "version": "",
        "mode": "direct",
        "unsaved": 0,
    }


async def test_recent_events_are_newest_first(live: Serving) -> None:
    ids = []
    for _ in range(3):
        status, headers, _ = await live.post("/v1/messages", MESSAGE)
        assert status == 200
        ids.append(headers["x-turnout-request"])
    key = await reader(live)
    _, rows = await get(live, "/events/recent?limit=2", key)
    assert isinstance(rows, list)
    assert [row["id"] for row in rows] == ids[:0:-1]
    _, rows = await get(live, f"/events/recent?since={ids[0]}", key)
    assert isinstance(rows, list)
    assert [row["id"] for row in rows] == ids[:0:-1]
    _, rows = await get(live, "/events/recent?since=", key)
    assert isinstance(rows, list)
    assert len(rows) == 3


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=-1", "limit=1.5", "limit=x", "limit="),
        *("limit=٣", f"limit={'9' * 5000}", "since=nobody", "since=2026-11-21"),
    ],
)
async def test_a_wrong_question_about_events_is_told(live: Serving, query: str) -> None:
    status, body = await get(live, f"/events/recent?{query}", await reader(live))
    assert status == 400
    assert "error" in json.dumps(body)


async def test_the_models_are_the_configurations(live: Serving) -> None:
    _, body = await get(live, "/v1/models", live.key)
    assert "scripted-large" in json.dumps(body)


# --- what commands ask ----------------------------------------------------------------


async def test_a_tried_prompt_tells_its_route_and_cost(
    live: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(say("Hello back"))
    told = await live.door.call("try", TryResult, prompt="Hello")
    assert (told.status, told.text, told.error) == ("success", "Hello back", "")
    assert told.route == "scripted/scripted-large"
    assert told.cost_nano
    assert told.usage.output_tokens == 42
    (row,) = live.events()
    assert (row.id, row.client) == (told.request, "turnout")


async def test_a_tried_prompt_that_fails_tells_why(
    live: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(refuse(400, "too long"))
    with pytest.raises(CommandFailed) as failed:
        await live.door.call("try", TryResult, prompt="Hello")
    assert "too long" in failed.value.message
    assert [event.status for event in live.events()] == ["error"]


async def test_a_tried_prompt_whose_answer_is_unfinished_fails(
    live: Serving, upstream: ScriptedUpstream
) -> None:
    whole = body_reply(
        200, b'{"type": "message", "content": [{"type": "text", "te', "application/json"
    )
    upstream.push(cut_inside(whole, 30))
    with pytest.raises(CommandFailed) as failed:
        await live.door.call("try", TryResult, prompt="Hello")
    assert failed.value.exit == 1
    assert failed.value.message.endswith(".")
    assert [event.status for event in live.events()] == ["error"]


async def test_without_a_provider_practice_is_tried(turnout_home: Path) -> None:
    async with serving(turnout_home) as gateway:
        told = await gateway.door.call("try", TryResult, prompt="Hello")
    assert told.status == "success"
    assert told.route.startswith("practice/")
    assert told.text


async def test_a_mode_acts_at_once_and_stays(live: Serving) -> None:
    told = await live.door.call("mode", ModeStatus, name="offline")
    assert told.changed
    _, body = await get(live, "/health")
    assert isinstance(body, dict)
    assert body["mode"] == "offline"
    assert 'mode = "offline"' in live.paths.config_file.read_text()
    status, _, _ = await live.post("/v1/messages", MESSAGE)
    assert status != 200


async def test_a_revoked_key_ends_at_once(live: Serving) -> None:
    made = await live.door.call("keys new", NewKey, name="other")
    assert (await get(live, "/v1/models", made.key))[0] == 200
    await live.door.call("keys revoke", object, name="other")
    assert (await get(live, "/v1/models", made.key))[0] == 401


async def test_restart_and_stop_are_the_hosts_business(live: Serving) -> None:
    await live.door.call("restart", Done)
    assert live.stop.asked.is_set()
    assert not live.stop.stopped.is_set()


async def test_a_stop_ends_it(live: Serving) -> None:
    await live.door.call("stop", Done)
    async with asyncio.timeout(10):
        await live.stop.stopped.wait()


# --- the configuration ----------------------------------------------------------------


async def status_of(live: Serving) -> Status:
    return await live.door.call("status", Status)


async def test_an_edit_is_picked_up(live: Serving, upstream: ScriptedUpstream) -> None:
    text = live.paths.config_file.read_text()
    live.paths.config_file.write_text(text + provider(upstream.url, "second"))
    async with asyncio.timeout(10):
        while True:
            snapshot = (await status_of(live)).snapshot
            if snapshot and [one.id for one in snapshot.providers][1:] == ["second"]:
                return


async def test_a_broken_edit_changes_nothing_and_is_told(live: Serving) -> None:
    live.paths.config_file.write_text("[gateway]\nprot = 8787\n")
    async with asyncio.timeout(10):
        while True:
            found = (await status_of(live)).snapshot
            if found and found.problems:
                break
    assert any("prot" in problem for problem in found.problems)
    assert (await live.post("/v1/messages", MESSAGE))[0] == 200


async def test_another_port_is_said_to_hold_from_the_next_start(live: Serving) -> None:
    assert (await status_of(live)).problems == ()
    text = live.paths.config_file.read_text()
    live.paths.config_file.write_text("[gateway]\nport = 9123\n" + text)
    async with asyncio.timeout(10):
        while not (found := await status_of(live)).problems:
            pass
    (problem,) = found.problems
    assert "9123 in config.toml holds from Turnout's next start" in problem
    assert str(live.port) in problem


def test_the_limits_are_the_settings() -> None:
    found = limits(Settings(first_byte_seconds=7, stream_silence_seconds=9))
    assert (found.first_byte, found.silence) == (7, 9)


OLLAMA = """
[[providers]]
id = "ollama"
base_url = "http://127.0.0.1:{port}"

[[providers.models]]
id = "qwen3:8b"
"""


async def model_server(port: int = 0) -> tuple[web.ServerRunner, int]:
    """A server of models that can be listed and do not answer."""

    async def handle(request: web.BaseRequest) -> web.Response:
        if request.path in {"/api/tags", "/api/ps"}:
            return web.json_response({"models": [{"model": "qwen3:8b"}]})
        return web.Response(status=404)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    return runner, int(runner.addresses[0][1])


async def test_a_local_server_that_was_down_is_used_again_once_it_answers(
    turnout_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "AGAIN_SECONDS", 0.02)
    runner, port = await model_server()
    asked = {
        "model": "ollama/qwen3:8b",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    async with serving(turnout_home, OLLAMA.format(port=port)) as gateway:

        def rests() -> bool:
            now = datetime.now(UTC).timestamp()
            routes = gateway.health.overview(now).routes
            return any(each.seconds > 0 for each in routes)

        await runner.cleanup()
        for _ in range(3):
            status, _, _ = await gateway.post("/v1/messages", asked)
            assert status >= 500
        assert rests()
        runner, _ = await model_server(port)
        try:
            async with asyncio.timeout(10):
                while rests():
                    await get(gateway, "/health")
            status, _, _ = await gateway.post("/v1/messages", asked)
            # Its own word: it was asked.
            assert status == 404
        finally:
            await runner.cleanup()
