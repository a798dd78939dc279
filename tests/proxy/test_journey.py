"""How a request ends: labelled, recorded before its last bytes, never a fake end."""

from typing import cast

import pytest
from requests_in_hand import (
    ROUTE,
    Collected,
    FixedClock,
    PaperLedger,
    call,
    exchange,
)

from proxy.catalogue import Route
from proxy.errors import Failure, FailureKind
from proxy.exchange import Exchange, HeldAnswer
from proxy.health import Health
from proxy.journey import Journey
from proxy.ledger import Ledger
from proxy.model import Protocol
from proxy.projects import Projects
from proxy.recorder import Recorder

CUT = Failure(FailureKind.CUT, "The provider cut its answer short.")


def journey(x: Exchange, ledger: PaperLedger, *, counting: bool = False) -> Journey:
    clock = FixedClock(1.0)
    recorder = Recorder(
        cast("Ledger", ledger), clock, "run", Projects(lambda _: None), lambda _: None
    )
    return Journey(x, recorder, clock, Health(), "snap", counting, 0.5)


def sent(x: Exchange) -> Collected:
    return cast("Collected", x.outlet)


async def test_a_success_is_labelled_and_recorded_with_its_attempt() -> None:
    x, ledger = exchange(), PaperLedger()
    way = journey(x, ledger)
    await way.start(200, [("content-type", "text/event-stream")])
    await way.settle(200, None)
    assert sent(x).header("x-turnout-request") == "req_1"
    assert sent(x).header("x-turnout-route") == "scripted/scripted-large"
    assert sent(x).header("x-turnout-lane") == "claude/premium"
    assert sent(x).header("x-turnout-attempts") == "1"
    (row,) = ledger.rows
    assert (row.status, row.first_byte_ms, row.duration_ms) == ("success", 1000, 1000)
    assert [(a.outcome, a.duration_ms) for a in row.attempts] == [("ok", 500)]


async def test_a_success_after_a_failure_says_so() -> None:
    x, ledger = exchange(), PaperLedger()
    x.note(ROUTE, 0.0, 0.1, CUT, None)
    await journey(x, ledger).settle(200, None)
    assert ledger.rows[0].status == "fallback_success"


async def test_the_providers_own_error_event_is_an_error_and_is_remembered() -> None:
    x, ledger = exchange(), PaperLedger()
    way = journey(x, ledger)
    await way.settle(200, Failure(FailureKind.UPSTREAM_ERROR, "It said so."))
    assert (ledger.rows[0].status, ledger.rows[0].error_kind) == (
        "error",
        "upstream_error",
    )
    assert way.health.last_failure("scripted") == "It said so."


@pytest.mark.parametrize(
    "name",
    [
        "m\u00f6del",
        "a b",
        "line\r\nset-cookie: x",
        "nul\0",
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
)
async def test_any_models_name_makes_headers_that_can_be_sent(name: str) -> None:
    x = exchange(way=Route(ROUTE.provider, None, name, Protocol.MESSAGES))
    labels = dict(journey(x, PaperLedger()).labels())
    shown = labels["x-turnout-route"]
    assert shown.isascii()
    assert shown.isprintable()
    assert labels["x-turnout-lane"] == "unlisted"


async def test_without_a_route_none_is_named() -> None:
    labels = dict(journey(exchange(way=None), PaperLedger()).labels())
    assert "x-turnout-route" not in labels
    assert labels["x-turnout-attempts"] == "0"


async def test_a_count_leaves_no_row() -> None:
    x, ledger = exchange(), PaperLedger()
    await journey(x, ledger, counting=True).settle(200, None)
    assert not ledger.rows
    assert len(x.attempts) == 1


@pytest.mark.parametrize(
    "protocol",
    [Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT, Protocol.GEMINI],
)
async def test_a_broken_stream_ends_with_an_error_event_after_the_half_line(
    protocol: Protocol,
) -> None:
    x, ledger = exchange(call(protocol)), PaperLedger()
    await sent(x).start(200, [])
    x.events, x.broken_off = True, b"\n"
    await journey(x, ledger).fail(CUT)
    assert sent(x).body.startswith(b"\n")
    assert b"cut its answer short" in sent(x).body
    assert sent(x).body.endswith(b"\n\n")
    # Clients of the other two would take a clean end for a whole answer.
    heeds = protocol in {Protocol.MESSAGES, Protocol.RESPONSES}
    assert (sent(x).ended, sent(x).aborted) == (heeds, not heeds)
    assert ledger.rows[0].error_kind == "cut"


async def test_a_broken_json_answer_ends_with_a_broken_connection() -> None:
    x = exchange(stream=False)
    await sent(x).start(200, [])
    await journey(x, PaperLedger()).fail(CUT)
    assert sent(x).aborted
    assert not sent(x).ended
    assert sent(x).body == b""


@pytest.mark.parametrize(
    ("kind", "status", "vain"),
    [
        (FailureKind.CONNECT, 502, False),
        (FailureKind.FIRST_BYTE_TIMEOUT, 504, False),
        (FailureKind.OFFLINE, 403, True),
        (FailureKind.BAD_REQUEST, 400, True),
    ],
)
async def test_an_error_of_ours_has_a_status_a_length_and_a_word_on_retries(
    kind: FailureKind, status: int, vain: bool
) -> None:
    x = exchange()
    await journey(x, PaperLedger()).fail(Failure(kind, "A sentence."))
    assert sent(x).status == status
    assert sent(x).header("content-length") == str(len(sent(x).body))
    assert (sent(x).header("x-should-retry") == "false") is vain
    assert b"A sentence." in sent(x).body
    assert sent(x).ended


@pytest.mark.parametrize(
    ("held", "header", "value"),
    [
        (HeldAnswer(429, (), b"{}"), "retry-after", "2"),
        (HeldAnswer(429, (("Retry-After", "9"),), b"{}"), "retry-after", "9"),
        (HeldAnswer(429, (("retry-after", "soon"),), b"{}"), "retry-after", "2"),
        (HeldAnswer(429, (("retry-after", "-5"),), b"{}"), "retry-after", "2"),
        (HeldAnswer(429, (("retry-after", ""),), b"{}"), "retry-after", "2"),
        (HeldAnswer(429, (("retry-after", "inf"),), b"{}"), "retry-after", "2"),
        (
            HeldAnswer(429, (("retry-after", "1m"),), b"{}", wait=59.5),
            "retry-after",
            "60",
        ),
        (
            HeldAnswer(429, (("retry-after", "9" * 17),), b"{}", wait=4.0),
            "retry-after",
            "4",
        ),
        (
            HeldAnswer(429, (("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"),), b"{}"),
            "retry-after",
            "Wed, 21 Oct 2026 07:28:00 GMT",
        ),
        (HeldAnswer(500, (("retry-after", "soon"),), b"{}"), "retry-after", "soon"),
        (HeldAnswer(500, (), b"{}"), "retry-after", None),
        (HeldAnswer(401, (), b"{}", final=True), "x-should-retry", "false"),
        (HeldAnswer(401, (), b"{}"), "x-should-retry", None),
        (
            HeldAnswer(401, (("x-should-retry", "true"),), b"{}", final=True),
            "x-should-retry",
            "true",
        ),
    ],
)
async def test_a_held_answer_comes_back_with_what_clients_need(
    held: HeldAnswer, header: str, value: str | None
) -> None:
    x = exchange()
    x.held = held
    await journey(x, PaperLedger()).fail(CUT)
    assert (sent(x).status, sent(x).body) == (held.status, b"{}")
    assert sent(x).header("content-length") == "2"
    assert sent(x).header(header) == value


async def test_a_client_that_left_is_cancelled_and_owes_an_unknown_sum() -> None:
    x, ledger = exchange(), PaperLedger()
    await journey(x, ledger).interrupt(stopping=False)
    (row,) = ledger.rows
    assert (row.status, row.error_kind, row.cost_nano) == (
        "cancelled",
        "client_gone",
        None,
    )
    assert [a.outcome for a in row.attempts] == ["client_gone"]
    assert sent(x).body == b""


async def test_what_was_heard_before_the_client_left_stays_known() -> None:
    x, ledger = exchange(), PaperLedger()
    x.heard_status = 200
    await journey(x, ledger).interrupt(stopping=False)
    (attempt,) = ledger.rows[0].attempts
    assert (attempt.outcome, attempt.status) == ("client_gone", 200)


@pytest.mark.parametrize("kind", [FailureKind.CUT, FailureKind.STALLED])
async def test_nothing_is_said_to_have_been_passed_on_before_the_first_byte(
    kind: FailureKind,
) -> None:
    x = exchange()
    await journey(x, PaperLedger()).fail(Failure(kind, "It broke."))
    assert b"It broke. Turnout had no other route to try." in sent(x).body
    assert b"passed on" not in sent(x).body


async def test_a_stream_ended_by_a_stop_says_so_and_is_interrupted() -> None:
    x, ledger = exchange(), PaperLedger()
    x.events = True
    await sent(x).start(200, [])
    await journey(x, ledger).interrupt(stopping=True)
    assert ledger.rows[0].status == "interrupted"
    assert b"stopping" in sent(x).body
    assert sent(x).ended


async def test_what_is_recorded_once_is_not_recorded_again() -> None:
    x, ledger = exchange(), PaperLedger()
    way = journey(x, ledger)
    await way.settle(200, None)
    await way.interrupt(stopping=False)
    assert [row.status for row in ledger.rows] == ["success"]
    assert len(x.attempts) == 1


def test_a_call_that_told_nothing_gives_its_routes_probe_back() -> None:
    x, health = exchange(), Health()
    way = journey(x, PaperLedger())
    way.health = health
    x.route = ROUTE
    broken = Failure(FailureKind.RESET, "It broke.")
    now = way.clock.now().timestamp()
    for _ in range(3):
        health.ended(ROUTE, broken, now=now - 30)
    assert health.began(ROUTE.name, now)
    assert not health.began(ROUTE.name, now)
    way.met_nothing()
    assert health.began(ROUTE.name, now)
    assert health.last_failure(ROUTE.provider.id) != ""
