"""The failure table before the first byte, each row for each client, natively.

One stage serves all rows, with its health forgotten between them: what a client asks
for picks the providers that may answer.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial

import pytest
import pytest_asyncio
from foreign import is_whole
from scenarios.stage import CLIENTS, NOBODY, Actor, Role, Stage, Told, stage
from upstream import RESET, Answer, End, Raw, Script, Step, refuse, say
from upstream.failures import envelope, error_after, html_page, redirect
from upstream.record import Seen
from upstream.reply import Reply, cut_after, json_reply, wrong_length
from upstream.reply import held_before_headers as unheard

from proxy.model import Protocol
from proxy.upstream import Limits

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = say("one two three four five six seven eight nine ten")
NOT_HTTP = Raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n", End.EOF)
CLOSED = Raw(b"", End.EOF)
NO_NAME = "http://no-such-name.invalid"


def short_wait(seen: Seen) -> Step:
    """A 429 that asks to be left alone for a twentieth of a second."""
    heads = [("retry-after-ms", "50")]
    return json_reply(429, envelope(seen, 429, "slow down"), heads)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Providers that answer as told, and some that cannot be reached."""

    async def plain(_r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    no_tls = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    everybody = ("scripted-large", "connect", "dns", "tls", "reset", "closed", "own")
    actors = [
        Actor("connect", roles=(Role("connect"),), url=NOBODY),
        Actor("dns", roles=(Role("dns"),), url=NO_NAME),
        Actor("tls", roles=(Role("tls"),), url=no_tls),
        # A connection that was kept and is closed unheard says nothing of its provider:
        # those who break it have never answered.
        Actor("reset", roles=(Role("reset"),)),
        Actor("closed", roles=(Role("closed"),)),
        Actor("lone", roles=(Role("lone"),)),
        Actor("first", roles=(Role(), Role("alone"))),
        Actor("own", roles=(Role("own"),), key="client"),
        Actor("second", roles=tuple(Role(each) for each in everybody)),
    ]
    home = tmp_path_factory.mktemp("before")
    async with server, stage(home, *actors) as play:
        play["reset"].script = lambda _: RESET
        play["closed"].script = play["lone"].script = lambda _: CLOSED
        yield play


@pytest.fixture
def play(house: Stage) -> Stage:
    """The stage with everything well."""
    house.well_again()
    return house


@dataclass(frozen=True, slots=True)
class Row:
    """A failure, how often it happens, what it is called and what it leaves behind.

    `counted` says that it counts against the route; `key`, `route` and `group` what
    rests after it. None of them has cost anything: nobody began to answer.
    """

    step: Step | Script
    kind: str
    times: int = 1
    counted: bool = True
    key: bool = False
    route: bool = False
    group: bool = False


_EMPTY = Answer(HELLO.parts, change=partial(cut_after, events=0))
ROWS = {
    "not http": Row(NOT_HTTP, "malformed"),
    "empty stream": Row(_EMPTY, "cut"),
    "error event first": Row(error_after(HELLO, 0), "upstream_error"),
    "page": Row(html_page(200), "malformed"),
    "redirect": Row(redirect("http://127.0.0.1:1/"), "malformed"),
    "429": Row(refuse(429), "rate_limited", counted=False, group=True),
    "429 long": Row(
        refuse(429, retry_after="30"), "rate_limited", counted=False, group=True
    ),
    "429 short, twice": Row(
        short_wait, "rate_limited", times=2, counted=False, group=True
    ),
    "500 twice": Row(refuse(500), "upstream_error", times=2),
    "502 twice": Row(refuse(502), "upstream_error", times=2),
    "503 twice": Row(refuse(503), "upstream_error", times=2),
    "529 twice": Row(refuse(529), "upstream_error", times=2),
    "503 long": Row(refuse(503, retry_after="30"), "upstream_error"),
    "504": Row(refuse(504), "upstream_error"),
    "401": Row(refuse(401), "auth", counted=False, key=True),
    "402": Row(refuse(402), "auth", counted=False, key=True),
    "403": Row(refuse(403), "auth", counted=False, route=True),
}


def check_taken_over(told: Told, kind: str, times: int, name: str) -> None:
    """The second provider's answer came, and everything before it is on record."""
    assert (told.status, told.headers["x-turnout-attempts"]) == (200, str(times + 1))
    assert told.headers["x-turnout-route"].startswith("second/")
    assert told.chain == (name,) * times + ("second",)
    assert told.outcomes == (kind,) * times + ("ok",)
    assert told.retries == (False, *[True] * (times - 1), False)
    assert told.marks == ("",) * times + ("same_lane",)
    row = told.row
    assert (row.status, row.mark, row.escalated) == (
        "fallback_success",
        "same_lane",
        False,
    )
    for number in range(1, times + 1):
        assert f"Attempt {number}: {name}/" in told.explained
    assert "It was answered by a fallback" in told.explained


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", ROWS)
async def test_the_next_route_answers(play: Stage, name: str, client: Protocol) -> None:
    row = ROWS[name]
    play["first"].push(*[row.step] * row.times)
    told = await play.ask(client)
    assert told.calls == ("first",) * row.times + ("second",)
    assert told.body == play["second"].sent[-1]
    check_taken_over(told, row.kind, row.times, "first")
    assert told.row.cost_nano == told.row.answer_cost_nano is not None
    used = [each.usage is not None for each in told.row.attempts]
    assert used == [False] * row.times + [True]
    assert play.faults("first") == (row.times if row.counted else 0)
    assert play.faults("second") == 0
    condition = play.condition
    assert ("first" in condition.not_ready) is row.key
    assert list(condition.groups) == (["first"] if row.group else [])
    # A 403 may be about this model alone.
    assert list(condition.routes) == (["first/scripted-large"] if row.route else [])


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", ["connect", "dns", "tls", "reset", "closed"])
async def test_who_cannot_be_reached_is_passed_over(
    play: Stage, name: str, client: Protocol
) -> None:
    told = await play.ask(client, model=name)
    assert (told.calls[-1], told.body) == ("second", play["second"].sent[-1])
    met = told.outcomes[0]
    # Who speaks no TLS may close before it has said so.
    assert met == ("reset" if name in {"closed", "tls"} and met != "tls" else name)
    check_taken_over(told, met, 1, name)
    assert told.row.cost_nano == told.row.answer_cost_nano
    assert (play.faults(name), play.faults("second")) == (1, 0)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "step", [short_wait, refuse(500), refuse(502), refuse(503), refuse(529)]
)
async def test_what_passes_is_asked_once_more(
    play: Stage, client: Protocol, step: Script
) -> None:
    play["first"].push(step)
    told = await play.ask(client)
    assert (told.status, told.calls) == (200, ("first", "first"))
    assert told.body == play["first"].sent[-1]
    assert (told.retries, told.marks) == ((False, True), ("", ""))
    assert told.outcomes[1] == "ok"
    # As long as it asked for, and no shorter than a second, others leave it alone.
    assert bool(play.condition.groups) is (step is short_wait)
    assert play.faults("first") == (0 if step is short_wait else 1)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_a_refused_request_comes_back_unchanged_and_counts_for_nothing(
    play: Stage, status: int, client: Protocol
) -> None:
    play["first"].push(refuse(status, "this field is not permitted"))
    told = await play.ask(client)
    assert (told.status, told.body) == (status, play["first"].sent[-1])
    assert (told.calls, told.outcomes) == (("first",), ("rejected",))
    assert (told.row.status, told.row.error_kind) == ("error", "rejected")
    assert told.row.cost_nano in {0, None}
    assert play.faults("first") == 0
    assert not play.condition.not_ready
    assert not play.condition.groups


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_login_of_the_clients_own_is_between_it_and_its_vendor(
    play: Stage, status: int, client: Protocol
) -> None:
    play["own"].push(refuse(status, "log in again"))
    told = await play.ask(
        client,
        model="own",
        headers={"authorization": "Bearer example-login-not-a-secret"},
    )
    assert (told.calls, told.status) == (("own",), status)
    assert told.body == play["own"].sent[-1]
    assert "x-should-retry" not in told.headers
    assert (told.row.status, told.row.error_kind) == ("error", "auth")
    assert not play.condition.not_ready
    assert play.faults("own") == 0


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("wait", [None, "7"])
async def test_a_429_that_reaches_the_client_says_when_to_come_back(
    play: Stage, client: Protocol, wait: str | None
) -> None:
    play["first"].push(refuse(429, retry_after=wait))
    told = await play.ask(client, model="alone")
    assert (told.status, told.body) == (429, play["first"].sent[-1])
    assert told.headers["retry-after"] == (wait or "2")
    assert list(play.condition.groups) == ["first"]
    assert (told.row.status, told.row.error_kind) == ("error", "rate_limited")


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_sole_route_with_a_dead_provider_gives_the_protocols_own_error(
    play: Stage, client: Protocol
) -> None:
    told = await play.ask(client, model="lone")
    assert (told.status, told.outcomes) == (502, ("reset",))
    assert b'"error"' in told.body
    assert told.row.status == "error"


async def test_routes_that_failed_thrice_rest_and_are_told_of(play: Stage) -> None:
    for _ in range(3):
        play["first"].push(refuse(504))
        await play.ask()
    assert list(play.condition.routes) == ["first/scripted-large"]
    told = await play.ask()
    assert (told.calls, told.chain) == (("second",), ("second",))
    assert told.row.status == "success"
    assert "first/scripted-large" in told.explained


async def test_four_clients_find_out_in_time_that_nobody_answers(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    actors = (Actor("first"), Actor("second"))
    home = tmp_path_factory.mktemp("silent")
    silent = Answer(HELLO.parts, change=partial(cut_after, events=0, end=End.STALL))
    for number, step in enumerate((Answer(HELLO.parts, change=unheard), silent)):
        limits = Limits(first_byte=2.0, silence=2.0)
        async with stage(home / str(number), *actors, limits=limits) as play:
            play["first"].push(*[step] * len(CLIENTS))
            all_told = await asyncio.gather(*[play.ask(each) for each in CLIENTS])
            for client, told in zip(CLIENTS, all_told, strict=True):
                check_taken_over(told, "first_byte_timeout", 1, "first")
                assert is_whole(client, told.body)
            assert play.faults("second") == 0
            assert list(play.condition.routes) == ["first/scripted-large"]


def _not_json(reply: Reply) -> Reply:
    """The first half of a whole answer, with its true length."""
    half = reply.body()[: len(reply.body()) // 2]
    return replace(reply, chunks=(half,), length=len(half))


def _error_with_200(seen: Seen) -> Step:
    return json_reply(200, envelope(seen, 500, "something broke"))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", ["cut", "no json", "error with 200"])
async def test_a_whole_answer_that_is_none_is_asked_for_elsewhere(
    play: Stage, name: str, client: Protocol
) -> None:
    cases: dict[str, tuple[Step | Script, str]] = {
        "cut": (Answer(HELLO.parts, change=wrong_length), "cut"),
        "no json": (Answer(HELLO.parts, change=_not_json), "malformed"),
        "error with 200": (_error_with_200, "upstream_error"),
    }
    step, kind = cases[name]
    play["first"].push(step)
    told = await play.ask(client, stream=False)
    assert told.body == play["second"].sent[-1]
    check_taken_over(told, kind, 1, "first")
    assert (play.faults("first"), play.faults("second")) == (1, 0)
