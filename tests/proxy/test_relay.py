"""What a client really reads of a relayed answer, with the vendors' own parsers."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import anthropic
import openai
import pytest
from loopback import SCRIPTED_KEY, Serving, provider, serving
from raw_wire import RawProvider, chunked
from upstream import Answer, ScriptedUpstream, Text
from upstream.reply import End, cut_after, cut_inside, held_after

MESSAGES = "/v1/messages"
HELLO = Answer((Text("one two three four five six seven eight nine ten"),))
STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
OUR_WORDS = r"ended its stream|cut its answer"
BODY = b'{"model": "scripted-large", "stream": true}'


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as served:
        yield served


@pytest.fixture
async def gateway(tmp_path: Path, upstream: ScriptedUpstream) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "h", provider(upstream.url)) as served:
        yield served


INSIDE = [partial(cut_inside, size=size) for size in range(30, 2_000, 61)]
"""Cuts at any byte: mostly in the middle of a line."""

BETWEEN = [
    partial(cut_after, events=events, end=end)
    for events in (2, 5, 8)
    for end in (End.EOF, End.RESET)
]
"""Cuts between two events, in order and with a reset."""


async def test_anthropics_client_raises_our_error_wherever_a_stream_is_cut(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    async def listen(client: anthropic.AsyncAnthropic) -> None:
        async with client.messages.stream(
            model="scripted-large",
            max_tokens=9,
            messages=[{"role": "user", "content": "hi"}],
        ) as stream:
            async for _ in stream:
                pass

    async with anthropic.AsyncAnthropic(
        base_url=gateway.url, api_key=gateway.key, max_retries=0
    ) as client:
        for change in (*INSIDE, *BETWEEN):
            upstream.push(Answer(HELLO.parts, change=change))
            with pytest.raises(anthropic.APIStatusError, match=OUR_WORDS):
                await listen(client)


async def test_openais_chat_client_raises_wherever_a_stream_is_cut(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    async def listen(client: openai.AsyncOpenAI) -> None:
        async for _ in await client.chat.completions.create(
            model="scripted-large",
            stream=True,
            messages=[{"role": "user", "content": "hi"}],
        ):
            pass

    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0
    ) as client:
        for change in BETWEEN:
            upstream.push(Answer(HELLO.parts, change=change))
            with pytest.raises(openai.APIError, match=OUR_WORDS):
                await listen(client)
        for change in INSIDE:
            upstream.push(Answer(HELLO.parts, change=change))
            # Half a line has left already: its parser stumbles over that first.
            with pytest.raises((openai.APIError, json.JSONDecodeError)):
                await listen(client)


async def test_openais_responses_client_sees_a_failure_wherever_a_stream_is_cut(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    async def listen(client: openai.AsyncOpenAI, kinds: list[str]) -> None:
        events = await client.responses.create(
            model="scripted-large", stream=True, input="hi"
        )
        async for event in events:
            kinds.append(event.type)  # noqa: PERF401 - kept when the next one raises

    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0
    ) as client:
        for change in BETWEEN:
            kinds: list[str] = []
            upstream.push(Answer(HELLO.parts, change=change))
            await listen(client, kinds)
            assert kinds[-1] == "response.failed"
        for change in INSIDE:
            kinds = []
            upstream.push(Answer(HELLO.parts, change=change))
            await listen(client, kinds)
            assert kinds[-1] == "response.failed"


@pytest.mark.parametrize("cut", [10, 40, 45, 46, 47, 60, 90, 400])
async def test_only_whole_lines_stand_before_the_error(
    gateway: Serving, upstream: ScriptedUpstream, cut: int
) -> None:
    upstream.push(Answer(HELLO.parts, change=partial(cut_inside, size=cut)))
    status, _, body = await gateway.post(MESSAGES, BODY)
    whole, end, _ = upstream.sent[0].rpartition(b"\n")
    if not end:
        # Not even a line had come, so nothing had left.
        assert (status, json.loads(body)["type"]) == (502, "error")
        return
    begun, _, rest = body.partition(b"\nevent: error\ndata: {")
    assert begun.rstrip(b"\n") == whole.rstrip(b"\n")
    assert rest.endswith(b"}\n\n")
    assert rest.count(b"\n") == 2


# --- behind the end -------------------------------------------------------------------


END = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
START = b'event: message_start\ndata: {"type":"message_start","message":{}}\n\n'


async def test_a_key_echoed_behind_the_end_in_two_pieces_is_masked_too(
    tmp_path: Path,
) -> None:
    secret = SCRIPTED_KEY.encode()

    async def echo(_r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + chunked(START, END)[:-5])
        for piece in (b": " + secret[:11], secret[11:] + b"\n\n"):
            await asyncio.sleep(0.02)
            writer.write(chunked(piece)[:-5])
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async with (
        RawProvider([echo]) as raw,
        serving(tmp_path / "h", provider(raw.url)) as gateway,
    ):
        _, _, body = await gateway.post(MESSAGES, BODY)
        assert body == START + END + b": " + b"*" * len(secret) + b"\n\n"
        assert gateway.events()[0].status == "success"


async def test_an_end_that_is_not_closed_is_waited_for_only_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.relay.REST_SECONDS", 0.05)

    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + chunked(START, END)[:-5])
        await reader.read()

    async with (
        RawProvider([stay]) as raw,
        serving(tmp_path / "h", provider(raw.url)) as gateway,
    ):
        async with asyncio.timeout(1.0):
            status, _, body = await gateway.post(MESSAGES, BODY)
        assert (status, body) == (200, START + END)


async def test_many_streams_are_held_while_others_pass(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(*[Answer(HELLO.parts, change=partial(held_after, events=3))] * 20)
    held = [gateway.post(MESSAGES, BODY) for _ in range(20)]
    waiting = asyncio.gather(*held)
    await upstream.until(lambda up: len(up.asked) == 20)
    async with asyncio.timeout(2.0):
        assert (await gateway.post(MESSAGES, BODY))[0] == 200
    assert not waiting.done()
    upstream.release()
    async with asyncio.timeout(5.0):
        answers = await waiting
    assert all(
        body.endswith(b"\n\n") and b"message_stop" in body for _, _, body in answers
    )
