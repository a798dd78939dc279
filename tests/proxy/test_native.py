"""One call on the native lane: where it goes, with what, what counts as a stream."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from loopback import SCRIPTED_KEY, provider, serving
from upstream import ScriptedUpstream

from proxy.native import _is_stream
from proxy.upstream import Answer

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


class _Peeked(Answer):
    """An answer of which only the type and the first bytes matter."""

    def __init__(self, kind: str, first: bytes, packing: str = "") -> None:
        self._heads = {"content-type": kind, "content-encoding": packing}
        self._first = first

    def header(self, name: str) -> str:
        return self._heads[name]

    async def peek(self) -> bytes:
        return self._first


@pytest.mark.parametrize(
    ("kind", "first", "stream"),
    [
        ("text/event-stream; charset=utf-8", b"{", True),
        ("", b'data: {"x":1}\n\n', True),
        ("text/plain", b"\xef\xbb\xbfevent:ping\n", True),
        ("application/json", b"\r\n: waiting\n\n", True),
        ("application/json", b'{"data": 1}', False),
        ("", b"", False),
    ],
)
async def test_what_is_taken_for_a_stream(
    kind: str, first: bytes, stream: bool
) -> None:
    assert await _is_stream(_Peeked(kind, first), asked=True) is stream


async def test_only_who_asked_for_a_stream_may_get_an_undeclared_one() -> None:
    assert not await _is_stream(_Peeked("", b"data: x\n\n"), asked=False)
    assert not await _is_stream(_Peeked("", b"data: x\n\n", "gzip"), asked=True)
