"""The life of a request on the native lane, told as conversations over loopback."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from loopback import SCRIPTED_KEY, Serving, provider, serving
from upstream import ScriptedUpstream, Text, Tokens

MESSAGES = "/v1/messages?beta=true"


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as served:
        yield served


@pytest.fixture
async def gateway(tmp_path: Path, upstream: ScriptedUpstream) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "h", provider(upstream.url)) as served:
        yield served


def ask(model: str = "scripted-large", **more: object) -> bytes:
    return json.dumps(
        {
            "model": model,
            "max_tokens": 10,
            "messages": [{"role": "user", "content": "hi"}],
            **more,
        },
        indent=1,
    ).encode()


async def test_a_stream_passes_byte_for_byte_both_ways(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    body = ask(stream=True, unknown_field={"kept": [1, 2]})
    status, headers, answer = await gateway.post(
        MESSAGES, body, anthropic_beta="a-1,b-2"
    )
    (seen,) = upstream.asked
    assert status == 200
    assert seen.body == body
    assert seen.target == MESSAGES
    assert answer == bytes(seen.sent)
    assert headers["x-turnout-route"] == "scripted/scripted-large"
    assert headers["x-turnout-lane"] == "claude/premium"
    assert seen.header("anthropic-beta") == "a-1,b-2"
    assert seen.header("x-api-key") == SCRIPTED_KEY
    assert gateway.key not in str(seen.headers)
    (event,) = gateway.events()
    assert event.id == headers["x-turnout-request"]
    assert (event.status, event.provider) == ("success", "scripted")
    assert event.input_tokens is not None
    assert event.cost_nano is not None
