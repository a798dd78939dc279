"""What an end of the gateway means for connected clients, in words and in files."""

from datetime import UTC, datetime
from pathlib import Path

from app.commands.undo import UndoneClient, UndoneFile, UndoResult
from app.quitting import names_of, still_here
from wizard.records import WiringState
from wizard.undone import Way

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def undone(client: str, file: UndoneFile) -> UndoneClient:
    state, stuck = WiringState.SUSPENDED, file.way is Way.STUCK
    return UndoneClient(client, 1, NOW, state, not stuck, (file,))


def test_clients_are_named_as_people_read_them() -> None:
    assert names_of(()) == ""
    assert names_of(["codex"]) == "Codex"
    assert names_of(["claude-code", "codex"]) == "Claude Code and Codex"
    assert names_of(["a", "b", "c"]) == "a, b and c"


def test_who_is_stuck_is_told_with_the_cause() -> None:
    fine = UndoneFile(str(Path("/x")), Way.EXACT)
    stuck = UndoneFile("/y", Way.STUCK, sentence="/y was left.", todo="Mend it.")
    result = UndoResult(True, (undone("codex", fine), undone("claude-code", stuck)))
    assert still_here(result) == (
        "Claude Code could not be disconnected: /y was left.",
    )
