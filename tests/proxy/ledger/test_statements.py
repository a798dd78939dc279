"""Rows as values: what fits a column goes in, what cannot be meant is unknown."""

from __future__ import annotations

from dataclasses import replace

import ledger_rows
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ledger.statements import (
    INSERT,
    Table,
    attempt_values,
    consent_values,
    finished_values,
    routed_values,
)
from proxy.model import Usage


def test_every_insert_takes_the_values_made_for_it() -> None:
    assert INSERT[Table.ROUTED].count("?") == len(
        routed_values(ledger_rows.routed("r"))
    )
    row = ledger_rows.finished("r")
    assert INSERT[Table.FINISHED].count("?") == len(finished_values(row))
    assert attempt_values(row) == ()
    used = replace(row.attempts[0], model="other", usage=row.usage, price=row.price)
    (values,) = attempt_values(replace(row, attempts=(used, *row.attempts)))
    assert INSERT[Table.ATTEMPT].count("?") == len(values)
    consent = consent_values(ledger_rows.consent("c"))
    assert INSERT[Table.CONSENT].count("?") == 2 * len(consent)


@pytest.mark.parametrize("count", [-1, 2**63, 10**40])
def test_a_count_nobody_can_mean_is_unknown(count: int) -> None:
    row = ledger_rows.finished("r", usage=Usage(input_tokens=count), cost_nano=count)
    values = finished_values(row)
    assert count not in values
    assert all(not isinstance(value, int) or 0 <= value < 2**63 for value in values)


@given(st.text(st.characters(codec=None), max_size=50))
def test_any_name_can_be_stored(name: str) -> None:
    values = routed_values(ledger_rows.routed("r", requested_model=name))
    assert all(value.encode() is not None for value in values if isinstance(value, str))


def test_a_name_of_any_length_makes_a_small_row() -> None:
    values = routed_values(ledger_rows.routed("r", requested_model="x" * 10**6))
    assert sum(len(value) for value in values if isinstance(value, str)) < 2000
