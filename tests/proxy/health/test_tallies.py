"""What was done about failures is counted by route and class."""

from __future__ import annotations

from proxy.health.tallies import Mark, Rates, Tallies


def test_marks_are_counted_by_route_and_class() -> None:
    tallies = Tallies()
    for mark in (*Mark, Mark.REQUEST, Mark.RETRY):
        tallies.count("b/m", "fast_code", mark)
    tallies.count("a/m", "fast_code", Mark.REQUEST)
    assert tallies.rates() == (
        Rates("a/m", "fast_code", requests=1),
        Rates("b/m", "fast_code", 2, 1, 2, 1, 1),
    )


def test_odd_names_cannot_fill_the_memory() -> None:
    tallies = Tallies()
    for number in range(3_000):
        tallies.count(f"a/{number}", "fast_code", Mark.REQUEST)
    rates = tallies.rates()
    assert len(rates) == 2_049
    assert sum(each.requests for each in rates) == 3_000
