"""Real Gemini CLI with the scripted provider itself: what it says is taken strictly."""

import pytest
from e2e import expect
from e2e.clients import Client, Place
from upstream import ScriptedUpstream, in_thread
from upstream.coding import TURNS, coding_task, prompt_for
from upstream.record import Ask

pytestmark = [pytest.mark.more_clients, pytest.mark.timeout(180)]


def test_the_task_without_a_gateway(place: Place) -> None:
    provider = ScriptedUpstream(coding_task, strict=True)
    with in_thread(provider):
        client = Client(place, provider.url, "not-a-secret-example")
        ran = client.gemini_cli(prompt_for(place.project))
    assert provider.refusals == []
    expect.task_done(ran, place)
    asked = [seen for seen in provider.requests if seen.ask is Ask.GEMINI]
    # Before the task it asks which model is to do it.
    assert [seen.stream for seen in asked] == [False] + [True] * TURNS
