"""A provider's own words are found in every form of error, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.wording import LONGEST, says_too_long, wording


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":{"message":"No such model.","type":"x"}}', "No such model."),
        (
            b'{"type":"error","error":{"type":"t","message":"Too\\n long"}}',
            "Too long",
        ),
        (b'[{"error":{"code":429,"message":"Quota"}}]', "Quota"),
        (b'{"error":"model not found"}', "model not found"),
        (b'{"message":"Unauthorized"}', "Unauthorized"),
        (b'{"detail":"Not Found"}', "Not Found"),
        (
            b'{"error":{"message":"Declined","metadata":{"raw":"upstream is busy"}}}',
            "Declined (upstream is busy)",
        ),
        (b'{"error":{"code":1}}', ""),
        (b'{"error":null,"message":7}', ""),
        (b"<html>", ""),
        (b"[]", ""),
        (b"\xff", ""),
        (b"[" * 100_000, ""),
    ],
)
def test_what_a_provider_says(body: bytes, said: str) -> None:
    assert wording(body) == said


def test_a_flood_is_cut() -> None:
    assert len(wording(b'{"error":"' + b"x" * 100_000 + b'"}')) == LONGEST


@given(st.binary(max_size=200))
def test_nothing_raises(body: bytes) -> None:
    wording(body)
    says_too_long(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":"context_length_exceeded"}}',
        b"prompt is too long: 210000 tokens > 200000 maximum",
        b"The input token count (1200000) exceeds the maximum number of tokens",
        b"the request exceeds the available context size",
    ],
)
def test_a_conversation_that_does_not_fit(body: bytes) -> None:
    assert says_too_long(body)


def test_other_errors_are_not_about_length() -> None:
    assert not says_too_long(b'{"error":{"message":"temperature is not supported"}}')
