"""The failure table on translated lanes, where a provider speaks another protocol.

Each client meets providers of another protocol: what they fail with comes to it in its
own form, and what is mended on the way is on record.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from foreign import error_of, is_whole
from raw_wire import until
from scenarios.stage import (
    CHAT,
    GEMINI,
    MESSAGES,
    NOBODY,
    OLLAMA,
    RESPONSES,
    Actor,
    Role,
    Stage,
    stage,
)
from upstream import Answer, End, Raw, Script, Step, refuse, say
from upstream.failures import error_after, html_page
from upstream.reply import (
    Pause,
    Reply,
    cut_after,
    held_after,
    held_before_headers,
    stream_reply,
)
from upstream.spoilt import bad_json, no_end

from proxy.model import Protocol
from proxy.preparation import prepare
from proxy.upstream import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAIRS = [
    (MESSAGES, CHAT),
    (RESPONSES, MESSAGES),
    (CHAT, GEMINI),
    (GEMINI, RESPONSES),
    (MESSAGES, OLLAMA),
    (CHAT, MESSAGES),
]
"""A client and the protocol that its providers speak."""

HELLO = say("one two three four five six seven eight nine ten")
CONTENT = {MESSAGES: 6, RESPONSES: 8, CHAT: 4, GEMINI: 3, OLLAMA: 3}
HEADS = {MESSAGES: 3, RESPONSES: 4, CHAT: 1}
ERROR = {
    MESSAGES: b"event: error\n",
    RESPONSES: b"response.failed",
    CHAT: b'data: {"error":',
    GEMINI: b'data: {"error":',
}
TOO_LONG = refuse(400, "prompt is too long: 9001 tokens > 8000 maximum")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Two providers of each protocol; the model asked for says of which."""
    actors = [
        Actor(f"{place}-{each}", (each,), (Role(f"m-{each}"),))
        for each in Protocol
        for place in ("first", "second")
    ]
    dead = [
        Actor(f"dead-{each}", (each,), (Role(f"d-{each}"),), url=NOBODY)
        for each in Protocol
    ]
    standing = [
        Actor(f"alive-{each}", (each,), (Role(f"d-{each}"),)) for each in Protocol
    ]
    home = tmp_path_factory.mktemp("translated")
    async with stage(home, *actors, *dead, *standing) as play:
        yield play


@pytest.fixture
def play(house: Stage) -> Stage:
    """The stage with everything well."""
    house.well_again()
    return house


def cut(speaks: Protocol, end: End = End.EOF) -> Answer:
    """An answer that ends after some words."""
    return Answer(
        HELLO.parts, change=partial(cut_after, events=CONTENT[speaks], end=end)
    )


BEFORE: dict[str, tuple[Step | Script, str, int, bool]] = {
    "not http": (Raw(b"SSH-2.0-x\r\n\r\n", End.EOF), "malformed", 1, True),
    "page": (html_page(200), "malformed", 1, True),
    "empty": (
        Answer(HELLO.parts, change=partial(cut_after, events=0)),
        "cut",
        1,
        True,
    ),
    "error event": (error_after(HELLO, 0), "upstream_error", 1, True),
    "no json": (bad_json(HELLO, 0), "malformed", 1, True),
    "429": (refuse(429, retry_after="30"), "rate_limited", 1, False),
    "500 twice": (refuse(500), "upstream_error", 2, True),
    "529 twice": (refuse(529), "upstream_error", 2, True),
    "401": (refuse(401), "auth", 1, False),
}


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
@pytest.mark.parametrize("name", BEFORE)
async def test_before_the_first_byte_the_next_route_answers(
    play: Stage, name: str, client: Protocol, speaks: Protocol
) -> None:
    step, kind, times, counted = BEFORE[name]
    first, second = f"first-{speaks}", f"second-{speaks}"
    play[first].push(*[step] * times)
    told = await play.ask(client, model=f"m-{speaks}")
    assert told.calls == (first,) * times + (second,)
    assert (told.status, is_whole(client, told.body)) == (200, True)
    assert told.outcomes == (kind,) * times + ("ok",)
    assert told.marks == ("",) * times + ("same_lane",)
    assert told.row.status == "fallback_success"
    assert f"translated into {speaks}" in told.explained
    assert (play.faults(first), play.faults(second)) == (times * counted, 0)
    assert (first in play.condition.not_ready) is (kind == "auth")
    assert (first in play.condition.groups) is (kind == "rate_limited")


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_who_cannot_be_reached_is_passed_over(
    play: Stage, client: Protocol, speaks: Protocol
) -> None:
    told = await play.ask(client, model=f"d-{speaks}")
    assert told.calls == (f"alive-{speaks}",)
    assert told.outcomes == ("connect", "ok")
    assert is_whole(client, told.body)
    assert play.faults(f"dead-{speaks}") == 1


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("client", "speaks"), PAIRS)
@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refusal_comes_in_the_clients_form_and_counts_for_nothing(
    play: Stage, status: int, client: Protocol, speaks: Protocol, stream: bool
) -> None:
    first = f"first-{speaks}"
    play[first].push(refuse(status, "temperature is not permitted here"))
    told = await play.ask(client, model=f"m-{speaks}", stream=stream)
    assert (told.calls, told.status) == ((first,), status)
    said = error_of(told.headers, told.body)["message"]
    assert "temperature is not permitted here" in said
    assert told.outcomes == ("rejected",)
    assert (play.faults(first), play.condition.not_ready) == (0, {})


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_refused_proof_is_left_out_on_the_same_route_once(
    play: Stage, client: Protocol, speaks: Protocol
) -> None:
    first = f"first-{speaks}"
    play[first].push(refuse(400, "Invalid `signature` in `thinking` block"))
    told = await play.ask(client, model=f"m-{speaks}")
    assert told.calls == (first, first)
    assert (told.status, is_whole(client, told.body)) == (200, True)
    assert told.outcomes == ("rejected", "ok")
    assert told.retries == (False, True)
    assert play.faults(first) == 0


@pytest.mark.parametrize("client", [MESSAGES, RESPONSES])
async def test_a_refused_proof_stays_left_out_of_every_later_attempt(
    play: Stage, client: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bool] = []

    def watched(*given: Any, thinking: bool, secret: str | None) -> Any:
        kept.append(thinking)
        return prepare(*given, thinking=thinking, secret=secret)

    monkeypatch.setattr("proxy.translated.prepare", watched)
    first, second = f"first-{CHAT}", f"second-{CHAT}"
    refused = refuse(400, "Invalid `signature` in `thinking` block")
    play[first].push(refused, refuse(401))
    told = await play.ask(client, model=f"m-{CHAT}")
    assert told.calls == (first, first, second)
    assert told.outcomes == ("rejected", "auth", "ok")
    assert kept == [True, False, False]


# --- after content --------------------------------------------------------------------


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
@pytest.mark.parametrize("how", ["closed", "reset", "no end", "no json", "error event"])
async def test_what_breaks_inside_an_answer_is_told_in_the_clients_form(
    play: Stage, how: str, client: Protocol, speaks: Protocol
) -> None:
    first, at = f"first-{speaks}", CONTENT[speaks]
    ways: dict[str, tuple[Step | Script, str]] = {
        "closed": (cut(speaks), "cut"),
        "reset": (cut(speaks, End.RESET), "cut"),
        "no end": (no_end(HELLO), "cut"),
        "no json": (bad_json(HELLO, at), "malformed"),
        "error event": (error_after(HELLO, at), "upstream_error"),
    }
    step, kind = ways[how]
    play[first].push(step)
    told = await play.ask(client, model=f"m-{speaks}")
    assert told.calls == (first,)
    assert ERROR[client] in told.body
    assert not is_whole(client, told.body)
    assert (told.row.status, told.row.error_kind) == ("error", kind)
    assert told.outcomes == (kind,)
    assert play.faults(first) == 1
    if speaks is MESSAGES:
        # The prompt was told at the beginning, and is billed.
        assert (told.row.input_tokens, told.row.cache_read_tokens) == (1200, 300)
        assert told.row.cost_nano


async def test_silence_inside_an_answer_ends_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    actors = [Actor(f"p-{each}", (each,), (Role(f"m-{each}"),)) for each in Protocol]
    home, limits = tmp_path_factory.mktemp("stalled"), Limits(5.0, 0.8)
    async with stage(home, *actors, limits=limits) as play:
        for _, speaks in PAIRS:
            play[f"p-{speaks}"].push(cut(speaks, End.STALL))
        all_told = await asyncio.gather(
            *[play.ask(client, model=f"m-{speaks}") for client, speaks in PAIRS]
        )
        for (client, _), told in zip(PAIRS, all_told, strict=True):
            assert ERROR[client] in told.body
            assert not is_whole(client, told.body)
            assert told.outcomes == ("stalled",)


@pytest.mark.parametrize(
    ("client", "speaks"), [pair for pair in PAIRS if pair[1] in HEADS]
)
@pytest.mark.parametrize("end", [End.EOF, End.RESET, "error event"])
async def test_a_head_without_content_is_never_seen(
    play: Stage, end: str, client: Protocol, speaks: Protocol
) -> None:
    first, second = f"first-{speaks}", f"second-{speaks}"
    events = HEADS[speaks]

    def change(reply: Reply) -> Reply:
        return cut_after(reply, events, End(end))

    step: Step | Script = Answer(HELLO.parts, change=change)
    play[first].push(error_after(HELLO, events) if end == "error event" else step)
    told = await play.ask(client, model=f"m-{speaks}")
    assert told.calls == (first, second)
    assert is_whole(client, told.body)
    assert ERROR[client] not in told.body
    assert told.marks == ("", "same_lane")
    dead, alive = told.row.attempts
    if speaks is MESSAGES:
        assert dead.cost_nano
        assert alive.cost_nano
        assert told.row.cost_nano == dead.cost_nano + alive.cost_nano


# --- too long -------------------------------------------------------------------------


def readers(speaks: Protocol) -> list[Actor]:
    """Two that read 8,000 tokens of a model, one that reads 200,000."""
    short, long = Role(context=8_000), Role(context=200_000)
    return [
        Actor("short", (speaks,), (short,)),
        Actor("as-short", (speaks,), (short,)),
        Actor("long", (speaks,), (long,)),
    ]


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_what_is_too_long_goes_to_a_larger_route_once(
    tmp_path_factory: pytest.TempPathFactory, client: Protocol, speaks: Protocol
) -> None:
    home = tmp_path_factory.mktemp("long")
    async with stage(home, *readers(speaks)) as play:
        play["short"].push(TOO_LONG)
        told = await play.ask(client)
        assert told.calls == ("short", "long")
        assert (told.status, is_whole(client, told.body)) == (200, True)
        assert told.outcomes == ("rejected", "ok")
        assert (play.faults("short"), play.faults("long")) == (0, 0)
        # The larger one finds it too long as well: the client shortens it.
        play["short"].push(TOO_LONG)
        play["long"].push(TOO_LONG)
        told = await play.ask(client)
        assert (told.calls, told.status) == (("short", "long"), 400)
        said = error_of(told.headers, told.body)
        assert "too long" in said["message"]
        if client in {CHAT, RESPONSES}:
            assert said["code"] == "context_length_exceeded"
        assert not play["as-short"].asked


@pytest.mark.parametrize("client", [MESSAGES, RESPONSES, GEMINI])
@pytest.mark.parametrize("how", [refuse(401), refuse(429), html_page(200)])
async def test_a_larger_route_that_fails_leaves_the_refusal_of_the_length(
    tmp_path_factory: pytest.TempPathFactory, client: Protocol, how: Script | Reply
) -> None:
    async with stage(tmp_path_factory.mktemp("no_help"), *readers(CHAT)) as play:
        play["short"].push(TOO_LONG)
        play["long"].push(how)
        told = await play.ask(client)
        assert (told.calls, told.status) == (("short", "long"), 400)
        assert "too long" in error_of(told.headers, told.body)["message"]
        assert told.row.error_kind == "rejected"


async def test_a_larger_route_is_looked_for_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    larger = [
        Actor(f"c{size}", (CHAT,), (Role(context=size),))
        for size in (16_000, 32_000, 64_000)
    ]
    short = Actor("short", (CHAT,), (Role(context=8_000),))
    home = tmp_path_factory.mktemp("once")
    async with stage(home, short, *larger) as play:
        for name in ("short", "c16000", "c32000", "c64000"):
            play[name].push(TOO_LONG)
        told = await play.ask(MESSAGES)
        assert (len(told.calls), told.calls[0], told.status) == (2, "short", 400)


async def test_a_wait_that_outlasts_the_request_is_not_waited(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home, limits = tmp_path_factory.mktemp("late"), Limits(1.0, 5.0)
    actors = (Actor("first", (CHAT,)), Actor("second", (CHAT,)))
    async with stage(home, *actors, limits=limits) as play:
        play["first"].push(refuse(429, retry_after="2"))
        told = await play.ask(MESSAGES)
        assert told.calls == ("first", "second")
        assert (told.status, told.retries) == (200, (False, False))


# --- what reaches the client, and a client that leaves --------------------------------


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
@pytest.mark.parametrize("wait", [None, "30"])
async def test_a_429_of_all_says_when_to_come_back(
    play: Stage, wait: str | None, client: Protocol, speaks: Protocol
) -> None:
    first, second = f"first-{speaks}", f"second-{speaks}"
    for name in (first, second):
        play[name].push(refuse(429, "slow down", retry_after=wait))
    told = await play.ask(client, model=f"m-{speaks}")
    assert (told.calls, told.status) == ((first, second), 429)
    assert told.headers["retry-after"] == (wait or "2")
    assert "slow down" in error_of(told.headers, told.body)["message"]
    assert set(play.condition.groups) == {first, second}
    assert told.row.error_kind == "rate_limited"


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_refused_key_of_ours_is_told_as_final(
    play: Stage, client: Protocol, speaks: Protocol
) -> None:
    first, second = f"first-{speaks}", f"second-{speaks}"
    for name in (first, second):
        play[name].push(refuse(403, "not for you"))
    told = await play.ask(client, model=f"m-{speaks}")
    assert (told.calls, told.status) == ((first, second), 403)
    assert told.headers["x-should-retry"] == "false"
    assert "not for you" in error_of(told.headers, told.body)["message"]


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_client_that_leaves_inside_an_answer_ends_the_call(
    play: Stage, client: Protocol, speaks: Protocol
) -> None:
    first, rows = play[f"first-{speaks}"], len(play.gateway.events())
    events = CONTENT[speaks]
    first.push(Answer(HELLO.parts, change=partial(held_after, events=events)))
    async with play.asking(client, model=f"m-{speaks}") as answer:
        await answer.content.readany()
    seen = first.asked[-1]
    await first.until(lambda _: seen.gone is not None)
    await until(lambda: len(play.gateway.events()) > rows)
    row = play.gateway.events()[0]
    assert (row.status, row.error_kind) == ("cancelled", "client_gone")
    assert play.faults(f"first-{speaks}") == 0


@pytest.mark.parametrize(
    ("lane", "mark"),
    [
        ("claude/premium", "escalation"),
        ("claude/standard", "same_lane"),
        ("open/standard", ""),
        ("claude/small", "downgrade"),
    ],
)
async def test_what_a_larger_route_means_is_marked(
    tmp_path_factory: pytest.TempPathFactory, lane: str, mark: str
) -> None:
    short = Role(lane="claude/standard", context=8_000)
    actors = (
        Actor("short", (CHAT,), (short,)),
        Actor("long", (CHAT,), (Role(lane=lane),)),
    )
    async with stage(tmp_path_factory.mktemp("marked"), *actors) as play:
        play["short"].push(TOO_LONG)
        told = await play.ask(MESSAGES)
        assert told.calls == ("short", "long")
        assert told.marks == ("", mark)
        assert told.row.mark == mark
        standing = [line for line in told.layers if line.startswith("Standing by")]
        assert [line.count("long/scripted-large") for line in standing] == [1]


async def test_while_another_route_stands_by_silence_binds_nobody(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.delivery.PING_SECONDS", 0.2)
    home, limits = tmp_path_factory.mktemp("pinged"), Limits(4.0, 4.0)
    actors = (Actor("first", (CHAT,)), Actor("second", (CHAT,)))
    silent = Answer(HELLO.parts, change=held_before_headers)
    clients = (MESSAGES, RESPONSES)
    async with stage(home, *actors, limits=limits) as play:
        play["first"].push(*[silent] * len(clients))
        all_told = await asyncio.gather(*[play.ask(each) for each in clients])
        for client, told in zip(clients, all_told, strict=True):
            assert told.outcomes == ("first_byte_timeout", "ok")
            assert is_whole(client, told.body)
            assert told.headers["x-turnout-route"] == "second/scripted-large"
        # Whoever is alone gives signs of life.
        play.well_again()
        play["first"].push(refuse(503), refuse(503))
        play["second"].push(silent)
        told = await play.ask(MESSAGES)
        assert b"event: ping" in told.body
        assert told.outcomes[-1] == "first_byte_timeout"


async def test_signs_of_life_alone_use_up_no_other_routes_time(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.delivery.PING_SECONDS", 0.2)
    home, limits = tmp_path_factory.mktemp("alive"), Limits(2.0, 2.0)
    actors = (Actor("first", (CHAT,)), Actor("second", (CHAT,)))
    alive = replace(stream_reply(()), chunks=(b": working\n\n", Pause(0.1)) * 40)
    clients = (MESSAGES, RESPONSES, GEMINI)
    async with stage(home, *actors, limits=limits) as play:
        play["first"].push(*[alive] * len(clients))
        all_told = await asyncio.gather(*[play.ask(each) for each in clients])
        for client, told in zip(clients, all_told, strict=True):
            assert told.outcomes == ("first_byte_timeout", "ok")
            assert is_whole(client, told.body)
