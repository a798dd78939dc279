"""One call on the native lane: where it goes, with what."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import requests_in_hand
from loopback import SCRIPTED_KEY, provider, serving
from upstream import ScriptedUpstream

from proxy.guard import Endpoint
from proxy.native import native_url

BODY = json.dumps({"model": "scripted-large", "max_tokens": 5, "messages": []}).encode()
CHAT = json.dumps({"model": "scripted-large", "messages": []}).encode()


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as served:
        yield served


async def test_the_key_goes_in_the_header_the_protocol_uses(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    async with serving(tmp_path / "h", provider(upstream.url)) as gateway:
        await gateway.post("/v1/messages", BODY)
        await gateway.post("/v1/chat/completions", CHAT)
    messages, chat = upstream.asked
    assert messages.header("x-api-key") == SCRIPTED_KEY
    assert messages.header("authorization") is None
    assert chat.header("authorization") == f"Bearer {SCRIPTED_KEY}"
    assert chat.header("x-api-key") is None


async def test_a_provider_may_say_where_and_how_it_wants_to_be_called(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    entry = provider(f"{upstream.url}/elsewhere").replace(
        "any_model = true",
        'any_model = true\nauth = "api-key"\n'
        f'endpoints = {{ "anthropic-messages" = "{upstream.url}/v1/messages" }}',
    )
    async with serving(tmp_path / "h", entry) as gateway:
        status, _, _ = await gateway.post("/v1/messages?beta=true&n=%20x", BODY)
    (seen,) = upstream.asked
    assert status == 200
    assert seen.target == "/v1/messages?beta=true&n=%20x"
    assert seen.header("api-key") == SCRIPTED_KEY
    assert seen.header("x-api-key") is None


async def test_a_first_model_takes_the_place_of_an_unknown_name(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    entry = provider(upstream.url).replace("any_model = true", "any_model = false")
    async with serving(tmp_path / "h", entry) as gateway:
        asked = BODY.replace(b"scripted-large", b"somebody-elses")
        _, headers, _ = await gateway.post("/v1/messages", asked)
        (event,) = gateway.events()
    assert upstream.asked[0].body == BODY
    assert headers["x-turnout-route"] == "scripted/scripted-large"
    assert (event.requested_model, event.model) == ("somebody-elses", "scripted-large")


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        (Endpoint.MESSAGES, "/v1/messages"),
        (Endpoint.COUNT_MESSAGES, "/v1/messages/count_tokens"),
        (Endpoint.RESPONSES, "/v1/responses"),
        (Endpoint.COMPACT, "/v1/responses/compact"),
        (Endpoint.COUNT_RESPONSES, "/v1/responses/input_tokens"),
        (Endpoint.CHAT, "/v1/chat/completions"),
        (Endpoint.GENERATE, "/v1beta/models/a/b%3A8b:generateContent"),
        (Endpoint.GENERATE_STREAM, "/v1beta/models/a/b%3A8b:streamGenerateContent"),
        (Endpoint.COUNT_GEMINI, "/v1beta/models/a/b%3A8b:countTokens"),
    ],
)
def test_each_endpoint_has_its_place_at_the_provider(
    endpoint: Endpoint, path: str
) -> None:
    assert native_url(requests_in_hand.provider(), endpoint, "a/b:8b") == (
        f"http://127.0.0.1:9{path}"
    )
