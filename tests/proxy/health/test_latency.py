"""Quantiles of the last calls, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.health.bounds import MOST
from proxy.health.latency import ENOUGH, HOLDS, KEPT, Latencies, Quantiles, quantiles

NOW = 1_795_000_000.0


def test_half_and_nine_of_ten() -> None:
    assert quantiles(tuple(range(1, 11))) == Quantiles(p50=5, p90=9, calls=10)
    assert quantiles((300, 100, 200)) == Quantiles(p50=200, p90=300, calls=3)


def test_two_calls_say_nothing() -> None:
    latencies = Latencies()
    latencies.add("a/m", 100, NOW)
    latencies.add("a/m", 100, NOW)
    assert latencies.medians(NOW) == {}
    latencies.add("a/m", 400, NOW)
    assert latencies.medians(NOW) == {"a/m": 100}


def test_only_the_last_calls_count() -> None:
    latencies = Latencies()
    for _ in range(KEPT):
        latencies.add("a/m", 9_000, NOW)
    for _ in range(KEPT):
        latencies.add("a/m", 10, NOW + 1)
    assert latencies.quantiles(NOW + 1) == {"a/m": Quantiles(10, 10, KEPT)}


def test_after_a_long_silence_nothing_is_known() -> None:
    latencies = Latencies()
    for route, moment in (("a/m", NOW), ("b/m", NOW + 60)):
        for _ in range(ENOUGH):
            latencies.add(route, 50, moment)
    before = latencies.medians(NOW + 60)
    assert set(latencies.medians(NOW + HOLDS)) == {"b/m"}
    assert latencies.medians(NOW + HOLDS + 60) == {}
    # What was handed out does not change under its reader.
    assert set(before) == {"a/m", "b/m"}
    latencies.add("a/m", 50, NOW + 2 * HOLDS)
    assert latencies.quantiles(NOW + 2 * HOLDS) == {}


def test_odd_names_cannot_fill_the_memory() -> None:
    latencies = Latencies()
    for number in range(MOST + 50):
        latencies.add(f"a/{number}", 5, NOW)
    assert len(latencies._routes) == MOST


@given(st.lists(st.integers(0, 10**7), min_size=ENOUGH, max_size=KEPT))
def test_at_least_half_and_nine_tenths_are_below(times: list[int]) -> None:
    found = quantiles(tuple(times))
    assert found is not None
    assert sum(each <= found.p50 for each in times) * 2 >= len(times)
    assert sum(each <= found.p90 for each in times) * 10 >= len(times) * 9
    assert found.p50 <= found.p90
    assert {found.p50, found.p90} <= set(times)
