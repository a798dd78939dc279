"""The real clients do the task against the scripted provider alone.

If one of these fails, the double is wrong, not Turnout.
"""

import pytest
from e2e import expect
from e2e.clients import Client, Place
from upstream import ScriptedUpstream
from upstream.coding import TURNS, prompt_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


@pytest.fixture
def client(place: Place, upstream: ScriptedUpstream) -> Client:
    return Client(place, upstream.url, "key")


def test_claude_code(client: Client, place: Place, upstream: ScriptedUpstream) -> None:
    expect.task_done(client.claude_code(prompt_for(place.project)), place)
    assert len(upstream.asked) == TURNS
    # Thinking comes back with its signature, or a real provider would refuse it.
    assert b"c2lnbmVkLWJ5LXRoZS1zY3JpcHQ=" in upstream.asked[-1].body


@pytest.mark.parametrize("model", ["turnout-code", "gpt-5.5", "gpt-6.1-sol"])
def test_codex(
    client: Client, place: Place, upstream: ScriptedUpstream, model: str
) -> None:
    expect.task_done(client.codex(prompt_for(place.project), model=model), place)
    assert [seen.model for seen in upstream.asked] == [model] * TURNS
    assert b"c2lnbmVkLWJ5LXRoZS1zY3JpcHQ=" in upstream.asked[-1].body


@pytest.mark.more_clients
def test_opencode(client: Client, place: Place, upstream: ScriptedUpstream) -> None:
    prompt = prompt_for(place.project)
    expect.task_done(client.opencode(prompt, model="scripted-large"), place)
    # The title is asked for beside the task, without tools.
    assert len(upstream.asked) == TURNS + 1
