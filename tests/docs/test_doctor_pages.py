"""The doctor's pages: short, plain, and every command in them can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.commands import COMMANDS

_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guide" / "doctor"
_PAGES = sorted(_FOLDER.glob("*.md"))
_TYPED = re.compile(r"`turnout ([^`]+)`")
_LINK = re.compile(r"\]\(([^)#:]+)\)")
_NOUNS = {command.words[0] for command in COMMANDS} | {"serve", "tray", "init"}
_FLAGS = {
    f"--{item.word}"
    for command in COMMANDS
    for item in command.parameters
    if item.flag or item.kind is bool
}


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_a_page_is_short_and_what_it_says_can_be_done(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "!" not in text
    assert page.stem == "index" or len(text.splitlines()) < 30
    for typed in _TYPED.findall(text):
        words = typed.split()
        assert words[0] in _NOUNS, typed
        assert {word for word in words if word.startswith("--")} <= _FLAGS, typed
    for link in _LINK.findall(text):
        assert (page.parent / link).is_file(), link
