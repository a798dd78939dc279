"""The doctor's report in a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from doctor_grounds import AMISS, SOUND, report_of

from app.doctor.report import BundlePart, Mended
from app.plain import plain
from app.plain_doctor import report


def test_without_a_fault_it_is_one_line() -> None:
    assert report(report_of(SOUND)) == ("No problem was found; 23 things in order.",)


@pytest.mark.parametrize("name", AMISS)
def test_a_fault_says_state_meaning_action_and_page(name: str) -> None:
    code, level, ground = AMISS[name]
    lines = report(report_of(ground))
    check = next(
        each
        for each in report_of(ground).checks
        if each.code == code and each.state.value == level
    )
    start = next(
        place for place, line in enumerate(lines) if line.endswith(f"({code})")
    )
    assert any(line.startswith(f"{level:<9}") for line in lines)
    assert f"         {check.means}" in lines[start:]
    if check.action:
        assert f"         {check.action}" in lines[start:]
    if level != "note":
        assert f"         More: docs/guide/doctor/{code}.md" in lines[start:]


def test_problems_come_first_and_are_counted() -> None:
    both = replace(AMISS["override"][2], desktop=AMISS["by hand"][2].desktop)
    lines = report(report_of(both))
    assert lines[0].startswith("problem  What wins over our settings")
    assert lines[-1] == "1 problem and 1 warning; 21 things in order."


def test_what_was_mended_comes_before_everything() -> None:
    mended = (
        Mended("gateway-down", "It was down.", "It answers.", done=True),
        Mended("drift", "It drifted.", "It was left.", done=False),
    )
    lines = report(replace(report_of(SOUND), mended=mended))
    assert lines[:4] == (
        "mended   It was down.",
        "         It answers.",
        "left     It drifted.",
        "         It was left.",
    )


def test_a_preview_shows_every_file_whole() -> None:
    files = (BundlePart("a.txt", "one\ntwo\n"), BundlePart("b.txt", "three\n"))
    shown = replace(report_of(SOUND), bundle=files)
    lines = plain(shown)
    assert "Nothing was written" in lines[0]
    assert lines[1:] == (
        "",
        "=== a.txt ===",
        "one",
        "two",
        "",
        "=== b.txt ===",
        "three",
    )
    written = replace(shown, bundle_file="/tmp/b.zip")
    assert plain(written) == (
        "The bundle is in /tmp/b.zip (2 files, 14 bytes of text).",
    )
