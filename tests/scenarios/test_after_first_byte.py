"""The failure table after the first byte, each row for each client, natively.

Once content has left nobody else is asked: the client gets its protocol's own error,
never what looks like an end, and what was used so far is billed.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio
from foreign import is_whole
from raw_wire import until
from scenarios.stage import (
    CHAT,
    CLIENTS,
    GEMINI,
    MESSAGES,
    RESPONSES,
    Actor,
    Role,
    Stage,
    Told,
    stage,
)
from upstream import Answer, End, Script, Step, say
from upstream.failures import error_after, refuse
from upstream.record import Ask, Seen
from upstream.reply import (
    Reply,
    cut_after,
    cut_inside,
    held_after,
    held_before_headers,
    malformed_after,
)

from proxy.model import Protocol
from proxy.upstream import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = say("one two three four five six seven eight nine ten")
ERROR = {
    MESSAGES: b"event: error\n",
    RESPONSES: b"response.failed",
    CHAT: b'data: {"error":',
    GEMINI: b'data: {"error":',
}
CONTENT = {MESSAGES: 6, RESPONSES: 8, CHAT: 4, GEMINI: 3}
"""Events after which each protocol's answer has said some words."""
HEADS = {MESSAGES: 3, RESPONSES: 4, CHAT: 1}
"""Events that are the head of an answer; Gemini's first one is content."""
INPUT_NANO = 1200 * 3000 + 300 * 300
"""What the prompt cost; Messages alone tells it at the beginning."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Two providers of one model, the first of which has one for itself."""
    actors = (Actor("first", roles=(Role(), Role("alone"))), Actor("second"))
    async with stage(tmp_path_factory.mktemp("after"), *actors) as play:
        yield play


@pytest.fixture
def play(house: Stage) -> Stage:
    """The stage with everything well."""
    house.well_again()
    return house


def spoilt(change: object) -> Answer:
    """A sound answer with a fault put on it."""
    return Answer(HELLO.parts, change=change)  # type: ignore[arg-type]


def cut(client: Protocol, end: End = End.EOF) -> Answer:
    """An answer that ends after some words."""
    return spoilt(partial(cut_after, events=CONTENT[client], end=end))


def inside(client: Protocol) -> Answer:
    """An answer that ends inside an event."""

    def change(reply: Reply) -> Reply:
        size = len(b"".join(_bytes(reply)[: CONTENT[client]]))
        return cut_inside(reply, size + 20)

    return spoilt(change)


def _bytes(reply: Reply) -> list[bytes]:
    return [chunk for chunk in reply.chunks if isinstance(chunk, bytes)]


def check_broken_off(told: Told, client: Protocol, kind: str) -> None:
    """The client knows of the failure, and so does the record."""
    assert told.status == 200
    assert told.calls == ("first",)
    assert ERROR[client] in told.body
    assert not is_whole(client, told.body)
    assert (told.row.status, told.row.error_kind) == ("error", kind)
    assert told.outcomes == (kind,)
    assert told.row.mark == ""
    assert f"It ended in an error ({kind.replace('_', ' ')})" in told.explained


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("how", ["closed", "reset", "inside an event"])
async def test_an_answer_cut_short_ends_in_an_error(
    play: Stage, how: str, client: Protocol
) -> None:
    step = {
        "closed": cut(client),
        "reset": cut(client, End.RESET),
        "inside an event": inside(client),
    }[how]
    play["first"].push(step)
    told = await play.ask(client)
    check_broken_off(told, client, "cut")
    assert told.body.startswith(play["first"].sent[-1][:200])
    assert play.faults("first") == 1
    if client is MESSAGES:
        # What was used so far is billed: the prompt, and one token of the answer.
        assert told.row.cost_nano == INPUT_NANO + 15_000
        assert told.row.attempts[0].cost_nano == told.row.cost_nano


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_providers_own_error_passes_and_is_one(
    play: Stage, client: Protocol
) -> None:
    play["first"].push(error_after(HELLO, CONTENT[client]))
    told = await play.ask(client)
    assert told.body == play["first"].sent[-1]
    assert not is_whole(client, told.body)
    assert told.calls == ("first",)
    assert (told.row.status, told.row.error_kind) == ("error", "upstream_error")
    assert play.faults("first") == 1


@pytest.mark.parametrize("client", CLIENTS)
async def test_an_event_that_is_no_json_passes_as_every_byte_does(
    play: Stage, client: Protocol
) -> None:
    play["first"].push(spoilt(partial(malformed_after, events=CONTENT[client])))
    told = await play.ask(client)
    assert told.body == play["first"].sent[-1]
    assert told.row.status == "success"


async def test_silence_inside_a_stream_ends_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home, limits = tmp_path_factory.mktemp("stalled"), Limits(5.0, 0.8)
    async with stage(home, Actor("first"), Actor("second"), limits=limits) as play:

        def step(seen: Seen) -> Step:
            return cut(SPEAKER[seen.ask], End.STALL)

        play["first"].push(*[step] * len(CLIENTS))
        all_told = await asyncio.gather(*[play.ask(each) for each in CLIENTS])
        for client, told in zip(CLIENTS, all_told, strict=True):
            assert ERROR[client] in told.body
            assert not is_whole(client, told.body)
            assert (told.row.status, told.outcomes) == ("error", ("stalled",))
        # Four faults within a minute: the route is left alone for a while.
        assert list(play.condition.routes) == ["first/scripted-large"]
        assert not play["second"].asked


SPEAKER = {
    Ask.MESSAGES: MESSAGES,
    Ask.RESPONSES: RESPONSES,
    Ask.CHAT: CHAT,
    Ask.GEMINI: GEMINI,
}


# --- an attempt that dies before content costs the client nothing but time ------------


def head_then(end: str, client: Protocol) -> Step | Script:
    """The head of an answer and then no more of it."""
    events = HEADS[client]
    if end == "error event":
        return error_after(HELLO, events)
    return spoilt(partial(cut_after, events=events, end=End(end)))


@pytest.mark.parametrize("client", HEADS)
@pytest.mark.parametrize("end", [End.EOF, End.RESET, "error event"])
async def test_a_head_without_content_is_never_seen(
    play: Stage, end: str, client: Protocol
) -> None:
    play["first"].push(head_then(end, client))
    told = await play.ask(client)
    assert told.body == play["second"].sent[-1]
    assert is_whole(client, told.body)
    assert told.calls == ("first", "second")
    kind = "upstream_error" if end == "error event" else "cut"
    assert told.outcomes == (kind, "ok")
    assert told.marks == ("", "same_lane")
    assert told.row.status == "fallback_success"
    assert (play.faults("first"), play.faults("second")) == (1, 0)
    dead, alive = told.row.attempts
    # Only a refusal is known to have used nothing.
    assert dead.usage is not None or (kind, client) == ("upstream_error", RESPONSES)
    assert alive.cost_nano == told.row.answer_cost_nano
    if client is MESSAGES:
        # What the dead attempt had begun is billed with the rest.
        assert dead.cost_nano == INPUT_NANO + 15_000
        assert alive.cost_nano is not None
        assert told.row.cost_nano == dead.cost_nano + alive.cost_nano


@pytest.mark.parametrize("client", HEADS)
async def test_a_head_that_falls_silent_is_never_seen(
    tmp_path_factory: pytest.TempPathFactory, client: Protocol
) -> None:
    home, limits = tmp_path_factory.mktemp("silent"), Limits(5.0, 0.5)
    async with stage(home, Actor("first"), Actor("second"), limits=limits) as play:
        play["first"].push(head_then(End.STALL, client))
        told = await play.ask(client)
        assert told.outcomes == ("stalled", "ok")
        assert told.body == play["second"].sent[-1]


@pytest.mark.parametrize("client", HEADS)
async def test_where_nobody_stands_by_a_head_leaves_and_its_end_is_an_error(
    play: Stage, client: Protocol
) -> None:
    play["first"].push(head_then(End.EOF, client))
    told = await play.ask(client, model="alone")
    check_broken_off(told, client, "cut")


@pytest.mark.parametrize("client", HEADS)
async def test_the_third_calls_head_leaves_since_no_fourth_is_made(
    play: Stage, client: Protocol
) -> None:
    play["first"].push(refuse(503), head_then(End.EOF, client))
    told = await play.ask(client)
    assert told.calls == ("first", "first", "second")
    assert told.outcomes == ("upstream_error", "cut", "ok")
    assert told.body == play["second"].sent[-1]
    play.well_again()
    play["first"].push(refuse(503), refuse(503))
    play["second"].push(head_then(End.EOF, client))
    told = await play.ask(client)
    assert told.calls == ("first", "first", "second")
    assert told.outcomes == ("upstream_error", "upstream_error", "cut")
    assert (told.status, ERROR[client] in told.body) == (200, True)


# --- the client leaves ----------------------------------------------------------------


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_that_leaves_inside_a_stream_ends_the_call(
    play: Stage, client: Protocol
) -> None:
    play["first"].push(spoilt(partial(held_after, events=CONTENT[client])))
    rows = len(play.gateway.events())
    async with play.asking(client) as answer:
        assert answer.status == 200
        await answer.content.readany()
    seen = play["first"].asked[-1]
    await play["first"].until(lambda _: seen.gone is not None)
    await until(lambda: len(play.gateway.events()) > rows)
    row = play.gateway.events()[0]
    assert (row.status, row.error_kind) == ("cancelled", "client_gone")
    assert [each.outcome for each in row.attempts] == ["client_gone"]
    assert play.faults("first") == 0


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_that_leaves_before_the_answer_ends_the_call(
    play: Stage, client: Protocol
) -> None:
    play["first"].push(spoilt(held_before_headers))
    before, rows = len(play["first"].asked), len(play.gateway.events())

    async def wait() -> None:
        async with play.asking(client):
            pytest.fail("nobody answers")

    asking = asyncio.ensure_future(wait())
    await play["first"].until(lambda up: len(up.asked) > before)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    seen = play["first"].asked[-1]
    await play["first"].until(lambda _: seen.gone is not None)
    await until(lambda: len(play.gateway.events()) > rows)
    row = play.gateway.events()[0]
    assert (row.status, row.error_kind) == ("cancelled", "client_gone")
    assert play.faults("first") == 0
    assert not play.condition.routes
