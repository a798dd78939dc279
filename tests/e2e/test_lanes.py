"""Real clients with a whole task, on providers that speak none of their protocols."""

import itertools
from pathlib import Path

import pytest
from e2e import expect
from e2e.clients import Client, Place
from e2e.lanes import MODEL, OWN, lane
from upstream.coding import prompt_for

from proxy.model import Protocol

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

# The name changes the shape of Codex's requests: plain functions, a free-form patch
# tool, or no `tools` at all.
CODEX_MODELS = {
    Protocol.MESSAGES: "gpt-5.5",
    Protocol.CHAT: "gpt-6.1-sol",
    Protocol.GEMINI: "turnout-code",
    Protocol.OLLAMA: "gpt-5.5",
}
# opencode takes ten seconds a task; that it crosses over is seen on one vendor, and on
# the others with the further clients.
SELDOM = {
    ("opencode", Protocol.RESPONSES),
    ("opencode", Protocol.GEMINI),
    ("opencode", Protocol.OLLAMA),
}
CASES = [
    pytest.param(
        client,
        protocol,
        id=f"{client}-on-{protocol}",
        marks=[pytest.mark.more_clients] if (client, protocol) in SELDOM else [],
    )
    for client, protocol in itertools.product(
        ("claude-code", "codex", "opencode"), Protocol
    )
    if OWN[client] is not protocol
]


@pytest.mark.parametrize(("client", "protocol"), CASES)
def test_a_task_in_other_words(
    base: Path, place: Place, client: str, protocol: Protocol
) -> None:
    model = CODEX_MODELS[protocol] if client == "codex" else MODEL
    with lane(base, protocol) as on:
        key = on.turnout.new_key(client)
        pointed = Client(place, on.tap.url, key)
        ran = pointed.run(client, prompt_for(place.project), model=model)
        expect.task_done(ran, place)
        expect.task_in_other_words(on, key, client)
