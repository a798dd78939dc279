"""Times in the ledger sort as text and are UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ledger.stamps import stamp


def test_times_are_utc_of_constant_width() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert stamp(datetime(2026, 1, 2, 3, tzinfo=east)) == "2026-01-01T21:30:00.000000Z"
    with pytest.raises(ValueError, match="zone"):
        stamp(datetime(2026, 1, 2))  # noqa: DTZ001 - that is the point


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)),
)
def test_times_sort_as_text(first: datetime, second: datetime) -> None:
    assert (first < second) == (stamp(first) < stamp(second))
    assert datetime.fromisoformat(stamp(first)) == first
