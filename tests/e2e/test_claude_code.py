"""Real Claude Code through Turnout: a whole task, faults, practice, inline tray."""

import json

import pytest
from e2e import expect
from e2e.clients import Client, Place
from e2e.gateway import Turnout, processes
from upstream import ScriptedUpstream, Tap, refuse
from upstream.coding import TURNS, prompt_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


def test_a_task_byte_for_byte(
    turnout_process: Turnout, upstream: ScriptedUpstream, tap: Tap, place: Place
) -> None:
    key = turnout_process.new_key("claude-code")
    ran = Client(place, tap.url, key).claude_code(prompt_for(place.project))
    expect.task_done(ran, place)
    expect.key_stays_home(key, upstream)
    went = expect.exchanges(tap, upstream)
    assert len(went) == TURNS
    rows = {row["id"]: row for row in turnout_process.events()}
    assert len(rows) == TURNS
    for one in went:
        expect.untouched(one)
        session = one.sent.header("x-claude-code-session-id")
        assert session
        row = rows[one.id]
        expect.recorded(one, row, client="claude-code", session=session)
        assert row["protocol"] == "anthropic-messages"
        # A name the provider does not list has no known price.
        assert row["cost_nano"] is None
    reasons = [rows[one.id]["stop_reason"] for one in went]
    assert reasons == ["tool_use"] * 3 + ["end_turn"]


def test_a_busy_provider_is_waited_for(
    turnout_process: Turnout, upstream: ScriptedUpstream, place: Place
) -> None:
    # The gateway tries twice, so the client meets one 529 of its own and repeats.
    upstream.push(*[refuse(529, "Overloaded")] * 3)
    key = turnout_process.new_key("claude-code")
    client = Client(place, turnout_process.url, key)
    expect.task_done(client.claude_code(prompt_for(place.project)), place)
    assert len(upstream.asked) == 3 + TURNS
    rows = turnout_process.events()
    assert [row["status"] for row in rows][:1] == ["error"]
    finished = [row for row in rows if row["status"] != "error"]
    assert len(finished) == TURNS
    # The client's own process is at the other end, so its folder is known.
    expect.project_known(rows, place)


def test_a_wrong_key_stops_it_at_once(
    turnout_process: Turnout, upstream: ScriptedUpstream, place: Place
) -> None:
    wrong = "tnt_" + "A" * 43
    said = turnout_process.ask(
        "/v1/messages",
        b'{"model": "m", "max_tokens": 1, "messages": []}',
        {"content-type": "application/json", "authorization": f"Bearer {wrong}"},
    )
    assert said.status == 401
    headers = {name.lower(): value for name, value in said.headers.items()}
    assert headers["x-should-retry"] == "false"
    error = json.loads(said.body)["error"]
    assert error["type"] == "authentication_error"
    ran = Client(place, turnout_process.url, wrong).claude_code("hello")
    assert ran.code == 1, ran
    assert ran.seconds < 15
    assert error["message"] in ran.out + ran.err, ran
    assert upstream.requests == []


def test_practice_answers(practice_process: Turnout, place: Place) -> None:
    key = practice_process.new_key("claude-code")
    ran = Client(place, practice_process.url, key).claude_code("hello")
    assert ran.code == 0, ran
    assert "practice" in ran.out.lower(), ran
    (row,) = practice_process.events()
    assert (row["provider"], row["status"]) == ("practice", "success")
    assert row["cost_nano"] == 0
    expect.project_known([row], place)


def test_a_task_through_the_tray_alone(
    inline_tray: Turnout, upstream: ScriptedUpstream, place: Place
) -> None:
    key = inline_tray.new_key("claude-code")
    client = Client(place, inline_tray.url, key)
    expect.task_done(client.claude_code(prompt_for(place.project)), place)
    expect.key_stays_home(key, upstream)
    assert len(processes(inline_tray.home)) == 1
    rows = inline_tray.events()
    assert [row["status"] for row in rows] == ["success"] * TURNS
    expect.project_known(rows, place)
