"""Real clients with a whole task, on providers that speak none of their protocols."""

import itertools
from collections import Counter
from pathlib import Path

import pytest
from e2e import expect
from e2e.clients import Client, Place, Ran
from e2e.gateway import Row
from e2e.lanes import MODEL, Lane, lane
from upstream.coding import TURNS, prompt_for

from proxy.model import Protocol

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = (
    Protocol.MESSAGES,
    Protocol.RESPONSES,
    Protocol.CHAT,
    Protocol.GEMINI,
    Protocol.OLLAMA,
)
OWN = {
    "claude-code": MESSAGES,
    "codex": RESPONSES,
    "opencode": CHAT,
    "gemini-cli": GEMINI,
}
SESSIONS = {
    "claude-code": "x-claude-code-session-id",
    "codex": "session-id",
    "opencode": "x-session-id",
}
# The name changes the shape of Codex's requests: plain functions, a free-form patch
# tool, or no `tools` at all.
CODEX_MODELS = {
    MESSAGES: "gpt-5.5",
    CHAT: "gpt-6.1-sol",
    GEMINI: "turnout-code",
    OLLAMA: "gpt-5.5",
}

PLAIN = [
    (client, protocol)
    for client, protocol in itertools.product(
        ("claude-code", "codex", "opencode"), Protocol
    )
    if OWN[client] is not protocol
]


def _named(cases: list[tuple[str, Protocol]]) -> list[str]:
    return [f"{client}-on-{protocol}" for client, protocol in cases]


def _task(client: str, lane_: Lane, place: Place, key: str, model: str = "") -> Ran:
    pointed = Client(place, lane_.tap.url, key)
    prompt = prompt_for(place.project)
    match client:
        case "claude-code":
            return pointed.claude_code(prompt)
        case "codex":
            return pointed.codex(prompt, model=model or CODEX_MODELS[lane_.protocol])
        case "opencode":
            return pointed.opencode(prompt, model=MODEL)
        case _:
            return pointed.gemini_cli(prompt)


@pytest.mark.real
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("client", "protocol"), PLAIN, ids=_named(PLAIN))
def test_a_task_in_other_words(
    base: Path, place: Place, client: str, protocol: Protocol
) -> None:
    with lane(base, protocol) as on:
        _a_task(on, place, client)


def _a_task(on: Lane, place: Place, client: str, model: str = "") -> None:
    """The task is done, nothing was refused, and each request is on record."""
    key = on.turnout.new_key(client)
    ran = _task(client, on, place, key, model)
    expect.task_done(ran, place)
    expect.key_stays_home(key, on.upstream)
    pairs = expect.translated(on.tap, on.upstream, on.ask)
    # opencode asks for a title beside the task, Gemini CLI which model is to do it.
    assert len(pairs) == TURNS + (client in {"opencode", "gemini-cli"})
    rows = expect.on_record(on, pairs, client=client, session=SESSIONS.get(client))
    reasons = Counter(row["stop_reason"] for row in rows)
    assert reasons == {"tool_use": TURNS - 1, "end_turn": len(pairs) - TURNS + 1}
    if client == "codex":
        _offers_are_named(on, rows)


def _offers_are_named(on: Lane, rows: list[Row]) -> None:
    """Codex offers the web, with the names of models that have tools in the plain."""
    offered = any(b'"web_search"' in sent.body for sent in on.tap.requests())
    for row in rows:
        losses = row["losses"]
        assert isinstance(losses, list)
        assert ("server_tool_offered" in losses) == offered
