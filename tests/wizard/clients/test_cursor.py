"""Cursor: it is said plainly that it cannot be wired, and what in it can."""

from __future__ import annotations

from client_situations import situation

from discovery.findings import Reach
from wizard.clients.cursor import SETUP


def test_why_not_and_what_instead() -> None:
    wanted = SETUP.wanted(situation(SETUP))
    (refusal,) = wanted.refusals
    assert SETUP.reach is Reach.UNREACHABLE
    assert "cannot reach a local gateway" in refusal.why
    assert "Extensions inside Cursor" in refusal.todo
    assert wanted.files == ()
    assert wanted.steps == ()
    assert "tunnel" not in refusal.why + refusal.todo
