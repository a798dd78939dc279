from __future__ import annotations

import pytest

from wizard.formats import ABSENT, Absent, Edit, Format, Json, Refused, with_edits
from wizard.formats.lines import with_line

_PATH = ("headers",)


def _edit(value: Json | Absent, prefix: str = "x-key:") -> Edit:
    return Edit(_PATH, value, line=True, prefix=prefix)


@pytest.mark.parametrize(
    ("old", "wanted"),
    [
        (ABSENT, "x-key: 2"),
        ("", "x-key: 2"),
        ("a: b", "a: b\nx-key: 2"),
        ("a: b\n", "a: b\nx-key: 2\n"),
        ("x-key: 1\na: b", "x-key: 2\na: b"),
        ("x-key: 1\r\na: b", "x-key: 2\r\na: b"),
        ("x-key: 1\na: b\nx-key: 0", "x-key: 2\na: b"),
        ("a: b\nx-key: 2", "a: b\nx-key: 2"),
    ],
)
def test_our_line_is_set_among_others(old: str | Absent, wanted: str) -> None:
    assert with_line(_edit("x-key: 2"), old) == wanted
    assert with_line(_edit("x-key: 2"), wanted) == wanted


@pytest.mark.parametrize(
    ("old", "wanted"),
    [
        (ABSENT, ABSENT),
        ("x-key: 1", ""),
        ("a\nx-key: 1\nb", "a\nb"),
        ("a\nx-key: 1\n", "a\n"),
    ],
)
def test_our_line_is_taken_away(old: str | Absent, wanted: str | Absent) -> None:
    assert with_line(_edit(ABSENT), old) == wanted


def test_without_a_prefix_only_the_very_line_is_ours() -> None:
    assert with_line(_edit("x: 2", prefix=""), "x: 1\nx: 2") == "x: 1\nx: 2"
    assert with_line(_edit(ABSENT, prefix=""), "x: 1\n") == "x: 1\n"


@pytest.mark.parametrize(
    ("line", "old"), [("a\nb", ""), (5, ""), ("a", 5), (ABSENT, {})]
)
def test_what_is_no_line_is_refused(line: Json | Absent, old: Json) -> None:
    with pytest.raises(Refused):
        with_line(_edit(line), old)


def test_a_line_within_a_document() -> None:
    text = '{"headers": "a: b", "z": 1}'
    new = with_edits(Format.JSON, text, [_edit("x-key: 2")])
    assert new == '{"headers": "a: b\\nx-key: 2", "z": 1}'
    assert with_edits(Format.JSON, new, [_edit(ABSENT)]) == text
    # The last line leaves an empty value: the key goes only when asked for.
    ours = with_edits(Format.JSON, "{}", [_edit("x-key: 2")])
    assert with_edits(Format.JSON, ours, [_edit(ABSENT)]) == '{\n  "headers": ""\n}'
