"""Real Codex through Turnout over Responses, with three names of models.

The name changes the whole shape of its requests: a name it does not know gets
plain functions, gpt-5.5 a free-form patch tool, gpt-6.1-sol no `tools` at all.
"""

import pytest
from e2e import expect
from e2e.clients import Client, Place
from e2e.gateway import Turnout
from upstream import ScriptedUpstream, Tap, refuse
from upstream.coding import TURNS, prompt_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


@pytest.mark.parametrize("model", ["turnout-code", "gpt-5.5", "gpt-6.1-sol"])
def test_a_task_byte_for_byte(
    turnout_process: Turnout,
    upstream: ScriptedUpstream,
    tap: Tap,
    place: Place,
    model: str,
) -> None:
    key = turnout_process.new_key("codex")
    ran = Client(place, tap.url, key).codex(prompt_for(place.project), model=model)
    expect.task_done(ran, place)
    expect.key_stays_home(key, upstream)
    went = expect.exchanges(tap, upstream)
    assert [one.seen.model for one in went] == [model] * TURNS
    assert ("tools" in went[0].seen.json) == (model != "gpt-6.1-sol")
    rows = {row["id"]: row for row in turnout_process.events()}
    assert len(rows) == TURNS
    for one in went:
        expect.untouched(one)
        session = one.sent.header("session-id")
        assert session
        expect.recorded(one, rows[one.id], client="codex", session=session)
        assert rows[one.id]["protocol"] == "openai-responses"


def test_it_waits_as_long_as_the_provider_says(
    turnout_process: Turnout, upstream: ScriptedUpstream, place: Place
) -> None:
    # Longer than the gateway waits by itself, so the client is told.
    upstream.push(refuse(429, "Rate limit reached", retry_after="3"))
    key = turnout_process.new_key("codex")
    client = Client(place, turnout_process.url, key)
    ran = client.codex(prompt_for(place.project), model="turnout-code")
    expect.task_done(ran, place)
    first, second = upstream.asked[:2]
    assert second.time - first.time >= 3
    rows = turnout_process.events()
    assert [row["status"] for row in rows] == ["error"] + ["success"] * TURNS
    expect.project_known(rows, place)
