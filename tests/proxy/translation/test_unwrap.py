from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.translation.unwrap import Unwrapper, wrap


def _pieces(text: str, cuts: list[int]) -> list[str]:
    places = sorted({min(each, len(text)) for each in cuts} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(places)]


def _all(pieces: list[str]) -> str:
    reader = Unwrapper()
    return "".join(reader.feed(each) for each in pieces) + reader.finish()


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.booleans(),
    st.lists(st.integers(0, 400), max_size=40),
)
def test_wrapped_text_comes_out_however_it_is_cut(
    text: str, escaped: bool, cuts: list[int]
) -> None:
    body = json.dumps({"input": text}, ensure_ascii=escaped)
    assert _all(_pieces(body, cuts)) == text
    assert _all(list(body)) == text
    assert _all([wrap(text)]) == text


def test_text_flows_while_it_arrives() -> None:
    reader = Unwrapper()
    told = [
        reader.feed(each) for each in ('{"in', 'put": "one', "\\", "n\\u00", 'e4"}')
    ]
    assert told == ["", "one", "", "\n", "ä"]
    assert reader.finish() == ""


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("*** Begin Patch\n", "*** Begin Patch\n"),
        ('{"patch": "x"}', "x"),
        ('{"note": 1, "input": "x"}', "x"),
        ('{"a": 1, "b": "x"}', '{"a": 1, "b": "x"}'),
        ('{"input": 5}', '{"input": 5}'),
        ('{"x": ', '{"x": '),
        ("[1]", "[1]"),
        ("{}", ""),
        ("", ""),
        ('{"input": "x", "more": 1}', "x"),
        ('{"input": "unfinished', "unfinished"),
        ('{"input": "a\\', "a\\"),
        ('{"input": "\\ud83d\\ude00"}', "\U0001f600"),
        ('{"input": "\\ud83dx\\ude00"}', "\ufffdx\ufffd"),
        ('{"input": "\\ud83d"}', "\ufffd"),
        ('{"input": "\\q\\u12zz\\/"}', "\\q\\u12zz/"),
        ('{"inp', '{"inp'),
    ],
)
def test_models_that_wrap_otherwise_are_understood(body: str, text: str) -> None:
    assert _all([body]) == text
    assert _all(list(body)) == text
