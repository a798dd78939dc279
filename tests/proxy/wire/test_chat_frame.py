"""A chunk that differs in its text only is read as any chunk is."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Event, TextDelta
from proxy.wire.chat.provider.frame import Frame, frame_of
from proxy.wire.chat.provider.stream import StreamReader

_CHUNK = b'{"id":"c","choices":[{"index":0,"delta":{"content":%b}}],"usage":null}'
_OPENING = b'data: {"id":"c","choices":[{"delta":{"content":"Hm"}}]}\n\n'


def _frame() -> Frame:
    frame = frame_of(_CHUNK % b'"one"', "one")
    assert frame is not None
    return frame


@given(st.text())
def test_the_text_of_a_chunk_like_the_one_before(text: str) -> None:
    assert _frame().text(_CHUNK % msgspec.json.encode(text)) == text


@pytest.mark.parametrize(
    "chunk",
    [
        b"",
        _CHUNK[:-1] % b'"two"',
        _CHUNK % b'"two","role":"assistant"',
        _CHUNK % b"null",
        _CHUNK % b'["two"]',
        _CHUNK % b'"two\xff"',
        _CHUNK % b'"two","content":"three"',
        _CHUNK.replace(b"null", b"{}") % b'"two"',
    ],
)
def test_any_other_chunk_is_not_taken_for_one(chunk: bytes) -> None:
    assert _frame().text(chunk) is None


@pytest.mark.parametrize(
    "chunk",
    [
        b'{"delta":{"content":"one"},"other":{"content":"one"}}',
        b'{"delta":{"content":"\\u006fne"}}',
        b'{"delta":{"content" : "one"}}',
        b"[]",
    ],
)
def test_no_frame_where_the_text_cannot_be_told(chunk: bytes) -> None:
    assert frame_of(chunk, "one") is None


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=4),
            st.sampled_from([b"", b',"x":"y"', b',"usage":{"prompt_tokens":1}']),
            st.sampled_from([b"", b',"refusal":"No"', b',"reasoning":"Hm"']),
        ),
        max_size=30,
    )
)
def test_with_and_without_frames_a_stream_says_the_same(
    said: list[tuple[str, bytes, bytes]],
) -> None:
    chunks = [
        b'data: {"choices":[{"delta":{"content":%b%b}}]%b}\n\n'
        % (msgspec.json.encode(text), inner, outer)
        for text, outer, inner in said
    ]
    # Blanks between its members keep a chunk out of every frame.
    spread = [each.replace(b'"content":', b'"content" :') for each in chunks]
    assert _events([_OPENING, *chunks]) == _events([_OPENING, *spread])


def test_a_stream_of_texts_is_read_whole() -> None:
    chunks = [b"data: " + _CHUNK % b'" %d"' % at + b"\n\n" for at in range(50)]
    pieces = [e.text for e in _events(chunks) if isinstance(e, TextDelta)]
    assert pieces == [f" {at}" for at in range(50)]


def _events(chunks: list[bytes]) -> list[Event]:
    reader = StreamReader(answer_id="a1", model="m")
    read = [event for each in chunks for event in reader.feed(each)]
    return [*read, *reader.finish()]
