"""An echoed key is hidden wherever a chunk is cut, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.mask import Masker, mask

SECRET = b"sk-ant-api03-abcdefghij"


def fed(secret: bytes, chunks: list[bytes]) -> bytes:
    masker = Masker(secret)
    return b"".join([*(masker.feed(chunk) for chunk in chunks), masker.finish()])


@settings(deadline=None)
@given(
    st.sampled_from([SECRET, b"aaaaaaaa", b"abababab", b"sk-sk-sk-x"]),
    st.data(),
)
def test_every_cutting_gives_what_the_whole_gives(
    secret: bytes, data: st.DataObject
) -> None:
    pieces = st.sampled_from(
        [secret, secret[:-1], secret[1:], secret[:2], b"{}\n", b"a"]
    )
    text = b"".join(data.draw(st.lists(pieces, max_size=12)))
    whole = text.replace(secret, b"*" * len(secret))
    chunks: list[bytes] = []
    rest = text
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        chunks.append(rest[:size])
        rest = rest[size:]
    assert fed(secret, chunks) == whole
    assert mask(text, secret) == whole


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40)))
def test_held_back_is_only_a_true_beginning(chunks: list[bytes]) -> None:
    masker, out, fed_so_far = Masker(SECRET), b"", b""
    for chunk in chunks:
        out += masker.feed(chunk)
        fed_so_far += chunk
        held = fed_so_far[len(out) :]
        assert held == b"" or SECRET.startswith(held)


def test_a_chunk_that_cannot_begin_the_key_leaves_at_once() -> None:
    masker = Masker(SECRET)
    assert masker.feed(b"data: {}\n\n") == b"data: {}\n\n"
    assert masker.feed(b"...sk-an") == b"..."
    assert masker.feed(b"") == b""
    assert masker.feed(b"other") == b"sk-another"
    assert masker.finish() == b""


@pytest.mark.parametrize("secret", [b"", b"ollama"])
def test_words_too_short_for_a_key_are_left_alone(secret: bytes) -> None:
    text = b"ask ollama about ollama"
    assert fed(secret, [text[:6], text[6:]]) == text
    assert mask(text, secret) == text


def test_the_secret_is_not_shown() -> None:
    assert SECRET.decode() not in repr(Masker(SECRET))


@pytest.mark.parametrize(
    "spelt",
    [
        rb"sk-\u0061nt-api03-abcdefghij",
        rb"\u0073\u006B\u002d\u0061nt-api03-abcdefghij",
        rb"sk-\\u0061nt-api03-abcdefghij",
        rb"sk-\\\\u0061nt-api03-abcdefghij",
    ],
)
def test_a_key_in_one_piece_is_seen_through_the_spellings_of_json(spelt: bytes) -> None:
    text = b'{"said":"' + spelt + rb'","and":"\u00e9"}'
    stars = b"*" * len(SECRET)
    assert mask(text, SECRET) == b'{"said":"' + stars + rb'","and":"\u00e9"}'


def test_a_stroke_in_a_key_may_be_escaped() -> None:
    assert mask(rb"aa\/bb-cc-dd", b"aa/bb-cc-dd") == b"*" * 11
