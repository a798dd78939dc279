"""The server under attack: broken HTTP, bad bodies, browsers, slow senders, noise."""

import asyncio
import contextlib
import gzip
import itertools
import json
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import psutil
import pytest
import pytest_asyncio
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import Serving, provider, serving
from raw_wire import Heard, Line, chunked, line_to, request, tell
from upstream import ScriptedUpstream

from app.commands.keys import NewKey, Revoked
from proxy.answers import json_answer
from proxy.exchange import Call, Outlet
from proxy.guard import Policy, allowed_hosts
from proxy.keys import KeyRing, KeyRow, Scope, hash, new_key
from proxy.pipeline import Pipeline
from proxy.server import GatewayServer, ServerLimits, Site
from proxy.tasks import spawn

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGES, RESPONSES, CHAT = "/v1/messages", "/v1/responses", "/v1/chat/completions"
PATHS = (MESSAGES, RESPONSES, CHAT)
CANARY = "c4n4ry-7d1f"
MB = 1024 * 1024


@dataclass(slots=True)
class World:
    """A gateway in front of a scripted provider, shared by the tests of this file."""

    gateway: Serving
    upstream: ScriptedUpstream
    reader: str = ""

    @property
    def port(self) -> int:
        return self.gateway.port

    @property
    def key(self) -> str:
        return self.gateway.key

    def ask(self, path: str, body: bytes, **more: object) -> bytes:
        return request(self.port, self.key, path, body, **more)  # type: ignore[arg-type]

    async def post(self, path: str, body: bytes, **more: object) -> Heard:
        return await tell(self.port, self.ask(path, body, **more))

    async def lives(self) -> None:
        """A good request passes, right now."""
        before = len(self.upstream.requests)
        heard = await self.post(MESSAGES, good(MESSAGES))
        assert heard.status == 200
        assert len(self.upstream.requests) == before + 1


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    home = tmp_path_factory.mktemp("server")
    async with (
        ScriptedUpstream() as upstream,
        serving(home / "h", provider(upstream.url)) as gateway,
    ):
        yield World(gateway, upstream)


def good(path: str, **more: object) -> bytes:
    said: dict[str, object] = {"model": "scripted-large", **more}
    if path == RESPONSES:
        said["input"] = "hi"
    else:
        said["messages"] = [{"role": "user", "content": "hi"}]
    return json.dumps(said).encode()


def envelope(heard: Heard, path: str, status: int) -> str:
    """Check that a refusal is the protocol's own and tells nothing; its sentence."""
    assert heard.status == status
    assert heard.header("content-type") == "application/json"
    careful(heard)
    told = json.loads(heard.body)
    if path.startswith(MESSAGES):
        assert told["type"] == "error"
        assert told["request_id"] == heard.header("x-turnout-request")
        assert set(told["error"]) == {"type", "message"}
    else:
        assert set(told) == {"error"}
        assert set(told["error"]) == {"message", "type", "param", "code"}
    sentence = str(told["error"]["message"])
    assert len(sentence) > 20
    assert sentence.endswith(".")
    return sentence


def careful(heard: Heard) -> None:
    """Nothing that a browser acts on, no version, nothing of what was sent."""
    names = {name.lower() for name, _ in heard.headers}
    assert heard.header("server") == "Turnout"
    assert heard.header("x-content-type-options") == "nosniff"
    assert heard.header("cache-control") == "no-store"
    assert "set-cookie" not in names
    assert not any(name.startswith("access-control") for name in names)
    text = heard.body + str(heard.headers).encode()
    for leak in (CANARY.encode(), b"Traceback", b"aiohttp", b"Python", b"<html"):
        assert leak not in text


# --- bodies ---------------------------------------------------------------------------


MODEL = b'"model": "scripted-large"'
BAD_BODIES = {
    "empty": (b"", "not valid JSON"),
    "no json": (CANARY.encode(), "not valid JSON"),
    "an array": (b'["%s"]' % CANARY.encode(), "not a JSON object"),
    "a string": (b'"%s"' % CANARY.encode(), "not a JSON object"),
    "null": (b"null", "not a JSON object"),
    "no model": (b'{"messages": ["%s"]}' % CANARY.encode(), "names no model"),
    "empty model": (b'{"model": ""}', "names no model"),
    "null model": (b'{"model": null}', "names no model"),
    "model is a number": (b'{"model": 5}', "`model` must be a string"),
    "model is a list": (b'{"model": ["%s"]}' % CANARY.encode(), "must be a string"),
    "a header in the model": (
        b'{"model": "%s\\r\\nset-cookie: a"}' % CANARY.encode(),
        "printable",
    ),
    "a NUL in the model": (b'{"model": "%s\\u0000"}' % CANARY.encode(), "printable"),
    "half a surrogate": (b'{"model": "\\ud800%s"}' % CANARY.encode(), "not valid"),
    "a model of 1 MB": (b'{"model": "%s"}' % (CANARY.encode() * 90_000), "512"),
    "stream is a word": (b'{%s, "stream": "yes"}' % MODEL, "`stream` must be true"),
    "stream is 1": (b'{%s, "stream": 1}' % MODEL, "`stream` must be true"),
    "not UTF-8": (b'{%s, "x": "%s\xff"}' % (MODEL, CANARY.encode()), "UTF-8"),
    "UTF-16": ('{"model": "scripted-large"}'.encode("utf-16"), "UTF-8"),
    "cut": (b'{%s, "x": "%s' % (MODEL, CANARY.encode()), "not valid JSON"),
    "more behind": (b'{%s} {"%s": 1}' % (MODEL, CANARY.encode()), "not valid JSON"),
    "a comma too much": (b"{%s,}" % MODEL, "not valid JSON"),
    "NaN": (b'{%s, "temperature": NaN}' % MODEL, "not valid JSON"),
    "two models": (b'{%s, "model": "%s"}' % (MODEL, CANARY.encode()), "twice"),
    "two models, one escaped": (b'{%s, "mod\\u0065l": "x"}' % MODEL, "twice"),
    "two equal": (b'{%s, "x": 1, "x": 1}' % MODEL, "twice"),
    "nested lists": (b'{%s, "x": %s}' % (MODEL, b"[" * 10_000 + b"]" * 10_000), "deep"),
    "nested objects": (
        b'{%s, "x": %s1%s}' % (MODEL, b'{"a":' * 10_000, b"}" * 10_000),
        "deep",
    ),
    "never closed": (b'{%s, "x": %s' % (MODEL, b"[" * 100_000), ""),
}


@pytest.mark.parametrize("name", BAD_BODIES)
@pytest.mark.parametrize("path", PATHS)
async def test_a_bad_body_gets_the_protocols_own_refusal(
    world: World, path: str, name: str
) -> None:
    body, said = BAD_BODIES[name]
    before = len(world.upstream.requests)
    sentence = envelope(await world.post(path, body), path, 400)
    assert said in sentence
    assert len(world.upstream.requests) == before
    assert not world.gateway.events() or all(
        CANARY not in str(event) for event in world.gateway.events()
    )


async def test_after_all_that_a_good_request_passes_and_no_log_line_quotes(
    world: World,
) -> None:
    for path in PATHS:
        for body, _ in BAD_BODIES.values():
            await world.post(path, body)
    await world.lives()
    logs = b"".join(p.read_bytes() for p in world.gateway.paths.logs.iterdir())
    assert CANARY.encode() not in logs
    assert b"Traceback" not in logs


def sized(size: int, path: str = MESSAGES) -> bytes:
    """A good body of exactly so many bytes."""
    empty = len(good(path, pad=""))
    return good(path, pad="x" * (size - empty))


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_over_32_mib_is_refused_however_it_is_framed(
    world: World, path: str
) -> None:
    async with line_to(world.port) as line:
        # Only declared: not a byte of it has to be sent.
        head = world.ask(
            path, b"", framed=False, extra=f"Content-Length: {33 * MB}\r\n"
        )
        await line.send(head)
        assert "32 MB" in envelope(await line.hear(), path, 413)
    piece = b"x" * MB
    async with line_to(world.port) as line:
        extra = "Transfer-Encoding: chunked\r\n"
        body = chunked(*[piece] * 33)
        await line.send(world.ask(path, body, framed=False, extra=extra))
        assert "32 MB" in envelope(await line.hear(), path, 413)
    one_more = sized(32 * MB, path) + b" "
    for pack, coding in ((gzip.compress, "gzip"), (zstandard.compress, "zstd")):
        extra = f"Content-Encoding: {coding}\r\n"
        heard = await world.post(path, pack(one_more), extra=extra)
        envelope(heard, path, 413)
    await world.lives()


@pytest.mark.parametrize("framing", ["length", "chunks", "gzip", "zstd"])
async def test_a_body_of_exactly_32_mib_passes(world: World, framing: str) -> None:
    body = sized(32 * MB)
    assert len(body) == 32 * MB
    match framing:
        case "length":
            heard = await world.post(MESSAGES, body)
        case "chunks":
            extra = "Transfer-Encoding: chunked\r\n"
            half = len(body) // 2
            pieces = chunked(body[:half], body[half:])
            heard = await world.post(MESSAGES, pieces, framed=False, extra=extra)
        case "gzip":
            packed = gzip.compress(body, 1)
            extra = "Content-Encoding: gzip\r\n"
            heard = await world.post(MESSAGES, packed, extra=extra)
        case _:
            packed = zstandard.compress(body, 1)
            extra = "Content-Encoding: zstd\r\n"
            heard = await world.post(MESSAGES, packed, extra=extra)
    assert heard.status == 200
    assert world.upstream.requests[-1].body == body


async def test_bombs_are_refused_and_the_memory_stays(world: World) -> None:
    zeros = b"\0" * MB
    packer = zstandard.ZstdCompressor().compressobj()
    bombs = {
        "zstd": b"".join(
            [*(packer.compress(zeros) for _ in range(400)), packer.flush()]
        ),
        "gzip": gzip.compress(zeros * 300, 1),
    }
    before = psutil.Process().memory_info().rss
    for coding, bomb in bombs.items():
        extra = f"Content-Encoding: {coding}\r\n"
        envelope(await world.post(CHAT, bomb, extra=extra), CHAT, 413)
    assert psutil.Process().memory_info().rss - before < 150 * MB
    await world.lives()


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", b"no gzip", 400),
        ("gzip", gzip.compress(good(CHAT))[:-9], 400),
        ("gzip", gzip.compress(good(CHAT)) + b"more", 400),
        ("zstd", zstandard.compress(good(CHAT))[:-3], 400),
        ("br", good(CHAT), 415),
        ("gzip, gzip", gzip.compress(gzip.compress(good(CHAT))), 415),
    ],
)
async def test_a_broken_or_unknown_packing_is_refused(
    world: World, coding: str, body: bytes, status: int
) -> None:
    extra = f"Content-Encoding: {coding}\r\n"
    envelope(await world.post(CHAT, body, extra=extra), CHAT, status)


async def test_a_body_cut_by_its_sender_reaches_nobody(world: World) -> None:
    before = len(world.upstream.requests)
    whole = world.ask(MESSAGES, good(MESSAGES))
    async with line_to(world.port) as line:
        await line.send(whole[:-5])
        line.writer.write_eof()
        assert await line.closed()
    async with line_to(world.port) as line:
        await line.send(whole[:-5])
    await world.lives()
    assert len(world.upstream.requests) == before + 1


# --- HTTP itself ----------------------------------------------------------------------


def broken_http(world: World) -> dict[str, bytes]:
    body = good(MESSAGES)

    def post(extra: str = "", data: bytes = body, **more: object) -> bytes:
        return world.ask(MESSAGES, data, extra=extra, **more)

    te = "Transfer-Encoding: chunked\r\n"
    host = f"Host: 127.0.0.1:{world.port}\r\n"
    return {
        "both lengths": post(te),
        "both lengths, chunked body": post(te, chunked(body)),
        "two lengths": post("Content-Length: 3\r\n"),
        "negative length": post("Content-Length: -3\r\n", framed=False),
        "signed length": post("Content-Length: +3\r\n", framed=False),
        "length in words": post("Content-Length: three\r\n", framed=False),
        "chunk size in words": post(te, b"zz\r\nabc\r\n0\r\n\r\n", framed=False),
        "negative chunk": post(te, b"-1\r\nabc\r\n0\r\n\r\n", framed=False),
        "chunk too long": post(te, b"2\r\nabcdef\r\n0\r\n\r\n", framed=False),
        "chunk size overflows": post(te, b"f" * 20 + b"\r\nabc\r\n", framed=False),
        "chunk size with x": post(te, b"0x3\r\nabc\r\n0\r\n\r\n", framed=False),
        "chunked twice": post("Transfer-Encoding: chunked, chunked\r\n", framed=False),
        "not chunked at the end": post(
            "Transfer-Encoding: chunked, gzip\r\n", framed=False
        ),
        "NUL in a header": post(f"x-a: {CANARY}\0\r\n"),
        "bare CR in a header": post(f"x-a: {CANARY}\rx-b: c\r\n"),
        "folded header": post(f"x-a: {CANARY}\r\n c\r\n"),
        "blank before the colon": post(f"x-a : {CANARY}\r\n"),
        "blank in a name": post(f"x a: {CANARY}\r\n"),
        "no name": post(f": {CANARY}\r\n"),
        "no colon": post(f"{CANARY}\r\n"),
        "300 headers": post("".join(f"x-{n}: y\r\n" for n in range(300))),
        "20 000 headers": post("".join(f"x-{n}: y\r\n" for n in range(20_000))),
        "a header of 100 KB": post(f"x-a: {CANARY * 9_000}\r\n"),
        "a target of 70 KB": world.ask(f"{MESSAGES}?{CANARY * 6_500}", body),
        "two hosts": post(host),
        "no host": b"GET /health HTTP/1.1\r\n\r\n",
        "version 3.7": f"GET /health HTTP/3.7\r\n{host}\r\n".encode(),
        "version in words": f"GET /health HTTP/x\r\n{host}\r\n".encode(),
        "bare line ends": f"GET /health HTTP/1.1\n{host}\n".encode(),
        "blanks first": f"  GET /health HTTP/1.1\r\n{host}\r\n".encode(),
        "lower-case method": f"get /health HTTP/1.1\r\n{host}\r\n".encode(),
        "no method of HTTP": f"{CANARY} /health HTTP/1.1\r\n{host}\r\n".encode(),
        "a path that is not ASCII": f"GET /h\xe9 HTTP/1.1\r\n{host}\r\n".encode(
            "latin-1"
        ),
        "a NUL in the path": f"GET /h\0 HTTP/1.1\r\n{host}\r\n".encode(),
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9,
        "TLS": bytes.fromhex("1603010200010001fc0303") + b"\x01" * 507,
        "noise": bytes(range(256)) * 8 + b"\r\n\r\n",
        "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    }


async def test_what_is_no_http_gets_a_clean_refusal_and_a_closed_connection(
    world: World,
) -> None:
    before = len(world.upstream.requests)
    for name, data in broken_http(world).items():
        async with line_to(world.port) as line:
            await line.send(data)
            try:
                heard = await line.hear()
            except (ConnectionError, asyncio.IncompleteReadError):
                continue  # closed with no word: a clean end too
            assert heard.status in {400, 403}, name
            careful(heard)
            assert heard.error["message"].endswith(".")
            assert await line.closed(), name
    assert len(world.upstream.requests) == before
    await world.lives()
    logs = b"".join(p.read_bytes() for p in world.gateway.paths.logs.iterdir())
    assert CANARY.encode() not in logs


TARGETS = {
    "absolute": ("GET", "http://127.0.0.1:{port}/health", 400),
    "absolute, foreign": ("GET", "http://evil.example/health", 400),
    "connect": ("CONNECT", "evil.example:443", 400),
    "connect to us": ("CONNECT", "127.0.0.1:{port}", 400),
    "asterisk": ("OPTIONS", "*", 400),
    "options": ("OPTIONS", MESSAGES, 405),
    "trace": ("TRACE", MESSAGES, 405),
    "get": ("GET", CHAT, 405),
    "put": ("PUT", RESPONSES, 405),
    "delete": ("DELETE", MESSAGES, 405),
    "head": ("HEAD", MESSAGES, 405),
    "post to health": ("POST", "/health", 405),
    "get the root": ("GET", "/", 405),
    "post to models": ("POST", "/v1/models", 405),
    "unknown": ("POST", "/v1/embeddings", 404),
    "below a known one": ("POST", "/v1/messages/batches", 404),
    "a slash more": ("POST", "/v1/messages/", 404),
    "a slash before": ("POST", "//v1/messages", 404),
    "three versions": ("POST", "/v1/v1/v1/messages", 404),
    "dots": ("POST", "/v1/x/../messages", 404),
    "coded": ("POST", "/v1/%6dessages", 404),
    "a coded slash": ("POST", "/v1%2fmessages", 404),
    "upper case": ("POST", "/V1/MESSAGES", 404),
    "parameters": ("POST", "/v1/messages;x=1", 404),
    "a fragment": ("POST", "/v1/messages#x", 404),
    "a file": ("GET", "/etc/passwd", 404),
    "a control command": ("POST", "/commands/keys%20new", 404),
    "a long target": ("POST", MESSAGES + "?" + "x" * 9_000, 400),
}


@pytest.mark.parametrize("name", TARGETS)
async def test_targets_and_methods_that_are_not_served(world: World, name: str) -> None:
    method, target, status = TARGETS[name]
    before = len(world.upstream.requests)
    target = target.format(port=world.port)
    data = world.ask(target, b"", method=method)
    async with line_to(world.port) as line:
        await line.send(data)
        if method == "HEAD":
            status_line = await line.reader.readuntil(b"\r\n")
            assert b" 405 " in status_line
        else:
            heard = await line.hear()
            # A target that was not read names no protocol.
            envelope(heard, "" if len(target) > 8_000 else target, status)
            assert (heard.header("allow") is not None) == (status == 405)
    assert len(world.upstream.requests) == before


async def test_a_fragment_never_hides_a_path(world: World) -> None:
    heard = await world.post("/health#/v1/messages", b"", method="GET")
    assert heard.status in {400, 404}


async def test_requests_sent_in_one_go_are_answered_in_order(world: World) -> None:
    ask, probe = (
        world.ask(MESSAGES, good(MESSAGES)),
        world.ask("/health", b"", method="GET"),
    )
    async with line_to(world.port) as line:
        await line.send(ask + probe + world.ask("/nowhere", b"") + ask)
        heard = [await line.hear() for _ in range(4)]
    assert [h.status for h in heard] == [200, 200, 404, 200]
    assert json.loads(heard[1].body)["status"] == "ok"


async def test_a_client_that_waits_to_be_asked_is_asked(world: World) -> None:
    body = good(MESSAGES)
    whole = world.ask(MESSAGES, body, extra="Expect: 100-continue\r\n")
    async with line_to(world.port) as line:
        await line.send(whole[: -len(body)])
        async with asyncio.timeout(2.0):
            assert await line.reader.readuntil(b"\r\n\r\n") == (
                b"HTTP/1.1 100 Continue\r\n\r\n"
            )
        await line.send(body)
        assert (await line.hear()).status == 200
    # Who would be refused is not asked to send his body first.
    wrong = request(world.port, "tnt_wrong", MESSAGES, b"", framed=False)
    wrong = wrong[:-2] + b"Expect: 100-continue\r\nContent-Length: 99\r\n\r\n"
    heard = await tell(world.port, wrong)
    assert (heard.status, heard.interim) == (401, ())


@pytest.mark.parametrize("upgrade", ["websocket", "h2c", "tcp"])
async def test_an_upgrade_that_is_offered_is_not_taken(
    world: World, upgrade: str
) -> None:
    extra = f"Connection: Upgrade\r\nUpgrade: {upgrade}\r\n"
    heard = await world.post(MESSAGES, good(MESSAGES), extra=extra)
    assert heard.status == 200
    sent = {name.lower() for name, _ in world.upstream.requests[-1].headers}
    assert not sent & {b"upgrade", b"connection-settings"}
    # Codex opens a websocket first; what stands behind it is never read.
    async with line_to(world.port) as line:
        behind = world.ask(MESSAGES, good(MESSAGES))
        await line.send(world.ask(RESPONSES, b"", method="GET", extra=extra) + behind)
        envelope(await line.hear(), RESPONSES, 426)
        assert await line.closed()


async def test_http_1_0_is_answered_and_closed(world: World) -> None:
    old = world.ask(MESSAGES, good(MESSAGES, stream=True)).replace(
        b"HTTP/1.1", b"HTTP/1.0"
    )
    async with line_to(world.port) as line:
        await line.send(old)
        async with asyncio.timeout(5.0):
            whole = await line.reader.read()
    head, _, body = whole.partition(b"\r\n\r\n")
    assert b" 200 " in head.partition(b"\r\n")[0]
    assert b"transfer-encoding" not in head.lower()
    assert body == world.upstream.sent[-1]


@pytest.mark.parametrize("path", ["/", "/api/hello"])
async def test_probes_are_answered_with_nothing(world: World, path: str) -> None:
    data = f"HEAD {path} HTTP/1.1\r\nHost: localhost:{world.port}\r\n\r\n"
    heard = await tell(world.port, data.encode())
    assert (heard.status, heard.body) == (200, b"")
    careful(heard)


async def test_health_tells_four_things_without_a_key(world: World) -> None:
    data = request(world.port, "", "/health", method="GET")
    heard = await tell(world.port, data)
    careful(heard)
    assert set(json.loads(heard.body)) == {"status", "version", "mode", "unsaved"}


# --- browsers -------------------------------------------------------------------------


ORIGINS = (
    "http://evil.example",
    "http://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://localhost:3000",
    "https://claude.ai",
    "chrome-extension://abc",
    "file://",
    "null",
    "",
)
HOSTS = (
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example:{port}",
    "127.0.0.1",
    "localhost",
    "127.0.0.1:1",
    "0.0.0.0:{port}",
    "[::]:{port}",
    "127.1:{port}",
    "2130706433:{port}",
    "127.0.0.2:{port}",
    "localhost.:{port}",
    "user@localhost:{port}",
    "localhost:{port}@evil.example",
    "localhost:{port}, evil.example",
    "localhost:{port}/",
    "[::ffff:127.0.0.1]:{port}",
)


@pytest.mark.parametrize(
    "path", [*PATHS, "/v1/models", "/events/recent", "/health", "/"]
)
async def test_a_web_page_gets_nothing_even_with_a_valid_key(
    world: World, path: str
) -> None:
    before = len(world.upstream.requests)
    verb = "POST" if path in PATHS else "GET"
    marks = [f"Origin: {origin}\r\n" for origin in ORIGINS]
    marks += [
        f"Sec-Fetch-Site: {s}\r\n" for s in ("cross-site", "same-site", "same-origin")
    ]
    for mark in marks:
        extra = mark.format(port=world.port)
        heard = await world.post(path, good(path), method=verb, extra=extra)
        envelope(heard, path, 403)
        # A preflight before it fares no better.
        extra += "Access-Control-Request-Method: POST\r\n"
        extra += "Access-Control-Request-Private-Network: true\r\n"
        keyless = request(world.port, "", path, method="OPTIONS", extra=extra)
        envelope(await tell(world.port, keyless), path, 403)
    assert len(world.upstream.requests) == before


@pytest.mark.parametrize("host", HOSTS)
async def test_a_name_that_was_bound_anew_gets_nothing(world: World, host: str) -> None:
    before = len(world.upstream.requests)
    named = f"Host: {host.format(port=world.port)}".encode()
    own = f"Host: 127.0.0.1:{world.port}".encode()
    for path in (*PATHS, "/health"):
        data = world.ask(path, good(path)).replace(own, named)
        heard = await tell(world.port, data)
        if heard.status != 400:  # no HTTP at all
            envelope(heard, path, 403)
    assert len(world.upstream.requests) == before


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "LOCALHOST:{port}", "[::1]:{port}"]
)
async def test_the_gateways_own_names_are_served(world: World, host: str) -> None:
    own = f"Host: 127.0.0.1:{world.port}".encode()
    named = f"Host: {host.format(port=world.port)}".encode()
    data = world.ask(CHAT, good(CHAT)).replace(own, named)
    assert (await tell(world.port, data)).status == 200


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; x=application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        None,
    ],
)
async def test_what_a_form_can_send_is_no_request(
    world: World, kind: str | None
) -> None:
    before = len(world.upstream.requests)
    line = b"" if kind is None else f"Content-Type: {kind}\r\n".encode()
    data = world.ask(MESSAGES, good(MESSAGES))
    data = data.replace(b"Content-Type: application/json\r\n", line)
    envelope(await tell(world.port, data), MESSAGES, 415)
    assert len(world.upstream.requests) == before


# --- keys -----------------------------------------------------------------------------


async def test_a_key_in_the_query_opens_nothing_and_goes_nowhere(world: World) -> None:
    before = len(world.upstream.requests)
    for query in (f"key={world.key}", f"x-api-key={world.key}", f"token={world.key}"):
        data = request(world.port, "", f"{MESSAGES}?{query}", good(MESSAGES))
        envelope(await tell(world.port, data), MESSAGES, 401)
        # Beside a valid key it would travel to the provider.
        heard = await world.post(f"{MESSAGES}?{query}", good(MESSAGES))
        assert "header" in envelope(heard, MESSAGES, 400)
    coded = world.key.replace("_", "%5F")
    heard = await world.post(f"{MESSAGES}?key={coded}", good(MESSAGES))
    envelope(heard, MESSAGES, 400)
    assert len(world.upstream.requests) == before


async def test_a_key_in_the_path_is_cut_off_before_anything_sees_it(
    world: World,
) -> None:
    data = request(
        world.port, "", f"/k/{world.key}{MESSAGES}?beta=true", good(MESSAGES)
    )
    heard = await tell(world.port, data)
    assert heard.status == 200
    assert world.upstream.requests[-1].target == f"{MESSAGES}?beta=true"
    assert world.key.encode() not in world.upstream.requests[-1].everything()
    wrong = request(world.port, "", f"/k/tnt_{CANARY}{MESSAGES}", good(MESSAGES))
    envelope(await tell(world.port, wrong), MESSAGES, 401)
    nothing = request(world.port, "", f"/k/{world.key}", good(MESSAGES))
    assert (await tell(world.port, nothing)).status == 404
    logs = b"".join(p.read_bytes() for p in world.gateway.paths.logs.iterdir())
    assert b"tnt_" not in logs
    held = (
        world.key.encode() in path.read_bytes()
        for path in world.gateway.paths.database.parent.rglob("*")
        if path.is_file()
    )
    assert not any(held)


@pytest.mark.parametrize(
    "carrier",
    ["x-turnout-key: {key}", "x-api-key: {key}", "Authorization: Bearer {key}"],
)
@pytest.mark.parametrize("path", PATHS)
async def test_each_carrier_opens_and_is_taken_out(
    world: World, path: str, carrier: str
) -> None:
    extra = carrier.format(key=world.key) + "\r\n"
    data = request(world.port, "", path, good(path), extra=extra)
    assert (await tell(world.port, data)).status == 200
    assert world.key.encode() not in world.upstream.requests[-1].everything()


@pytest.mark.parametrize("path", PATHS)
async def test_a_wrong_key_is_told_not_to_try_again(world: World, path: str) -> None:
    for key in ("", "tnt_", "tnt_" + "a" * 49, "sk-ant-own", new_key()):
        heard = await tell(world.port, request(world.port, key, path, good(path)))
        envelope(heard, path, 401)
        assert heard.header("x-should-retry") == "false"


async def made(world: World, name: str, scope: str = "call") -> str:
    return (
        await world.gateway.door.call("keys new", NewKey, name=name, scope=scope)
    ).key


async def test_a_key_works_at_once_and_not_a_moment_longer(world: World) -> None:
    key = await made(world, "shortlived")
    async with line_to(world.port) as line:
        ask = request(world.port, key, CHAT, good(CHAT))
        await line.send(ask)
        assert (await line.hear()).status == 200
        gone = await world.gateway.door.call("keys revoke", Revoked, name="shortlived")
        assert gone.count == 1
        # On the connection that was open already, too.
        await line.send(ask)
        envelope(await line.hear(), CHAT, 401)
    assert world.gateway.events()[0].client == "shortlived"


async def test_keys_of_two_clients_are_refused_and_a_wrong_one_beside_is_not(
    world: World,
) -> None:
    other = await made(world, "other")
    for extra, status in (
        (f"Authorization: Bearer {other}\r\n", 401),
        (f"x-api-key: {other}\r\n", 401),
        ("x-api-key: tnt_wrong\r\n", 200),
        (f"Authorization: Bearer {world.key}\r\n", 200),
    ):
        heard = await world.post(CHAT, good(CHAT), extra=extra)
        assert heard.status == status, extra
    in_path = f"/k/{other}{CHAT}"
    assert (await world.post(in_path, good(CHAT))).status == 401


async def test_a_scope_opens_its_own_paths_only(world: World) -> None:
    reader = await made(world, "reader", "read")
    for path in PATHS:
        heard = await tell(world.port, request(world.port, reader, path, good(path)))
        assert "scope" in envelope(heard, path, 403)
    recent = request(world.port, reader, "/events/recent", method="GET")
    assert (await tell(world.port, recent)).status == 200
    heard = await world.post("/events/recent", b"", method="GET")
    assert "read" in envelope(heard, "/events/recent", 403)


# --- what has happened lately ---------------------------------------------------------


async def recent(world: World, query: str) -> Heard:
    world.reader = world.reader or await made(world, "events", "read")
    data = request(world.port, world.reader, f"/events/recent{query}", method="GET")
    return await tell(world.port, data)


async def test_recent_events_come_newest_first_and_go_on_from_an_id(
    world: World,
) -> None:
    labels = []
    for _ in range(4):
        heard = await world.post(CHAT, good(CHAT))
        labels.append(heard.header("x-turnout-request"))
    newest = json.loads((await recent(world, "?limit=4")).body)
    assert [row["id"] for row in newest] == labels[::-1]
    assert {"intent", "class_evidence", "mark", "escalated"} <= newest[0].keys()
    assert json.loads((await recent(world, "?limit=2")).body) == newest[:2]
    after = json.loads((await recent(world, f"?since={labels[1]}&limit=10")).body)
    assert [row["id"] for row in after] == labels[:1:-1]
    assert json.loads((await recent(world, f"?since={labels[-1]}")).body) == []
    assert len(json.loads((await recent(world, "")).body)) <= 50
    assert all("hi" not in row.values() for row in newest)


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=-1",
        "?limit=1001",
        "?limit=ten",
        "?limit=1e2",
        "?limit=",
        "?limit=%D9%A1",
        "?limit=" + "9" * 400,
        "?limit=5&limit=no",
        f"?since={CANARY}",
        "?since=%00",
        "?since=%FF%FE",
        "?since=2026-11-21",
        "?since=0001-01-01T00:00:00%2B23:59",
        "?since=" + "x" * 7_000,
        "?since='%20OR%201=1--",
    ],
)
async def test_wrong_questions_about_events_are_refused_in_words(
    world: World, query: str
) -> None:
    envelope(await recent(world, query), "/events/recent", 400)


# --- noise ----------------------------------------------------------------------------


TOKENS = st.sampled_from(
    [
        b"POST ",
        b"GET ",
        b"/v1/messages",
        b"/health",
        b" HTTP/1.1",
        b"\r\n",
        b"\r\n\r\n",
        b"Host: 127.0.0.1:1\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: keep-alive, upgrade\r\n",
        b"Upgrade: websocket\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b":",
        b" ",
        b"\0",
    ]
)


@settings(max_examples=60)
@given(noise=st.lists(st.one_of(TOKENS, st.binary(max_size=40)), max_size=20))
async def test_noise_never_gets_a_500_and_never_a_hang(
    world: World, noise: list[bytes]
) -> None:
    async with line_to(world.port) as line:
        await line.send(b"".join(noise))
        line.writer.write_eof()
        async with asyncio.timeout(5.0):
            with contextlib.suppress(ConnectionError):
                said = await line.reader.read()
                for status in said.split(b"HTTP/")[1:]:
                    assert status.split(b" ")[1][:1] in {b"1", b"2", b"4"}
    assert (
        await tell(world.port, request(world.port, "", "/health", method="GET"))
    ).status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "model",
        "stream",
        "messages",
        "input",
        "tools",
        "max_tokens",
        "system",
        "metadata",
    ]
)


@settings(max_examples=60)
@given(
    path=st.sampled_from([*PATHS, "/v1/messages/count_tokens"]),
    said=st.dictionaries(FIELDS, JSON, max_size=5) | JSON,
    model=st.one_of(st.none(), st.text(max_size=8), st.just("practice/echo")),
)
async def test_any_json_is_passed_on_or_refused_never_a_fault(
    world: World, path: str, said: object, model: str | None
) -> None:
    if isinstance(said, dict) and model is not None:
        said = {"model": model, **said}
    body = json.dumps(said).encode()
    heard = await world.post(path, body)
    assert heard.status < 500, heard.body


# --- limits of time -------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """A pipeline that notes what it is given and answers as a test says."""

    stopping: bool = False
    calls: list[Call] = field(default_factory=list)
    fault: str = ""
    held: asyncio.Event | None = None

    async def serve(self, call: Call, outlet: Outlet) -> None:
        self.calls.append(call)
        if self.fault == "early":
            raise RuntimeError(CANARY)
        await outlet.start(200, [("content-type", "application/json")])
        await outlet.write(b"{")
        if self.fault == "late":
            raise RuntimeError(CANARY)
        if self.held is not None:
            try:
                await self.held.wait()
            except asyncio.CancelledError:
                await outlet.write(b'"stopped": true')
        await outlet.write(b"}")
        await outlet.end()


@dataclass(slots=True)
class Small:
    """A server alone, with a pipeline of the test's own."""

    port: int
    key: str
    server: GatewayServer
    pipeline: Told
    reader: str


@contextlib.asynccontextmanager
async def small(limits: ServerLimits) -> AsyncIterator[Small]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.setblocking(False)
    port, key, ids = listening.getsockname()[1], new_key(), itertools.count()
    reader, made = new_key(), datetime(2026, 11, 1, tzinfo=UTC)
    rows = [
        KeyRow(id=name, name=name, scope=scope, hash=hash(text), created=made)
        for name, scope, text in (
            ("claude-code", Scope.CALL, key),
            ("prometheus", Scope.READ, reader),
        )
    ]
    policy = Policy(allowed_hosts(port), KeyRing(rows))

    async def events(query: str) -> bytes:
        raise RuntimeError(query)

    site = Site(
        policy=lambda: policy,
        new_id=lambda: f"req_{next(ids)}",
        health=lambda: b"{}",
        models=lambda _admission, _headers: json_answer(b"{}"),
        events=events,
        monotonic=time.monotonic,
        metrics=lambda: b"turnout_x 1\n",
    )
    pipeline = Told()
    server = GatewayServer(cast("Pipeline", pipeline), site, limits)
    await server.start([listening])
    try:
        yield Small(port, key, server, pipeline, reader)
    finally:
        await server.stop_accepting()
        await server.close()
        listening.close()


QUICK = ServerLimits(body_bytes=1000, head=0.15, body=0.15, lingering=0.05)


async def drip(line: Line, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        for at in range(len(data)):
            line.writer.write(data[at : at + 1])
            await asyncio.sleep(0.01)


async def test_metrics_are_told_to_a_key_that_may_read() -> None:
    async with small(QUICK) as one:
        heard = await tell(
            one.port, request(one.port, one.reader, "/metrics", method="GET")
        )
        assert (heard.status, heard.body) == (200, b"turnout_x 1\n")
        assert (heard.header("content-type") or "").startswith("text/plain")
        other = request(one.port, one.key, "/metrics", method="GET")
        assert (await tell(one.port, other)).status == 403


@pytest.mark.parametrize("served_before", [False, True])
async def test_a_head_that_drips_is_cut_at_its_limit(served_before: bool) -> None:
    async with small(QUICK) as one, line_to(one.port) as line:
        whole = request(one.port, one.key, MESSAGES, b"{}")
        if served_before:
            await line.send(whole)
            assert (await line.hear()).status == 200
        began = time.monotonic()
        dripping = spawn(drip(line, whole), "drip")
        assert await line.closed()
        assert 0.1 < time.monotonic() - began < 1.0
        dripping.cancel()
        assert len(one.pipeline.calls) == int(served_before)


async def test_a_connection_that_says_nothing_is_cut() -> None:
    async with small(QUICK) as one, line_to(one.port) as line:
        assert await line.closed()


async def test_a_kept_connection_may_lie_idle_longer_than_a_head_may_take() -> None:
    async with small(QUICK) as one, line_to(one.port) as line:
        whole = request(one.port, one.key, MESSAGES, b"{}")
        for _ in range(2):
            await line.send(whole)
            assert (await line.hear()).status == 200
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_never_ends_is_cut(path: str, framing: str) -> None:
    async with small(QUICK) as one, line_to(one.port) as line:
        extra, body = {
            "length": ("Content-Length: 500\r\n", b'{"x":'),
            "chunks": ("Transfer-Encoding: chunked\r\n", b"5\r\n" + b'{"x":' + b"\r\n"),
        }[framing]
        await line.send(
            request(one.port, one.key, path, body, framed=False, extra=extra)
        )
        envelope(await line.hear(), path, 408)
        assert await line.closed()
        assert not one.pipeline.calls


async def test_a_client_is_let_go_when_it_sends_on_what_was_refused() -> None:
    async with small(QUICK) as one, line_to(one.port) as line:
        await line.send(request(one.port, "", MESSAGES, b"x" * 900_000))
        envelope(await line.hear(), MESSAGES, 401)
        # Refused at the head; the body is thrown away and the connection stays.
        await line.send(request(one.port, one.key, MESSAGES, b"{}"))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            assert (await line.hear()).status == 200


# --- faults of our own, and the end ---------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
async def test_a_fault_of_ours_is_told_without_its_text(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with small(ServerLimits()) as one:
        one.pipeline.fault = "early"
        heard = await tell(one.port, request(one.port, one.key, path, b"{}"))
        assert "fault of its own" in envelope(heard, path, 500)
        one.pipeline.fault = "late"
        async with line_to(one.port) as line:
            await line.send(request(one.port, one.key, path, b"{}"))
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await line.hear()
        one.pipeline.fault = ""
        heard = await tell(one.port, request(one.port, one.key, path, b"{}"))
        assert (heard.status, heard.body) == (200, b"{}")
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text


async def test_open_answers_are_drained_and_late_ones_ended() -> None:
    async with small(ServerLimits()) as one, line_to(one.port) as line:
        one.pipeline.held = asyncio.Event()
        await line.send(request(one.port, one.key, MESSAGES, b"{}"))
        await line.reader.readuntil(b"\r\n\r\n")
        assert one.server.open_requests == 1
        await one.server.stop_accepting()
        with pytest.raises(OSError, match="onnect"):
            await asyncio.open_connection("127.0.0.1", one.port)
        await one.server.drain(0.05, asyncio.Event())
        assert one.server.open_requests == 1
        await one.server.break_off()
        assert one.pipeline.stopping
        assert one.server.open_requests == 0
        async with asyncio.timeout(2.0):
            await line.reader.readuntil(b"stopped")


async def test_a_drain_ends_when_the_last_answer_has() -> None:
    async with small(ServerLimits()) as one, line_to(one.port) as line:
        one.pipeline.held = asyncio.Event()
        await line.send(request(one.port, one.key, MESSAGES, b"{}"))
        await line.reader.readuntil(b"\r\n\r\n")
        asyncio.get_running_loop().call_later(0.05, one.pipeline.held.set)
        began = time.monotonic()
        await one.server.drain(30.0, asyncio.Event())
        assert time.monotonic() - began < 2.0


@pytest.mark.logs_trouble
async def test_hurry_cuts_a_drain_short() -> None:
    async with small(ServerLimits()) as one, line_to(one.port) as line:
        one.pipeline.held, hurry = asyncio.Event(), asyncio.Event()
        await line.send(request(one.port, one.key, MESSAGES, b"{}"))
        await line.reader.readuntil(b"\r\n\r\n")
        hurry.set()
        began = time.monotonic()
        await one.server.drain(30.0, hurry)
        assert time.monotonic() - began < 2.0


async def test_where_a_call_comes_from_is_told_by_both_ends() -> None:
    async with small(ServerLimits()) as one, line_to(one.port) as line:
        own = line.writer.get_extra_info("sockname")
        for _ in range(2):
            await line.send(request(one.port, one.key, MESSAGES, b"{}"))
            await line.hear()
        await tell(one.port, request(one.port, one.key, MESSAGES, b"{}"))
        first, again, other = (call.peer for call in one.pipeline.calls)
        assert first is not None
        assert first == again
        assert (first.host, first.port) == own
        assert first.gateway_port == one.port
        assert other is not None
        assert other.connection != first.connection
