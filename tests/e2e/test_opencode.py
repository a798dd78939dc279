"""Real opencode through Turnout over Chat Completions."""

import pytest
from e2e import expect
from e2e.clients import Client, Place
from e2e.gateway import Turnout
from upstream import ScriptedUpstream, Tap, refuse
from upstream.coding import TURNS, coding_task, prompt_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

MODEL = "scripted-large"
# Nano-dollars a token, from the dollars per million in the test's config.toml.
INPUT, CACHE_READ, OUTPUT = 3000, 300, 15000


def test_a_task_byte_for_byte(
    turnout_process: Turnout, upstream: ScriptedUpstream, tap: Tap, place: Place
) -> None:
    key = turnout_process.new_key("opencode")
    ran = Client(place, tap.url, key).opencode(prompt_for(place.project), model=MODEL)
    expect.task_done(ran, place)
    expect.key_stays_home(key, upstream)
    went = expect.exchanges(tap, upstream)
    # One more than the turns: the title it asks for beside the task.
    assert len(went) == TURNS + 1
    rows = {row["id"]: row for row in turnout_process.events()}
    assert len(rows) == TURNS + 1
    for one in went:
        expect.untouched(one)
        session = one.sent.header("x-session-id")
        assert session
        row = rows[one.id]
        expect.recorded(one, row, client="opencode", session=session)
        assert row["protocol"] == "openai-chat"
        told = coding_task(one.seen).tokens
        cost = told.fresh * INPUT + told.cache_read * CACHE_READ
        assert row["cost_nano"] == cost + told.output * OUTPUT


@pytest.mark.more_clients
def test_a_busy_provider_is_waited_for(
    turnout_process: Turnout, upstream: ScriptedUpstream, place: Place
) -> None:
    upstream.push(refuse(529, "Overloaded"))
    key = turnout_process.new_key("opencode")
    client = Client(place, turnout_process.url, key)
    ran = client.opencode(prompt_for(place.project), model=MODEL)
    expect.task_done(ran, place)
    rows = turnout_process.events()
    expect.project_known(rows, place)
