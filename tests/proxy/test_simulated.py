"""The practice provider on the road of a real one: labelled, streamed, recorded."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from loopback import Serving, serving

MESSAGES, RESPONSES, CHAT = "/v1/messages", "/v1/responses", "/v1/chat/completions"
PATHS = (MESSAGES, RESPONSES, CHAT)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "h") as served:
        yield served


def ask(path: str, text: str, **more: object) -> dict[str, object]:
    said: dict[str, object] = {"model": "claude-opus-5-5", **more}
    if path == RESPONSES:
        said["input"] = text
    else:
        said["messages"] = [{"role": "user", "content": text}]
    if path == MESSAGES:
        said["max_tokens"] = 500
    return said


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_is_labelled_and_recorded_like_any_other(
    gateway: Serving, path: str, stream: bool
) -> None:
    status, headers, body = await gateway.post(path, ask(path, "hello", stream=stream))
    assert status == 200
    assert headers["x-turnout-route"].startswith("practice/")
    assert headers["x-turnout-lane"] == "practice/small"
    kind = "text/event-stream" if stream else "application/json"
    assert headers["content-type"].startswith(kind)
    assert b"simulated" in body.lower()
    (event,) = gateway.events()
    assert (event.status, event.provider, event.cost_nano) == ("success", "practice", 0)
    assert event.input_tokens
    assert event.output_tokens
    assert event.stop_reason
    assert event.id == headers["x-turnout-request"]


@pytest.mark.parametrize("path", PATHS)
async def test_words_are_streamed_and_the_end_follows_the_record(
    gateway: Serving, path: str
) -> None:
    last = {
        MESSAGES: b"message_stop",
        RESPONSES: b"response.completed",
        CHAT: b"[DONE]",
    }[path]
    pieces, recorded = 0, None
    async with gateway.session.post(
        gateway.url + path,
        json=ask(path, "say some words", stream=True),
        headers=gateway.headers(),
    ) as got:
        async for chunk in got.content.iter_any():
            pieces += 1
            if last in chunk and recorded is None:
                recorded = gateway.events()
    assert pieces > 3
    assert recorded


async def test_tokens_are_counted_without_a_row(gateway: Serving) -> None:
    said = ask(MESSAGES, "one two three")
    status, _, body = await gateway.post("/v1/messages/count_tokens", said)
    assert status == 200
    assert json.loads(body)["input_tokens"] > 0
    assert gateway.events() == ()


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (MESSAGES, {"messages": "words"}),
        (MESSAGES, {"messages": [5]}),
        (MESSAGES, {"tools": {"a": 1}}),
        (RESPONSES, {"input": 5}),
        (RESPONSES, {"tools": "all"}),
        (CHAT, {"messages": {"role": "user"}}),
        (CHAT, {"messages": [{"role": "user", "content": 5}]}),
    ],
)
async def test_what_it_cannot_read_is_refused_in_the_protocols_words(
    gateway: Serving, path: str, change: dict[str, object]
) -> None:
    status, headers, body = await gateway.post(path, {**ask(path, "x"), **change})
    assert status == 400
    assert json.loads(body)["error"]["message"].endswith(".")
    assert headers["x-should-retry"] == "false"
    assert gateway.events()[0].error_kind == "bad_request"


async def test_a_client_that_leaves_is_recorded_as_gone(gateway: Serving) -> None:
    async with gateway.session.post(
        gateway.url + CHAT,
        json=ask(CHAT, "a long answer please " * 200, stream=True),
        headers=gateway.headers(),
    ) as got:
        await got.content.readany()
        got.close()
    late = time.monotonic() + 2.0
    while not gateway.events() and time.monotonic() < late:
        await gateway.post("/nowhere", b"")
    assert gateway.events()[0].status in {"cancelled", "success"}
