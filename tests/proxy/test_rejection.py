"""What a client of one protocol is told of the errors of another's provider."""

import json
from functools import partial
from pathlib import Path

import pytest
from foreign import CLIENTS, PAIRS, ask, error_of, read, text
from loopback import SCRIPTED_KEY, Serving, provider, serving
from upstream import Answer, Script, ScriptedUpstream, Seen, Step, Text, refuse, say
from upstream.failures import echo_in_error, error_after, error_event, html_page
from upstream.reply import Reply, cut_after, gzipped, json_reply

from proxy.errors import Failure, FailureKind
from proxy.model import Protocol
from proxy.rejection import hints, is_unproven, told, too_long

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = Protocol
STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
WORDS = "the quota of Tuesday is used up"
OF_THE_KEY = (401, 402, 403)
ASKED_TWICE = (500, 502, 503, 529)
# protocols.md, D6.
MESSAGES_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
GEMINI_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}
TOO_LONG = {
    MESSAGES: "prompt is too long: 210000 tokens > 200000 maximum",
    RESPONSES: "Your input exceeds the context window of this model.",
    CHAT: "This model's maximum context length is 8192 tokens.",
    GEMINI: "The input token count (2000000) exceeds the maximum number of tokens.",
    OLLAMA: "the request exceeds the available context size, try increasing it",
}


def expected_type(client: Protocol, status: int) -> str | None:
    table = {MESSAGES: MESSAGES_TYPES, GEMINI: GEMINI_WORDS}.get(client, OPENAI_TYPES)
    return table.get(status)


def type_of(client: Protocol, error: dict[str, object]) -> object:
    return error["status"] if client is GEMINI else error["type"]


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_an_error_has_the_status_type_and_words_it_should(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    others = tuple(each for each in STATUSES if each not in OF_THE_KEY)
    # A provider that refused the key is not asked again: each has its own gateway.
    for n, statuses in enumerate((others, *((each,) for each in OF_THE_KEY))):
        async with (
            ScriptedUpstream(speaks=[speaks]) as upstream,
            serving(
                tmp_path / str(n), provider(upstream.url, protocols=[speaks])
            ) as gateway,
        ):
            for at, status in enumerate(statuses):
                await error_is_right(gateway, upstream, client, status, at)


async def error_is_right(
    gateway: Serving, upstream: ScriptedUpstream, client: Protocol, status: int, at: int
) -> None:
    calls = 2 if status in ASKED_TWICE else 1
    before = len(upstream.asked)
    upstream.push(*[refuse(status, WORDS)] * calls)
    path, body = ask(client, stream=bool(at % 2))
    got, headers, raw = await gateway.post(path, body)
    foreign = status == 529 and client is not MESSAGES
    assert got == (503 if foreign else status)
    error = error_of(headers, raw)
    assert WORDS in error["message"], status
    assert f"scripted answered {status}" in error["message"]
    wanted = expected_type(client, got)
    assert wanted is None or type_of(client, error) == wanted
    if client is GEMINI:
        assert error["code"] == got
    # What cannot be mended by asking again is said to be so.
    vain = headers.get("x-should-retry") == "false"
    assert vain == (status in OF_THE_KEY)
    assert headers.get("retry-after") == ("2" if status == 429 else None)
    assert headers["x-turnout-attempts"] == str(calls)
    assert len(upstream.asked) == before + calls, status
    row = gateway.events()[0]
    assert row.status == "error"
    assert [each.status for each in row.attempts] == [status] * calls


DATE = "Sat, 21 Nov 2099 12:00:00 GMT"


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_wish_to_be_left_alone_is_passed_on(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        for status, wish in ((429, "17"), (503, "4"), (429, DATE)):
            upstream.push(refuse(status, WORDS, retry_after=wish))
            got, headers, _ = await gateway.post(*ask(client))
            assert (got, headers.getall("retry-after")) == (status, [wish])  # type: ignore[attr-defined]


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_our_key_never_comes_back_in_an_error(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(echo_in_error)
        got, headers, raw = await gateway.post(*ask(client))
        assert got == 401
        assert SCRIPTED_KEY not in raw.decode() + str(headers)
        said = error_of(headers, raw)["message"]
        assert f"Incorrect API key provided: {'*' * len(SCRIPTED_KEY)}." in said


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_too_long_a_conversation_is_said_in_the_clients_own_words(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        words = TOO_LONG[speaks]
        upstream.push(refuse(400, words))
        for stream in (False, True):
            if stream:
                # Some begin a stream before they have measured what they were sent.
                upstream.push(error_in_stream(words))
            got, headers, raw = await gateway.post(*ask(client, stream=stream))
            assert got == 400
            error = error_of(headers, raw)
            assert words in error["message"]
            match Protocol(client):
                case Protocol.MESSAGES:
                    assert error["type"] == "invalid_request_error"
                    assert error["message"].startswith("prompt is too long: ")
                case Protocol.GEMINI:
                    assert error["status"] == "INVALID_ARGUMENT"
                case _:
                    assert error["type"] == "invalid_request_error"
                    assert error["code"] == "context_length_exceeded"
            assert gateway.events()[0].error_kind == "rejected"


def error_in_stream(words: str) -> Script:
    def script(seen: Seen) -> Step:
        def change(reply: Reply) -> Reply:
            return Reply(200, reply.headers, (error_event(seen, words),))

        return Answer((Text("x"),), change=change)

    return script


async def test_other_refusals_are_no_matter_of_length() -> None:
    failure = Failure(FailureKind.RATE_LIMITED, "p answered 429.", 429, 3.2)
    body = b'{"error": {"message": "too many tokens this minute"}}'
    held = told(CHAT, failure, body, "r1")
    error = json.loads(held.body)["error"]
    assert error["code"] == "rate_limit_exceeded"
    assert (held.status, held.wait) == (429, 3.2)
    assert "prompt is too long" not in told(MESSAGES, failure, body, "r1").body.decode()
    assert too_long(failure) is None


@pytest.mark.parametrize(
    ("status", "body", "proof"),
    [
        (400, b"messages.1.content.0: Invalid `signature` in `thinking` block", True),
        (400, b"The encrypted content for item rs_1 could not be verified.", True),
        (400, b'{"code": "invalid_encrypted_content"}', True),
        (400, b"Function call is missing a thought_signature in functionCall", True),
        (400, b"Thought signature is not valid", True),
        (400, b"max_tokens: must be greater than thinking.budget_tokens", False),
        (400, b"no such model", False),
        (500, b"Invalid signature in thinking block", False),
    ],
)
def test_refused_proofs_are_known(status: int, body: bytes, proof: bool) -> None:
    assert is_unproven(status, body) == proof


def test_hints_are_limits_and_waits_only() -> None:
    headers = [
        ("Retry-After", "3"),
        ("retry-after-ms", "3000"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("anthropic-ratelimit-tokens-reset", "2026-11-21T12:00:00Z"),
        ("x-should-retry", "true"),
        ("request-id", "req_1"),
        ("content-length", "3"),
    ]
    assert hints(headers) == tuple(headers[:5])


@pytest.mark.parametrize("client", CLIENTS)
async def test_odd_error_answers_are_errors_all_the_same(
    tmp_path: Path, client: Protocol
) -> None:
    speaks = OLLAMA
    odd = (
        html_page(502),
        Reply(500),
        gzipped(json_reply(500, {"error": WORDS})),
        json_reply(500, [{"error": {"message": WORDS}}]),
        json_reply(500, {"detail": WORDS}),
        Reply(500, (("content-type", "application/json"),), (b"{" * 100_000,)),
        Reply(500, (("content-encoding", "br"),), (b"\x8b\x02",)),
    )
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        for reply in odd:
            upstream.push(reply, reply)
            status, headers, raw = await gateway.post(*ask(client))
            assert (status, headers["x-turnout-attempts"]) == (reply.status, "2")
            error = error_of(headers, raw)
            assert error["message"].startswith(f"scripted answered {status}.")
            spoken = WORDS.encode() in reply.body() or "gzip" in str(reply.headers)
            assert (WORDS in error["message"]) == spoken
            assert "<html>" not in error["message"]


# --- another route --------------------------------------------------------------------


async def served_by(
    gateway: Serving, client: Protocol, *, stream: bool, failed: int = 1
) -> str:
    status, headers, got = await gateway.post(*ask(client, stream=stream))
    assert status == 200
    assert text(read(client, got, stream=stream)) == "From the standby."
    assert headers["x-turnout-attempts"] == str(failed + 1)
    row = gateway.events()[0]
    assert row.status == "fallback_success"
    assert [each.outcome == "ok" for each in row.attempts] == [*[False] * failed, True]
    assert len({each.route for each in row.attempts[:failed]}) == 1
    return str(headers["x-turnout-route"])


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_standby_of_another_protocol_takes_over(
    tmp_path: Path, client: Protocol, speaks: Protocol, stream: bool
) -> None:
    async with (
        ScriptedUpstream(speaks=[client]) as native,
        ScriptedUpstream(speaks=[speaks], strict=True) as foreign,
    ):
        native.script = foreign.script = lambda _: say("From the standby.")
        entries = [
            provider(native.url, "native", protocols=[client]),
            provider(foreign.url, "foreign", protocols=[speaks]),
        ]
        async with serving(tmp_path / "a", "".join(entries)) as gateway:
            native.push(refuse(500), refuse(500))
            route = await served_by(gateway, client, stream=stream, failed=2)
            assert route.startswith("foreign/")
            if stream:
                native.push(error_after(say("never said"), 0))
                route = await served_by(gateway, client, stream=stream)
                assert route.startswith("foreign/")
        faults: tuple[Script | Reply, ...] = refuse(429), html_page(200), refuse(401)
        for n, fault in enumerate(faults):
            # A limit and a refused key would be held against the next request.
            home = tmp_path / f"b{n}"
            async with serving(home, "".join(reversed(entries))) as gateway:
                foreign.push(fault)
                route = await served_by(gateway, client, stream=stream)
                assert route.startswith("native/")
        assert foreign.refusals == []


async def test_a_route_that_cannot_take_the_request_is_passed_over(
    tmp_path: Path,
) -> None:
    async with (
        ScriptedUpstream(speaks=[RESPONSES]) as native,
        ScriptedUpstream(speaks=[CHAT]) as foreign,
    ):
        config = provider(native.url, "native", protocols=[RESPONSES])
        config += provider(foreign.url, "foreign", protocols=[CHAT])
        async with serving(tmp_path / "h", config) as gateway:
            native.push(refuse(503, WORDS), refuse(503, WORDS))
            forced = {"type": "web_search"}
            path, body = ask(RESPONSES, tools=True, tool_choice=forced)
            body["tools"].append(forced)
            status, headers, raw = await gateway.post(path, body)
            # The provider's own error is worth more than why nobody else could help.
            assert status == 503
            assert WORDS in raw.decode()
            assert headers["x-turnout-attempts"] == "2"
            assert not foreign.requests


async def test_where_no_route_can_take_it_the_reason_is_told(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(speaks=[CHAT]) as foreign,
        serving(tmp_path / "h", provider(foreign.url, protocols=[CHAT])) as gateway,
    ):
        forced = {"type": "web_search"}
        path, body = ask(RESPONSES, tools=True, tool_choice=forced)
        body["tools"].append(forced)
        status, headers, raw = await gateway.post(path, body)
        assert (status, headers["x-should-retry"]) == (400, "false")
        assert "forces a tool" in error_of(headers, raw)["message"]
        assert not foreign.requests


async def test_three_calls_are_the_most_across_lanes(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(speaks=[CHAT]) as chat,
        ScriptedUpstream(speaks=[MESSAGES]) as messages,
    ):
        chat.script = messages.script = refuse(500)
        config = "".join(
            provider(
                (chat if n % 2 else messages).url,
                f"p{n}",
                protocols=[CHAT if n % 2 else MESSAGES],
            )
            for n in range(5)
        )
        async with serving(tmp_path / "h", config) as gateway:
            status, headers, _ = await gateway.post(*ask(MESSAGES))
            assert (status, headers["x-turnout-attempts"]) == (500, "3")
            assert len(chat.requests) + len(messages.requests) == 3


async def test_a_stream_cut_after_a_change_of_lanes_speaks_of_itself_only(
    tmp_path: Path,
) -> None:
    async with (
        ScriptedUpstream(speaks=[CHAT]) as foreign,
        ScriptedUpstream(speaks=[MESSAGES]) as native,
    ):
        config = provider(foreign.url, "foreign", protocols=[CHAT])
        config += provider(native.url, "native", protocols=[MESSAGES])
        async with serving(tmp_path / "h", config) as gateway:
            foreign.push(error_after(say("never said"), 1))
            native.push(Answer((Text("one two"),), change=partial(cut_after, events=4)))
            _, _, got = await gateway.post(*ask(MESSAGES, stream=True))
            assert got.startswith(native.sent[0])
            assert got.count(b"message_start") == 2  # The event's name and its type.
            assert got.count(b"event: error") == 1


async def test_a_limit_told_inside_a_stream_says_when_to_come_back(
    tmp_path: Path,
) -> None:
    async with (
        ScriptedUpstream(speaks=[MESSAGES]) as upstream,
        serving(
            tmp_path / "h", provider(upstream.url, protocols=[MESSAGES])
        ) as gateway,
    ):

        def change(reply: Reply) -> Reply:
            said = b'{"type":"error","error":{"type":"rate_limit_error","message":"x"}}'
            return Reply(
                200, reply.headers, (b"event: error\ndata: " + said + b"\n\n",)
            )

        upstream.push(Answer((Text("never said"),), change=change))
        status, headers, _ = await gateway.post(*ask(CHAT, stream=True))
        assert (status, headers["retry-after"]) == (429, "2")
