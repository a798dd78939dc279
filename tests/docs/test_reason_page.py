"""The page of reasons names every word that a stored decision may hold."""

from __future__ import annotations

import pytest

from docs.generate import pages
from docs.reason_page import reasons_page
from proxy.routing.decision import DecidedBy, Mark
from proxy.routing.reasons import REASONS, ReasonCode


@pytest.mark.parametrize("code", ReasonCode)
def test_every_reason_has_its_one_sentence(code: ReasonCode) -> None:
    said = REASONS[code]
    assert f"| `{code}` | {said[0].upper()}{said[1:]}. |" in reasons_page("made")


@pytest.mark.parametrize("word", [*DecidedBy, *(mark for mark in Mark if mark)])
def test_every_other_word_is_told(word: str) -> None:
    assert f"| `{word}` | " in reasons_page("made")


def test_reasons_are_clauses_that_follow_a_route() -> None:
    for said in REASONS.values():
        assert not said.endswith(".")
        assert said[0].islower()


def test_the_page_is_one_of_those_made_together() -> None:
    assert pages()["reasons.md"].startswith("# Reasons\n")
