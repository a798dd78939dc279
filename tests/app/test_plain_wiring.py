"""Undo and consents as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from app.commands.consents import ConsentInfo, ConsentList, ConsentRevoked
from app.commands.undo import (
    UndoneClient,
    UndoneFile,
    UndoneKey,
    UndoResult,
    WiringEntry,
)
from app.plain_wiring import consents, revoked, undo
from wizard.records import WiringState
from wizard.undone import KeyFate, Way

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def client(*files: UndoneFile) -> UndoneClient:
    return UndoneClient(
        "codex", 3, NOON, WiringState.UNDONE, complete=True, files=files
    )


def text(*files: UndoneFile, done: bool = True) -> str:
    return "\n".join(undo(UndoResult(done, (client(*files),)), "turnout"))


def test_what_was_done_and_what_would_be() -> None:
    file = UndoneFile("/a", Way.EXACT, (UndoneKey("model", KeyFate.RESTORED),))
    assert "/a is byte for byte as it was before" in text(file)
    assert "/a gets its bytes back" in text(file, done=False)
    assert "Nothing was changed" in text(file, done=False)
    made = UndoneFile("/a", Way.EXACT, gone=True)
    assert "/a was made by Turnout and is gone" in text(made)
    assert "/a was made by Turnout and goes" in text(made, done=False)


def test_a_key_that_is_left_is_named_with_the_way_to_force_it() -> None:
    keys = (
        UndoneKey("env.URL", KeyFate.LEFT, "env.URL in /a holds X; it was left."),
        UndoneKey("model", KeyFate.REMOVED),
    )
    told = text(UndoneFile("/a", Way.PER_KEY, keys, "/a has been changed since."))
    assert "env.URL in /a holds X; it was left." in told
    assert "model: taken away, as before" in told
    assert "turnout undo codex --force-owned" in told


def test_a_file_that_is_stuck_says_what_to_do() -> None:
    told = text(UndoneFile("/a", Way.STUCK, (), "/a was left, because.", "Mend it."))
    assert "/a could not be taken back" in told
    assert "/a was left, because." in told
    assert "Mend it." in told


def test_a_file_that_is_gone_is_told_in_one_sentence() -> None:
    said = "/a is not there any more, so nothing was to be taken back."
    told = text(UndoneFile("/a", Way.ALREADY, sentence=said, gone=True))
    assert said in told
    assert "has nothing of Turnout's" not in told


def test_what_failed_is_not_told_as_a_preview() -> None:
    stuck = UndoneFile("/a", Way.STUCK, (), "/a was left, because.", "Mend it.")
    told = undo(UndoResult(False, (client(stuck),), failed=True), "turnout")
    assert "Not all of it could be taken back; what is left is named above." in told


def test_nothing_to_take_back() -> None:
    (line,) = undo(UndoResult(True), "turnout")
    assert line == "No client is connected to Turnout: nothing to take back."
    assert undo(UndoResult(True, notes=("It is not.",)), "turnout") == ("It is not.",)


def test_the_history() -> None:
    entry = WiringEntry(3, "codex", NOON, WiringState.SUSPENDED, NOON, ("/a", "/b"))
    told = "\n".join(undo(UndoResult(False, history=(entry,), listed=True), "turnout"))
    assert "taken back until the next start" in told
    assert "/a, /b" in told
    assert "`turnout undo CLIENT`" in told
    empty = undo(UndoResult(False, listed=True), "turnout")
    assert empty == ("Turnout has not changed any client's file.",)


def info(number: int, *, given: bool, revokes: int | None, stands: bool) -> ConsentInfo:
    return ConsentInfo(
        number, NOON, "wire-client", "codex", "/a", "", given, revokes, stands
    )


def test_consents() -> None:
    listed = ConsentList(
        (
            info(1, given=True, revokes=None, stands=False),
            info(2, given=False, revokes=1, stands=False),
            info(3, given=True, revokes=None, stands=True),
            info(4, given=False, revokes=None, stands=False),
        ),
        waiting=2,
    )
    told = consents(listed, "turnout")
    states = [line.split("  ")[-1].strip() for line in told[1:5]]
    assert states == ["yes, taken back", "takes back 1", "yes", "no"]
    assert "2 wait for the record to be writable." in told
    assert consents(ConsentList(()), "turnout") == ("Nothing has been agreed to yet.",)


def test_a_broken_chain_is_told() -> None:
    entry = info(1, given=True, revokes=None, stands=True)
    told = consents(ConsentList((entry,), broken_at=1), "turnout")
    assert "broken at number 1" in told[-1]
    told = consents(ConsentList((entry,), missing=2), "turnout")
    assert "2 entries are missing at the end" in told[-1]


def test_a_revocation() -> None:
    undone = UndoResult(True, (client(UndoneFile("/a", Way.EXACT)),))
    told = revoked(ConsentRevoked(1, 2, "It is off.", "Do this.", undone), "turnout")
    assert told[:3] == ("Consent 1 is taken back (entry 2).", "It is off.", "Do this.")
    assert any("/a is byte for byte" in line for line in told)
