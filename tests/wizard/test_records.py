"""What tells a value of ours from another's."""

from __future__ import annotations

import pytest

from wizard.formats import ABSENT, Json
from wizard.records import OwnedKey, digest_of, digest_of_bytes, lines_of


def test_the_digest_of_an_object_does_not_know_its_order() -> None:
    assert digest_of({"a": 1, "b": [True]}) == digest_of({"b": [True], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})
    assert digest_of(ABSENT) == ""
    assert digest_of("absent") != ""
    assert digest_of(None) != ""


def test_no_file_has_no_digest() -> None:
    assert digest_of_bytes(None) == ""
    assert len(digest_of_bytes(b"")) == 64


@pytest.mark.parametrize("value", [None, 3, ["a"], {"a": "b"}, ABSENT])
def test_only_a_text_has_lines(value: Json) -> None:
    assert lines_of(value) == ()


def test_a_key_holds_our_value_or_not() -> None:
    key = OwnedKey(("model",), "opus", digest_of("ours"))
    assert key.holds("ours")
    assert not key.holds("opus")
    assert not key.holds(ABSENT)


def test_one_line_among_others_is_ours() -> None:
    key = OwnedKey(("headers",), ABSENT, digest_of("x-ours: 1"), line=True, prefix="x-")
    assert key.holds("theirs: 1\nx-ours: 1")
    assert not key.holds("theirs: 1\nx-ours: 2")
    assert not key.holds(ABSENT)


def test_a_saved_value_is_not_shown() -> None:
    key = OwnedKey(("model",), "something canary", "digest")
    assert "canary" not in repr(key)
