"""The scripted provider: what it sends is what the real ones send, byte for byte."""

import asyncio
import gzip
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import anthropic
import httpx2
import openai
import pytest
from anthropic.types import RawMessageStreamEvent
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from upstream import (
    RESET,
    Answer,
    End,
    Reply,
    ScriptedUpstream,
    Seen,
    Tap,
    Text,
    Thinking,
    Tokens,
    ToolCall,
    failures,
    refuse,
    say,
)
from upstream import reply as faults
from upstream.tap import parse

TOKENS = Tokens(fresh=11, cache_read=5, cache_write=3, output=7, reasoning=2)
CALLS = (
    ToolCall.of("read", path="a ü.py", lines=[1, 2]),
    ToolCall.of("list"),
)
FULL = Answer((Thinking("Let me see."), Text("Two calls, ü."), *CALLS), TOKENS)
MESSAGE = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as served:
        yield served


def chat_body(**more: object) -> dict[str, object]:
    return {"model": "m", "messages": MESSAGE, **more}


async def post(
    url: str, path: str = "/v1/chat/completions", **more: object
) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url + path, json=chat_body(**more)) as answer,
    ):
        return answer.status, await answer.read()


def claude(upstream: ScriptedUpstream) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        base_url=upstream.url,
        api_key="secret",
        max_retries=0,
        _strict_response_validation=True,
    )


def gpt(upstream: ScriptedUpstream) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        base_url=f"{upstream.url}/v1",
        api_key="secret",
        max_retries=0,
        _strict_response_validation=True,
    )


def events_of(sent: bytes) -> list[dict[str, object]]:
    lines = [line for line in sent.decode().split("\n") if line.startswith("data: ")]
    return [json.loads(line[6:]) for line in lines if line != "data: [DONE]"]


class TestMessages:
    async def test_the_sdk_reads_a_whole_answer(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(FULL)
        async with claude(upstream) as sdk:
            got = await sdk.messages.create(
                model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
            )
        kinds = [block.type for block in got.content]
        assert kinds == ["thinking", "text", "tool_use", "tool_use"]
        assert got.stop_reason == "tool_use"
        assert got.usage.input_tokens == 11
        assert got.usage.cache_creation_input_tokens == 3

    async def test_the_sdk_reads_a_stream(self, upstream: ScriptedUpstream) -> None:
        upstream.push(FULL)
        async with (
            claude(upstream) as sdk,
            sdk.messages.stream(
                model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
            ) as stream,
        ):
            got = await stream.get_final_message()
        call = got.content[2]
        assert call.type == "tool_use"
        assert call.input == {"path": "a ü.py", "lines": [1, 2]}
        assert got.usage.output_tokens == 7
        strict: TypeAdapter[object] = TypeAdapter(RawMessageStreamEvent)
        for event in events_of(upstream.sent[0]):
            if event["type"] != "ping":
                strict.validate_python(event)

    async def test_counting(self, upstream: ScriptedUpstream) -> None:
        async with claude(upstream) as sdk:
            got = await sdk.messages.count_tokens(
                model="m", messages=[{"role": "user", "content": "x"}]
            )
            models = await sdk.models.list()
        assert got.input_tokens == 1500
        assert [model.id for model in models.data][:1] == ["scripted-large"]

    async def test_an_error_has_the_envelope(self, upstream: ScriptedUpstream) -> None:
        upstream.push(refuse(529, "busy"))
        async with claude(upstream) as sdk:
            with pytest.raises(anthropic.OverloadedError, match="busy"):
                await sdk.messages.create(
                    model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
                )


class TestResponses:
    async def test_the_sdk_reads_a_whole_answer(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(FULL)
        async with gpt(upstream) as sdk:
            got = await sdk.responses.create(model="m", input="x")
        kinds = [item.type for item in got.output]
        assert kinds == ["reasoning", "message", "function_call", "function_call"]
        assert got.output_text == "Two calls, ü."
        TypeAdapter(Response).validate_json(upstream.sent[0])

    async def test_the_sdk_reads_a_stream(self, upstream: ScriptedUpstream) -> None:
        freeform = ToolCall("exec", input="text(1)", freeform=True, namespace="f")
        upstream.push(Answer((*FULL.parts, freeform), TOKENS))
        async with (
            gpt(upstream) as sdk,
            sdk.responses.stream(model="m", input="x") as stream,
        ):
            kinds = [event.type async for event in stream]
            got = await stream.get_final_response()
        assert kinds[:2] == ["response.created", "response.in_progress"]
        assert kinds[-1] == "response.completed"
        assert got.usage is not None
        assert got.usage.input_tokens == 19
        strict: TypeAdapter[object] = TypeAdapter(ResponseStreamEvent)
        numbers = []
        for event in events_of(upstream.sent[0]):
            strict.validate_python(event)
            numbers.append(event["sequence_number"])
        assert numbers == list(range(len(numbers)))

    async def test_a_cut_answer_is_incomplete(self, upstream: ScriptedUpstream) -> None:
        upstream.push(Answer((Text("half"),), cut_short=True))
        async with gpt(upstream) as sdk:
            got = await sdk.responses.create(model="m", input="x")
        assert got.status == "incomplete"


class TestChat:
    async def test_the_sdk_reads_a_whole_answer(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(FULL)
        async with gpt(upstream) as sdk:
            got = await sdk.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "x"}]
            )
        assert got.choices[0].finish_reason == "tool_calls"
        assert len(got.choices[0].message.tool_calls or []) == 2

    async def test_the_sdk_reads_a_stream(self, upstream: ScriptedUpstream) -> None:
        upstream.push(FULL)
        async with (
            gpt(upstream) as sdk,
            sdk.chat.completions.stream(
                model="m",
                messages=[{"role": "user", "content": "x"}],
                stream_options={"include_usage": True},
            ) as stream,
        ):
            got = await stream.get_final_completion()
        assert got.usage is not None
        assert got.usage.total_tokens == 26
        calls = got.choices[0].message.tool_calls or []
        assert [call.id for call in calls] == [
            "call_scripted_0000_0",
            "call_scripted_0000_1",
        ]
        assert upstream.sent[0].endswith(b"data: [DONE]\n\n")
        for event in events_of(upstream.sent[0]):
            ChatCompletionChunk.model_validate(event)

    async def test_usage_comes_only_when_asked_for(
        self, upstream: ScriptedUpstream
    ) -> None:
        await post(upstream.url, stream=True)
        assert b"usage" not in upstream.sent[0]

    async def test_models(self, upstream: ScriptedUpstream) -> None:
        async with gpt(upstream) as sdk:
            models = await sdk.models.list()
        assert models.data[0].owned_by == "script"


class TestRecord:
    async def test_a_request_is_kept_exactly(self, upstream: ScriptedUpstream) -> None:
        body = b'{"model": "m",\r\n "messages": [] }'
        head = (
            b"POST /v1/chat/completions?a=%20b HTTP/1.1\r\nhOST: x\r\nX-One: 1\r\n"
            b"x-one: 2\r\nAuthorization: Bearer abc\r\nConnection: close\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = await reader.read()
        writer.close()
        seen = upstream.requests[0]
        assert seen.target == "/v1/chat/completions?a=%20b"
        assert seen.headers[:3] == (
            (b"hOST", b"x"),
            (b"X-One", b"1"),
            (b"x-one", b"2"),
        )
        assert seen.body == body
        assert seen.credential == "abc"
        assert answer.endswith(upstream.sent[0])

    async def test_same_script_same_bytes(self) -> None:
        sent = []
        for _ in range(2):
            async with ScriptedUpstream() as upstream:
                upstream.push(FULL)
                await post(upstream.url, "/v1/messages", stream=True)
                sent.append(upstream.sent)
        assert sent[0] == sent[1]

    async def test_a_client_that_leaves_is_noticed(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(
            Answer((Text("a b c"),), change=lambda r: faults.held_after(r, 2))
        )
        async with aiohttp.ClientSession() as session:
            url = f"{upstream.url}/v1/messages"
            answer = await session.post(url, json=chat_body(stream=True))
            await answer.content.readany()
            assert upstream.open_connections == 1
            left = time.monotonic()
            answer.close()
        await upstream.until(lambda up: up.requests[0].gone is not None)
        seen = upstream.requests[0]
        assert seen.finished is None
        assert seen.gone is not None
        assert seen.gone - left < 0.1

    async def test_a_script_is_asked_what_the_queue_does_not_hold(self) -> None:
        def script(seen: Seen) -> Answer:
            return say(seen.credential or "none")

        async with ScriptedUpstream(script) as upstream:
            upstream.push(say("first"))
            assert b"first" in (await post(upstream.url))[1]
            assert b"none" in (await post(upstream.url))[1]


def spoilt(change: Callable[[Reply], Reply]) -> Answer:
    return Answer((Text("one two three"),), change=change)


class TestFaults:
    async def test_reset_before_headers(self, upstream: ScriptedUpstream) -> None:
        upstream.push(RESET)
        with pytest.raises(aiohttp.ClientOSError, match="reset"):
            await post(upstream.url)

    @pytest.mark.parametrize("end", [End.EOF, End.RESET])
    async def test_cut_in_the_middle(
        self, upstream: ScriptedUpstream, end: End
    ) -> None:
        upstream.push(spoilt(lambda r: faults.cut_after(r, 2, end)))
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
            await post(upstream.url, stream=True)

    async def test_a_retry_after(self, upstream: ScriptedUpstream) -> None:
        upstream.push(refuse(429, retry_after="7"))
        async with gpt(upstream) as sdk:
            with pytest.raises(openai.RateLimitError) as caught:
                await sdk.responses.create(model="m", input="x")
        assert caught.value.response.headers["retry-after"] == "7"

    async def test_a_length_that_lies(self, upstream: ScriptedUpstream) -> None:
        upstream.push(spoilt(faults.wrong_length))
        with pytest.raises(aiohttp.ClientPayloadError):
            await post(upstream.url)

    async def test_compressed_though_nobody_asked(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(spoilt(faults.gzipped))
        status, body = await post(upstream.url)
        assert (status, gzip.decompress(upstream.sent[0])) == (200, body)

    async def test_dripping_changes_no_byte(self, upstream: ScriptedUpstream) -> None:
        upstream.push(spoilt(faults.drip))
        _, body = await post(upstream.url, stream=True)
        assert body == upstream.sent[0]
        assert body.endswith(b"[DONE]\n\n")

    async def test_a_stall_lasts_until_released(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(spoilt(faults.held_before_headers))
        asking = asyncio.ensure_future(post(upstream.url))
        await upstream.until(lambda up: bool(up.requests))
        assert not asking.done()
        upstream.release()
        assert (await asking)[0] == 200

    async def test_malformed_and_flooded(self, upstream: ScriptedUpstream) -> None:
        upstream.push(spoilt(lambda r: faults.malformed_after(r, 1)))
        upstream.push(spoilt(lambda r: faults.flooded(r, 1_000_000)))
        await post(upstream.url, stream=True)
        await post(upstream.url, stream=True)
        assert b'{"type": "content_bl\n\n' in upstream.sent[0]
        assert upstream.sent[1].startswith(b"data: " + b"x" * 1_000_000)


class TestFailures:
    async def test_the_key_is_echoed(self, upstream: ScriptedUpstream) -> None:
        upstream.push(failures.echo_in_answer, failures.echo_in_error)
        upstream.push(failures.echo_in_header)
        async with claude(upstream) as sdk:
            told = await ask(sdk)
            with pytest.raises(anthropic.AuthenticationError, match="secret"):
                await ask(sdk)
            shown = await ask(sdk)
        assert b"secret" in told.content
        assert shown.headers["x-debug-key"] == "secret"

    async def test_pages_and_redirects(self, upstream: ScriptedUpstream) -> None:
        upstream.push(failures.html_page(), failures.redirect("http://127.0.0.1:9/"))
        assert (await post(upstream.url))[0] == 502
        url = f"{upstream.url}/v1/messages"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=chat_body(), allow_redirects=False) as answer,
        ):
            assert answer.status == 307
            assert answer.headers["location"] == "http://127.0.0.1:9/"

    @pytest.mark.parametrize("path", ["messages", "responses", "chat/completions"])
    async def test_an_error_inside_a_stream(
        self, upstream: ScriptedUpstream, path: str
    ) -> None:
        upstream.push(failures.error_after(FULL, 2))
        with pytest.raises(aiohttp.ClientPayloadError):
            await post(upstream.url, f"/v1/{path}", stream=True)
        last = events_of(upstream.sent[0])[-1]
        assert last.get("type", "error") == "error"
        assert "scripted failure" in json.dumps(last)


async def ask(sdk: anthropic.AsyncAnthropic) -> httpx2.Response:
    raw = await sdk.messages.with_raw_response.create(
        model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
    )
    await raw.read()
    return raw.http_response


def test_as_a_process_of_its_own(tmp_path: Path) -> None:
    port_file, record = tmp_path / "port", tmp_path / "record"
    folder = str(Path(__file__).parent / "upstream")
    command = [sys.executable, folder, "--port-file", str(port_file)]
    process = subprocess.Popen([*command, "--record", str(record)])
    try:
        while not port_file.exists():
            time.sleep(0.02)
        url = f"http://127.0.0.1:{port_file.read_text()}/v1/models"
        with urllib.request.urlopen(url) as answer:
            models = json.load(answer)
    finally:
        process.terminate()
        code = process.wait(10)
    assert (models["object"], code) == ("list", 0)
    assert json.loads(record.read_text())["target"] == "/v1/models"


class TestTap:
    async def test_it_keeps_both_directions(self, upstream: ScriptedUpstream) -> None:
        async with Tap(upstream.port) as tap:
            async with aiohttp.ClientSession() as session:
                for _ in range(2):
                    url = f"{tap.url}/v1/messages"
                    async with session.post(url, json=chat_body()) as answer:
                        await answer.read()
            sent = tap.requests()
        assert [one.body for one in sent] == [seen.body for seen in upstream.requests]
        behind = upstream.requests[0].headers
        assert dict(sent[0].headers)[b"Host"] == b"127.0.0.1:%d" % tap.port
        assert dict(behind)[b"Host"] == b"127.0.0.1:%d" % upstream.port
        assert sent[0].headers[1:] == behind[1:]
        assert upstream.sent[1] in bytes(tap.wires[0].received)

    async def test_a_client_that_leaves_leaves_behind_it_too(
        self, upstream: ScriptedUpstream
    ) -> None:
        upstream.push(spoilt(faults.held_before_headers))
        async with Tap(upstream.port) as tap:
            sock = socket.create_connection(("127.0.0.1", tap.port))
            sock.sendall(
                b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
            )
            await upstream.until(lambda up: bool(up.requests))
            sock.close()
            await upstream.until(lambda up: up.requests[0].gone is not None)

    def test_chunked_bodies_are_joined(self) -> None:
        head = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        wire = head + b"3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
        first, second = parse(wire + b"POST /c HTTP/1.1\r\nContent-Length: 9\r\n\r\nx")
        assert (first.body, second.target) == (b"abcde", "/b")

    def test_an_answer_without_its_end(self) -> None:
        wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        assert parse(wire) == []
        (answer,) = parse(wire, unfinished=True)
        assert (answer.status, answer.body) == (200, b"abc")
