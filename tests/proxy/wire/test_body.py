"""The slices of a JSON body: exact places, refused twins, untouched bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.body import BodyProblem, bool_field, splice, text_field, top_level

if TYPE_CHECKING:
    from collections.abc import Callable

# Lone surrogates cannot be encoded; everything else can stand in a JSON string.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)
BLANKS = st.text(" \t\r\n", max_size=3)


@st.composite
def members(draw: st.DrawFn, keys: st.SearchStrategy[str]) -> list[tuple[str, object]]:
    """Draw key and value pairs; keys may repeat."""
    return draw(st.lists(st.tuples(keys, VALUES), max_size=6))


@st.composite
def written(draw: st.DrawFn, pairs: list[tuple[str, object]]) -> bytes:
    """Write pairs as one JSON object with odd blanks and odd escapes."""
    out = [draw(BLANKS), "{"]
    for number, (key, value) in enumerate(pairs):
        odd = "".join(f"\\u{ord(c):04x}" if ord(c) < 0xFFFF else c for c in key)
        name = draw(st.sampled_from([json.dumps(key), f'"{odd}"']))
        text = json.dumps(
            value,
            ensure_ascii=draw(st.booleans()),
            indent=draw(st.sampled_from([None, 1])),
        )
        out += ["," if number else "", draw(BLANKS), name, draw(BLANKS), ":"]
        out += [draw(BLANKS), text, draw(BLANKS)]
    out += ["}", draw(BLANKS)]
    return "".join(out).encode()


@settings(deadline=None)
@given(st.data())
def test_any_object_is_sliced_exactly_and_twins_are_refused(
    data: st.DataObject,
) -> None:
    keys = TEXT | st.sampled_from(["model", "stream", "a"])
    pairs = data.draw(members(keys))
    body = data.draw(written(pairs))
    names = [key for key, _ in pairs]
    if len(set(names)) != len(names):
        with pytest.raises(BodyProblem, match="twice"):
            top_level(body)
        return
    spans = top_level(body)
    assert list(spans) == names
    assert {key: json.loads(body[a:b]) for key, (a, b) in spans.items()} == dict(pairs)
    assert all(body[a:b] == body[a:b].strip() for a, b in spans.values())


@settings(deadline=None)
@given(st.data(), TEXT)
def test_splice_changes_one_value_and_no_other_byte(
    data: st.DataObject, value: str
) -> None:
    pairs = dict(data.draw(members(TEXT))) | {"model": data.draw(VALUES)}
    body = data.draw(written(list(pairs.items())))
    start, end = top_level(body)["model"]
    new = splice(body, (start, end), value)
    assert json.loads(new) == pairs | {"model": value}
    assert new.startswith(body[:start])
    assert new.endswith(body[end:])
    assert text_field(new, top_level(new), "model") == value


@pytest.mark.parametrize("spelt", [b'"gpt"', b'"g\\u0070t"'])
def test_splice_of_the_same_value_is_the_same_object(spelt: bytes) -> None:
    body = b'{"model" : ' + spelt + b"}"
    assert splice(body, top_level(body)["model"], "gpt") is body


def test_splice_replaces_a_value_that_cannot_be_decoded() -> None:
    assert splice(b'{"model":"\\ud800"}', (9, 17), "m") == b'{"model":"m"}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","model":"a"}',
        b'{"model":"a","model":"b"}',
        b'{"model":"a","m\\u006fdel":"b"}',
        b'{"\\u006dodel":"a","x":{"model":1},"model":"b"}',
        b'{"n":12,"n":1}',
        b'{"n":{"x":1,"y":2},"n":{"x":1}}',
        b'{"n":' + b"[1]" * 1 + b' ,"n":' + b'"' + b"x" * 70_000 + b'"}',
        b'{"n":"' + b"y" * 70_000 + b'","n":"' + b"x" * 70_000 + b'"}',
        b'{"a":1,"":2,"":3}',
    ],
)
def test_a_key_named_twice_is_refused(body: bytes) -> None:
    with pytest.raises(BodyProblem, match="twice"):
        top_level(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not valid JSON"),
        (b"   ", "not valid JSON"),
        (b'{"model":"a"', "not valid JSON"),
        (b'{"model":"a', "not valid JSON"),
        (b'{"model":"a",}', "not valid JSON"),
        (b'{"model":NaN}', "not valid JSON"),
        (b'{"model":Infinity}', "not valid JSON"),
        (b'{"model":01}', "not valid JSON"),
        (b'{"model":"a"} x', "not valid JSON"),
        (b'{"model":"a"}\x00', "not valid JSON"),
        (b'\xef\xbb\xbf{"model":"a"}', "not valid JSON"),
        (b"{'model':'a'}", "not valid JSON"),
        (b'{"a":1 /* no */}', "not valid JSON"),
        (b'{"\\ud800":1}', "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"model":"\xff"}', "UTF-8"),
        (b'{"x":"\xc3', "UTF-8"),
        (b'{"x":"\xed\xa0\x80"}', "UTF-8"),
        (b'{"x":"' + b"a" * 65_530 + "é".encode()[:1] + b'"}', "UTF-8"),
        (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "deeply"),
    ],
)
def test_what_cannot_be_used_is_named(body: bytes, says: str) -> None:
    with pytest.raises(BodyProblem, match=says):
        top_level(body)


def test_a_letter_across_two_pieces_is_valid() -> None:
    body = b'{"x":"' + b"a" * 65_529 + "é".encode() + b'"}'
    assert top_level(body) == {"x": (5, len(body) - 1)}


def test_a_problem_never_quotes_the_body() -> None:
    with pytest.raises(BodyProblem) as caught:
        top_level(b'{"canary-key": canary-value}')
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("read", "good", "value", "bad"),
    [
        (text_field, b'"a"', "a", (b"1", b"true", b"[]", b"{}")),
        (bool_field, b"true", True, (b"1", b'"true"', b"[]")),
        (bool_field, b"false", False, (b"0", b'"false"')),
    ],
)
def test_fields_are_read_typed(
    read: Callable[[bytes, dict[str, tuple[int, int]], str], object],
    good: bytes,
    value: object,
    bad: tuple[bytes, ...],
) -> None:
    def of(raw: bytes) -> object:
        body = b'{"it": ' + raw + b"}"
        return read(body, top_level(body), "it")

    assert of(good) == value
    assert of(b"null") is None
    assert read(b"{}", {}, "it") is None
    for raw in bad:
        with pytest.raises(BodyProblem, match="`it`"):
            of(raw)
