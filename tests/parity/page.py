"""The parity page, made from what its tests found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from parity.lane import LANES
from parity.rows import CLIENTS, ROWS, Row

from proxy.model import Protocol

REAL = (
    (
        "test_claude_code.py::test_a_task_byte_for_byte",
        "Claude Code does its task on Messages, byte for byte",
    ),
    (
        "test_claude_code.py::test_a_busy_provider_is_waited_for",
        "Claude Code waits for a busy provider",
    ),
    (
        "test_lanes.py::test_a_task_in_other_words",
        "Claude Code does its task on Responses, Chat, Gemini and Ollama alone",
    ),
    (
        "test_settings.py::test_pasted_lines_do_a_task",
        "Claude Code set up by `turnout settings claude-code`, with a key or a plan",
    ),
)
"""Tests with the real Claude Code, which `make test` runs; below tests/e2e."""

_HEAD = """\
# Parity for Claude's clients

This page is written by `tests/parity` from what its tests found
(`.venv/bin/python -m pytest tests/parity --update-golden`); a run that finds something
else fails. Each cell is a test through a whole gateway with a scripted provider that
refuses what its vendor would refuse. *Messages* is the native lane, where bodies pass
unchanged; on the others Turnout translates. How other clients fare is in
[the fidelity matrix](fidelity.md).
"""


def cell(row: Row, protocol: Protocol) -> str:
    """The key of one cell."""
    return f"{row.key} on {protocol}"


def keys() -> list[str]:
    """The keys of all cells."""
    return [cell(row, protocol) for row in ROWS for protocol in LANES]


def render(found: Mapping[str, str]) -> str:
    """The whole page."""
    parts = [_HEAD]
    for client, how in CLIENTS.items():
        parts += [f"## {client}", "", f"Tried by {how}.", ""]
        parts += [*_table(client, found), ""]
    parts += [
        "## The real Claude Code",
        "",
        "Run by `make test`, below `tests/e2e`:",
        "",
    ]
    parts += ["| what | test |", "| --- | --- |"]
    parts += [f"| {what} | `{name}` |" for name, what in REAL]
    parts += [
        "",
        "Claude Desktop itself was not run: it cannot be installed where these tests",
        "run. Its rows rest on the documented shape of its requests.",
    ]
    return "\n".join(parts) + "\n"


def _table(client: str, found: Mapping[str, str]) -> Iterator[str]:
    yield f"| topic | what | {' | '.join(LANES.values())} |"
    yield f"| --- | --- |{' --- |' * len(LANES)}"
    for row in ROWS:
        if row.client == client:
            outcomes = " | ".join(found[cell(row, each)] for each in LANES)
            yield f"| {row.topic} | {row.claim} | {outcomes} |"
