"""A provider's stream is read alike however its bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire import incoming
from proxy.wire.incoming import Lines, ServerEvents, TooBig

_STREAM = (
    b"\xef\xbb\xbfevent: one\r\ndata: {\r\ndata:  2}\r\n\r\n: a comment\n\n"
    b"data:x\rid: 7\r\rdata: gr\xc3\xbc\xc3\x9fe\n\nevent: none\n\nretry: 1\ndata\n\n"
)
_EVENTS = [
    (b"one", b"{\n 2}"),
    (b"", b"x"),
    (b"", "grüße".encode()),
    (b"", b""),
]


def _read(chunks: list[bytes]) -> list[tuple[bytes, bytes]]:
    events = ServerEvents()
    read = [each for chunk in chunks for each in events.feed(chunk)]
    return read + events.finish()


def test_a_stream_is_read_whole() -> None:
    assert _read([_STREAM]) == _EVENTS


@pytest.mark.parametrize("at", range(len(_STREAM)))
def test_a_stream_is_read_cut_at_every_byte(at: int) -> None:
    assert _read([_STREAM[:at], _STREAM[at:]]) == _EVENTS


def test_a_stream_is_read_byte_by_byte() -> None:
    assert _read([_STREAM[at : at + 1] for at in range(len(_STREAM))]) == _EVENTS


def test_comments_are_counted() -> None:
    events = ServerEvents()
    events.feed(b": one\n\n:two\n")
    assert events.comments == 2


def test_the_end_of_the_stream_ends_its_last_event() -> None:
    assert _read([b"data: a\n\ndata: b"]) == [(b"", b"a"), (b"", b"b")]


@pytest.mark.parametrize("piece", [b"data: %b", b"data: %b\n"])
def test_an_event_without_end_is_refused(
    piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "EVENT_LIMIT", 1_000)
    events = ServerEvents()
    for _ in range(9):
        events.feed(piece % (b"x" * 100))
    with pytest.raises(TooBig):
        events.feed(piece % (b"x" * 400))


@given(st.binary(max_size=60), st.data())
def test_lines_do_not_depend_on_the_cuts(stream: bytes, data: st.DataObject) -> None:
    whole = Lines()
    expected = [*whole.feed(stream), whole.rest()]
    at = data.draw(st.integers(0, len(stream)))
    cut = Lines()
    assert [*cut.feed(stream[:at]), *cut.feed(stream[at:]), cut.rest()] == expected


_PIECES = [
    b"data: a\n\n",
    b"data: b\r\n\r\n",
    b"event: e\ndata: c\n\n",
    b"event: e\r\ndata: d\r\n\r\n",
    b"data: 1\ndata: 2\n\n",
    b"event: none\n\n",
    b": comment\n\n",
    b"id: 7\ndata:x\nretry: 1\n\n",
    b"data: e\r\rdata: f\n\n",
    b"\n",
    b"\r\n",
    b"data: g",
    b"\n\n",
    b"\xef\xbb\xbf",
]


@given(st.lists(st.lists(st.sampled_from(_PIECES), max_size=5), max_size=5))
def test_whole_events_are_read_as_any_bytes_are(chunks: list[list[bytes]]) -> None:
    joined = [b"".join(each) for each in chunks]
    stream = b"".join(joined)
    single = [stream[at : at + 1] for at in range(len(stream))]
    assert _read(joined) == _read(single)
