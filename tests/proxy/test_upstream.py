"""Hostile and careless providers: what they may do to a request, and what not."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from loopback import SCRIPTED_KEY, Serving, provider, serving
from raw_wire import Deed, Line, RawProvider, answer, chunked, line_to, request

from proxy.errors import FailureKind
from proxy.upstream import Limits, Outgoing, Upstream, UpstreamError

MESSAGES = "/v1/messages"
MB = 1024 * 1024
BODY = json.dumps(
    {"model": "scripted-large", "max_tokens": 5, "messages": [], "stream": True}
).encode()
WHOLE = json.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "scripted-large",
        "content": [],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
).encode()
JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
START = (
    b"event: message_start\n"
    b'data: {"type":"message_start","message":{"usage":{"input_tokens":7}}}\n\n'
)


@pytest.fixture
async def raw() -> AsyncIterator[RawProvider]:
    async with RawProvider() as served:
        yield served


@pytest.fixture
async def gateway(tmp_path: Path, raw: RawProvider) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "h", provider(raw.url)) as served:
        yield served


def deed(data: bytes) -> Deed:
    """Answer and keep the connection."""

    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return act


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close without a word."""
    writer.transport.abort()


# --- heads and frames -----------------------------------------------------------------


GOOD = {
    "a plain answer": answer(WHOLE),
    "told to go on before": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(WHOLE),
    "early hints": b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + answer(WHOLE),
    "many interim answers": b"HTTP/1.1 102 Wait\r\n\r\n" * 2_000 + answer(WHOLE),
    "HTTP/1.0 up to the end": (
        b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + WHOLE
    ),
    "up to the end": JSON + b"\r\n" + WHOLE,
    "trailers": JSON
    + b"transfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n"
    + chunked(WHOLE)[:-2]
    + b"x-t: 1\r\nset-cookie: a=b\r\n\r\n",
    "a second answer nobody asked for": answer(WHOLE) + answer(b"EVIL"),
    "control characters in a header": answer(WHOLE, extra="x-odd: a\x01b\x7f\r\n"),
}


@pytest.mark.parametrize("name", GOOD)
async def test_odd_but_whole_answers_pass(
    gateway: Serving, raw: RawProvider, name: str
) -> None:
    raw.deeds = [GOOD[name]]
    status, headers, body = await gateway.post(MESSAGES, BODY)
    assert (status, body) == (200, WHOLE)
    assert not {"set-cookie", "link", "x-odd", "x-t"} & set(map(str.lower, headers))
    (event,) = gateway.events()
    assert (event.status, event.output_tokens) == ("success", 4)


BROKEN = {
    "not HTTP": b"SSH-2.0-OpenSSH\r\n",
    "another protocol": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\nabc",
    "a status below all": b"HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n",
    "a name with a blank": answer(WHOLE, extra="x a: b\r\n"),
    "a bare CR": answer(WHOLE, extra="x-a: b\rset-cookie: c\r\n"),
    "a NUL": answer(WHOLE, extra="x-a: b\0\r\n"),
    "an endless header": JSON + b"x-a: " + b"y" * 2 * MB,
    "headers without end": JSON + b"x-a: y\r\n" * 5_000,
    "two lengths": JSON + b"content-length: 5\r\ncontent-length: 6\r\n\r\n" + WHOLE,
    "both lengths": JSON
    + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"
    + chunked(WHOLE),
    "no chunks where chunks are told": STREAM + b"zz\r\n",
    "trailers without end": JSON
    + b"transfer-encoding: chunked\r\n\r\n"
    + chunked(WHOLE)[:-2]
    + b"x-t: 1\r\n" * 200_000,
    "nothing": b"",
    "an empty answer": answer(b""),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_is_an_error_of_the_protocol_and_never_a_success(
    gateway: Serving, raw: RawProvider, name: str
) -> None:
    raw.deeds = [BROKEN[name]]
    status, headers, body = await gateway.post(MESSAGES, BODY)
    assert status == 502
    told = json.loads(body)
    assert told["type"] == "error"
    assert told["error"]["message"].endswith(".")
    assert headers["server"] == "Turnout"
    (event,) = gateway.events()
    assert event.status == "error"
    raw.deeds = [answer(WHOLE)]
    assert (await gateway.post(MESSAGES, BODY))[0] == 200


async def test_chunk_noise_inside_a_stream_ends_it_with_an_error(
    gateway: Serving, raw: RawProvider
) -> None:
    async def spoil(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + chunked(START)[:-5])
        await asyncio.sleep(0.05)
        writer.write(b"not a size\r\n")
        await reader.read()

    raw.deeds = [spoil]
    status, _, body = await gateway.post(MESSAGES, BODY)
    assert status == 200
    assert body.startswith(START)
    assert b"event: error\n" in body
    assert b"message_stop" not in body
    assert gateway.events()[0].status == "error"


async def test_what_a_browser_would_act_on_stays_behind(
    gateway: Serving, raw: RawProvider
) -> None:
    names = (
        "set-cookie",
        "Set-Cookie",
        "access-control-allow-origin",
        "Access-Control-Allow-Private-Network",
        "link",
        "location",
        "refresh",
        "clear-site-data",
        "alt-svc",
        "strict-transport-security",
        "proxy-authenticate",
        "x-turnout-route",
        "x-turnout-evil",
        "keep-alive",
    )
    extra = "".join(f"{name}: evil\r\n" for name in names)
    extra += (
        "connection: x-private\r\nx-private: evil\r\nx-kept: yes, caf\u00c3\u00a9\r\n"
    )
    raw.deeds = [answer(WHOLE, extra=extra)]
    _, headers, _ = await gateway.post(MESSAGES, BODY)
    assert "evil" not in str(headers)
    assert headers["x-kept"] == "yes, caf\u00e9"
    assert headers["x-turnout-route"] == "scripted/scripted-large"


async def test_an_error_answer_without_end_is_cut_to_a_megabyte(
    gateway: Serving, raw: RawProvider
) -> None:
    raw.deeds = [JSON.replace(b"200 OK", b"400 Bad") + b"\r\n" + b"x" * 3 * MB]
    status, headers, body = await gateway.post(MESSAGES, BODY)
    assert (status, len(body)) == (400, MB)
    assert headers["content-length"] == str(MB)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_a_packed_bomb_passes_as_it_is_and_the_memory_stays(
    gateway: Serving, raw: RawProvider, kind: str
) -> None:
    bomb = gzip.compress(b"\0" * 400 * MB, 1)
    before = psutil.Process().memory_info().rss
    raw.deeds = [answer(bomb, kind, "content-encoding: gzip\r\n")]
    status, _, body = await gateway.post(MESSAGES, BODY)
    grown = psutil.Process().memory_info().rss - before
    assert (status, body) == (200, bomb)
    assert grown < 150 * MB


# --- floods and slow readers ----------------------------------------------------------


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A stream of a gigabyte, as fast as it is taken."""
    writer.write(STREAM + chunked(START)[:-5])
    text = b'{"type":"content_block_delta","delta":{"text":"%s"}}' % (b"x" * 60_000)
    event = b"event: content_block_delta\ndata: " + text + b"\n\n"
    piece = chunked(event)[:-5]
    for _ in range(1_000_000_000 // len(event)):
        writer.write(piece)
        await writer.drain()
        flooded[0] += len(piece)


flooded = [0]


async def asked(gateway: Serving, line: Line) -> None:
    await line.send(request(gateway.port, gateway.key, MESSAGES, BODY))


async def test_a_client_that_does_not_read_holds_its_provider_back_and_nobody_else(
    gateway: Serving, raw: RawProvider
) -> None:
    flooded[0] = 0
    before = psutil.Process().memory_info().rss
    raw.deeds = [flood]
    async with line_to(gateway.port) as slow:
        await asked(gateway, slow)
        last = -1
        while last != flooded[0]:  # until nothing moves any more
            last = flooded[0]
            await asyncio.sleep(0.1)
        # Buffers of four sockets and two programs, not a gigabyte.
        assert flooded[0] < 32 * MB
        assert psutil.Process().memory_info().rss - before < 64 * MB
        raw.deeds = [answer(WHOLE)] * 3
        for _ in range(3):
            async with asyncio.timeout(1.0):
                assert (await gateway.post(MESSAGES, BODY))[0] == 200
        # When it reads on, the stream goes on.
        await slow.reader.readexactly(4 * MB)
        assert flooded[0] > last
    async with asyncio.timeout(3.0):
        while gateway.events()[0].status != "cancelled":  # noqa: ASYNC110 - on disk
            await asyncio.sleep(0.01)


async def test_a_line_without_end_does_not_fill_the_memory(
    gateway: Serving, raw: RawProvider
) -> None:
    async def pour(_r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + chunked(START + b"data: ")[:-5])
        for _ in range(96):
            writer.write(chunked(b"x" * MB)[:-5])
            await writer.drain()
        writer.transport.abort()

    raw.deeds = [pour]
    before = psutil.Process().memory_info().rss
    seen, last = 0, b""
    async with gateway.session.post(
        gateway.url + MESSAGES, data=BODY, headers=gateway.headers()
    ) as got:
        async for chunk in got.content.iter_any():
            seen += len(chunk)
            last = (last + chunk)[-4_096:]
    assert seen > 90 * MB
    assert psutil.Process().memory_info().rss - before < 64 * MB
    assert b"\nevent: error\n" in last


# --- connections that are kept --------------------------------------------------------


async def test_a_kept_connection_closed_in_the_last_moment_costs_one_more_try(
    gateway: Serving, raw: RawProvider
) -> None:
    raw.deeds = [deed(answer(WHOLE)), hang_up, answer(WHOLE)]
    assert (await gateway.post(MESSAGES, BODY))[0] == 200
    status, headers, body = await gateway.post(MESSAGES, BODY)
    assert (status, body) == (200, WHOLE)
    assert headers["x-turnout-attempts"] == "2"
    assert raw.connections == 2
    event = gateway.events()[0]
    assert [attempt.outcome for attempt in event.attempts] == ["reset", "ok"]
    assert event.status == "fallback_success"


async def test_the_one_more_try_takes_no_kept_connection(
    gateway: Serving, raw: RawProvider
) -> None:
    # After a night asleep every kept connection is dead, not just one.
    together = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if raw.connections == 4:
            together.set()
        await together.wait()
        await deed(answer(WHOLE))(reader, writer)

    raw.deeds = [*[meet] * 4, *[hang_up] * 4]
    await asyncio.gather(*[gateway.post(MESSAGES, BODY) for _ in range(4)])
    assert raw.connections == 4
    raw.deeds = [hang_up, deed(answer(WHOLE)), *[hang_up] * 3]
    status, headers, _ = await gateway.post(MESSAGES, BODY)
    assert (status, headers["x-turnout-attempts"]) == (200, "2")
    assert raw.connections == 5


async def test_a_provider_that_always_hangs_up_is_asked_twice_at_most(
    gateway: Serving, raw: RawProvider
) -> None:
    raw.deeds = [deed(answer(WHOLE)), *[hang_up] * 9]
    await gateway.post(MESSAGES, BODY)
    status, _, _ = await gateway.post(MESSAGES, BODY)
    assert status == 502
    assert len(raw.bodies) == 3


async def test_a_fresh_connection_that_is_reset_is_not_tried_again(
    gateway: Serving, raw: RawProvider
) -> None:
    raw.deeds = [hang_up, answer(WHOLE)]
    assert (await gateway.post(MESSAGES, BODY))[0] == 502
    assert len(raw.bodies) == 1


async def test_a_redirect_carries_the_key_nowhere(
    gateway: Serving, raw: RawProvider
) -> None:
    async with RawProvider([answer(WHOLE)]) as elsewhere:
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            extra = f"location: {elsewhere.url}/v1/messages\r\n"
            raw.deeds = [answer(b"", extra=extra, status=status)]
            got, headers, body = await gateway.post(MESSAGES, BODY)
            assert got == 502
            assert "location" not in headers
            assert elsewhere.url.encode() not in body
        assert elsewhere.connections == 0


# --- the client itself ----------------------------------------------------------------


@asynccontextmanager
async def client(
    limits: Limits | None = None, **environ: str
) -> AsyncIterator[Upstream]:
    made = Upstream(environ, limits)
    try:
        yield made
    finally:
        await made.close()


def call(url: str, body: bytes = b"{}") -> Outgoing:
    return Outgoing("POST", url, (("x-api-key", SCRIPTED_KEY),), body, "scripted")


async def failure(
    upstream: Upstream, url: str, *, offline: bool = False
) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        async with upstream.send(call(url), offline=offline) as got:
            await got.read(MB)
    assert SCRIPTED_KEY not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:9/x", FailureKind.CONNECT),
        ("http://no-such-name.invalid/x", FailureKind.DNS),
        ("http://169.254.169.254/latest/meta-data", FailureKind.CONNECT),
        ("http://[fe80::1]/x", FailureKind.CONNECT),
        ("ftp://127.0.0.1/x", FailureKind.CONNECT),
        ("http://127.0.0.1:99999/x", FailureKind.CONNECT),
    ],
)
async def test_what_cannot_be_reached_is_named(url: str, kind: FailureKind) -> None:
    async with client() as upstream:
        met = await failure(upstream, url)
        assert met.failure.kind in {kind, FailureKind.RESET}
        assert not met.stale


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/x", "http://localhost.evil.example/x", "http://8.8.8.8/"]
)
async def test_offline_never_opens_a_way_out(url: str) -> None:
    async with client(http_proxy="http://127.0.0.1:9") as upstream:
        began = asyncio.get_running_loop().time()
        met = await failure(upstream, url, offline=True)
        assert met.failure.kind is FailureKind.OFFLINE
        assert asyncio.get_running_loop().time() - began < 1.0


async def test_a_tls_port_that_speaks_no_tls_is_named() -> None:
    async def plain(_r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client() as upstream:
        met = await failure(upstream, f"https://127.0.0.1:{port}/x")
        assert met.failure.kind in {FailureKind.TLS, FailureKind.RESET}


async def test_limits_hold_before_the_head_before_the_body_and_inside_it(
    raw: RawProvider,
) -> None:
    async def wait(reader: asyncio.StreamReader, _w: asyncio.StreamWriter) -> None:
        await reader.read()

    def then_wait(data: bytes) -> Deed:
        async def act(reader: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
            w.write(data)
            await reader.read()

        return act

    quick = Limits(first_byte=0.1, silence=0.1)
    async with client(quick) as upstream:
        for act, kind in (
            (wait, FailureKind.FIRST_BYTE_TIMEOUT),
            (then_wait(STREAM), FailureKind.FIRST_BYTE_TIMEOUT),
            (then_wait(STREAM + chunked(START)[:-5]), FailureKind.STALLED),
        ):
            raw.deeds = [act]
            assert (await failure(upstream, raw.url)).failure.kind is kind


async def test_a_dripping_head_is_bounded_by_the_first_byte_limit(
    raw: RawProvider,
) -> None:
    async def drip(_r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for n in range(100):
            writer.write(b"x-%d: y\r\n" % n)
            await writer.drain()
            await asyncio.sleep(0.02)

    raw.deeds = [drip]
    async with client(Limits(first_byte=0.1)) as upstream:
        met = await failure(upstream, raw.url)
        assert met.failure.kind is FailureKind.FIRST_BYTE_TIMEOUT


async def test_a_big_body_arrives_whole(raw: RawProvider) -> None:
    raw.deeds = [answer(WHOLE)]
    body = bytes(range(256)) * 8_192
    async with (
        client() as upstream,
        upstream.send(call(raw.url, body), offline=True) as got,
    ):
        assert await got.read(MB) == WHOLE
    assert raw.bodies == [body]


def test_a_call_shows_no_header() -> None:
    assert SCRIPTED_KEY not in repr(call("http://127.0.0.1"))
    assert "scripted" in repr(call("http://127.0.0.1"))


async def test_a_proxy_is_used_online_for_other_hosts_only(raw: RawProvider) -> None:
    async with (
        RawProvider() as proxy,
        client(
            http_proxy=proxy.url, no_proxy="direct.example, .inner.example"
        ) as upstream,
    ):
        proxy.deeds = [answer(WHOLE)]
        async with upstream.send(call("http://models.example/x"), offline=False) as got:
            assert await got.read(MB) == WHOLE
        raw.deeds = [answer(WHOLE)]
        async with upstream.send(call(raw.url), offline=False) as got:
            assert await got.read(MB) == WHOLE
        assert proxy.connections == 1
