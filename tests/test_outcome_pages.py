from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from outcome_pages import OutcomePage, OutcomePages, settle


def listed(found: Mapping[str, str]) -> str:
    return "".join(f"{key}: {outcome}\n" for key, outcome in found.items())


def page() -> OutcomePage:
    return OutcomePage("made.md", ("first", "second"), listed)


def test_a_page_is_made_once_every_key_was_noted(tmp_path: Path) -> None:
    made = page()
    made.note("second", "holds")
    assert settle([made], tmp_path, update=True) == ()
    assert list(tmp_path.iterdir()) == []
    made.note("first", "holds")
    assert settle([made], tmp_path, update=False) == ("made.md",)
    assert settle([made], tmp_path, update=True) == ()
    assert (tmp_path / "made.md").read_text() == "first: holds\nsecond: holds\n"
    assert settle([made], tmp_path, update=False) == ()
    made.note("first", "does not hold")
    assert settle([made], tmp_path, update=False) == ("made.md",)


def test_what_is_on_no_page_is_an_error() -> None:
    with pytest.raises(KeyError, match="third"):
        page().note("third", "holds")


def test_all_tests_of_a_run_share_a_page() -> None:
    pages = OutcomePages({})
    first = pages.page("made.md", ("first",), listed)
    assert pages.page("made.md", (), listed) is first
