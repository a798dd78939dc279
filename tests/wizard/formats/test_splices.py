from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.formats import Broken, Splice, applied, inverse, splices

_LINES = st.lists(st.sampled_from(["a\n", "b,", "c d", "{", "\r\n", " "])).map("".join)


@settings(max_examples=300, deadline=None)
@given(_LINES, _LINES)
def test_there_and_back(before: str, after: str) -> None:
    change = splices(before, after)
    assert applied(before, change) == after
    assert applied(after, inverse(before, change)) == before
    assert bool(change) == (before != after)


def test_only_what_differs_is_kept() -> None:
    before = '{\n  "key": "canary",\n  "url": "http://a/b"\n}\n'
    after = '{\n  "key": "canary",\n  "url": "http://c/b",\n  "k": 1\n}\n'
    change = splices(before, after)
    assert "canary" not in "".join(before[one.start : one.end] for one in change)
    assert [before[one.start : one.end] for one in change if one.start < one.end] == [
        "a"
    ]


def test_far_places_on_one_line_stay_apart() -> None:
    middle = ",".join(f'"k{n}": "canary"' for n in range(30_000))
    change = splices("{" + middle + "}", '{"a": 1,' + middle + ',"z": 1}')
    assert sum(len(one.text) for one in change) < 40
    assert all(one.start == one.end or one.end - one.start < 10 for one in change)


def test_texts_of_nothing_in_common_end_soon() -> None:
    before = "".join(f"{n}\n" for n in range(100_000))
    start = time.process_time()
    change = splices(before, before.replace("\n", "x\n"))
    assert time.process_time() - start < 10
    assert len(change) == 1


@pytest.mark.parametrize(
    "wrong",
    [[Splice(0, 9, "")], [Splice(2, 1, "")], [Splice(1, 2, ""), Splice(0, 1, "")]],
)
def test_places_that_do_not_fit_are_refused(wrong: list[Splice]) -> None:
    with pytest.raises(Broken):
        applied("abc", wrong)


def test_the_text_is_in_no_repr() -> None:
    assert "canary" not in repr(Splice(0, 1, "canary"))
