from __future__ import annotations

import pytest

from wizard.formats import Broken, Text, decoded, encoded
from wizard.formats.text import MAX_BYTES, indent_at, line_at, line_end, refuse_long


def test_a_byte_order_mark_is_kept_aside() -> None:
    assert decoded(b"\xef\xbb\xbfa\r\n") == Text("a\r\n", bom=True)
    assert decoded(b"a") == Text("a")
    assert encoded(Text("é\r", bom=True)) == b"\xef\xbb\xbf\xc3\xa9\r"


@pytest.mark.parametrize(
    ("data", "word", "line"),
    [
        ("{}".encode("utf-16"), "UTF-16", 1),
        ("{}".encode("utf-16-be"), "NUL", 1),
        (b"\xfe\xff\0{", "UTF-16", 1),
        (b"a\n\0", "NUL", 2),
        (b"a\n\nb\xff", "UTF-8", 3),
        (b"\xed\xa0\x80", "UTF-8", 1),
        (b" " * (MAX_BYTES + 1), "5 MB", 0),
    ],
)
def test_what_is_no_text_is_named(data: bytes, word: str, line: int) -> None:
    with pytest.raises(Broken) as broken:
        decoded(data)
    assert word in broken.value.why
    assert broken.value.line == line


def test_half_a_character_is_not_written() -> None:
    with pytest.raises(Broken) as broken:
        encoded(Text("a\n\ud800"))
    assert broken.value.line == 2


def test_the_text_is_in_no_repr() -> None:
    assert "canary" not in repr(Text("canary"))


def test_places_in_lines() -> None:
    text = "a\n \tb"
    assert (line_at(text, 0), line_at(text, 4)) == (1, 2)
    assert (indent_at(text, 4), indent_at(text, 1)) == (" \t", "")
    assert (line_end(text), line_end("a\r\nb\n")) == ("\n", "\r\n")


def test_a_long_text_is_refused() -> None:
    refuse_long("x")
    with pytest.raises(Broken):
        refuse_long("x" * 2_000_000)
