"""The pages of consents and of the doctor's codes are complete, and lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.doctor.codes import CODES
from docs.consent_page import KINDS, consents_page, doctor_page
from docs.generate import pages
from proxy.ledger.rows import ConsentKind

_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guide" / "doctor"


def test_every_kind_says_what_it_allows_and_what_ends_with_it() -> None:
    assert set(KINDS) == set(ConsentKind)
    page = consents_page("Made.")
    for kind, (may, ends) in KINDS.items():
        assert f"| `{kind}` | {may} | {ends} |" in page


@pytest.mark.parametrize("code", CODES)
def test_every_code_leads_to_its_page(code: str) -> None:
    page = doctor_page("Made.")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{code}` |")]
    assert CODES[code] in row
    assert f"(../guide/doctor/{code}.md)" in row
    assert (_FOLDER / f"{code}.md").is_file()


def test_the_pages_are_among_those_made_together() -> None:
    assert pages()["consents.md"].startswith("# Consents\n")
    assert pages()["doctor.md"].startswith("# The doctor's codes\n")
