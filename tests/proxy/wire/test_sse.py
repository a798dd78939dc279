"""Lines and fields of server-sent events, after the HTML standard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.sse import LINE, field, last_line_end, write_event


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (b"data: x", b"data", b"x"),
        (b"data:x", b"data", b"x"),
        (b"data:  x: y", b"data", b" x: y"),
        (b"data", b"data", b""),
        (b"data:", b"data", b""),
        (b": comment", b"", b"comment"),
        (b"event: message_stop", b"event", b"message_stop"),
    ],
)
def test_a_line_is_a_field_and_a_value(line: bytes, name: bytes, value: bytes) -> None:
    assert field(line) == (name, value)


@given(st.lists(st.sampled_from([b"a", b"data: b", b"\n", b"\r", b"\r\n"])))
def test_lines_are_cut_as_the_standard_says(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    lines = [found[1] for found in LINE.finditer(text)]
    ends = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert lines == ends[:-1]
    assert text[last_line_end(text) :] == ends[-1]


def test_an_event_is_written_with_and_without_a_name() -> None:
    assert write_event(b"{}") == b"data: {}\n\n"
    assert write_event(b"{}", "error") == b"event: error\ndata: {}\n\n"
