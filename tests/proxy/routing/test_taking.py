"""Which routes stand by: no provider fills the order alone."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from routing_made import model, provider, routes, run

from proxy.routing.builtin import MAX_CHOICES, MAX_OF_ONE


def test_a_provider_that_is_down_does_not_fill_the_order() -> None:
    many = provider("many", *(model(f"m{n}", price=f"1.{n}") for n in range(9)))
    other = provider("other", model("far", "gpt/standard", "5"))
    found = routes(run("claude-sonnet-5", many, other))
    assert found == ["many/m0", "many/m1", "many/m2", "other/far"]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_as_many_stand_by_as_there_can(sizes: list[int]) -> None:
    made = [
        provider(f"p{at}", *(model(f"m{n}", price=f"{n + 1}") for n in range(size)))
        for at, size in enumerate(sizes)
    ]
    found = run("claude-sonnet-5", *made)
    counts = Counter(name.partition("/")[0] for name in routes(found))
    room = sum(min(size, MAX_OF_ONE) for size in sizes)
    assert sum(counts.values()) == min(room, MAX_CHOICES)
    assert max(counts.values()) <= MAX_OF_ONE
    told = {*routes(found), *(each.route for each in found.rejected)}
    assert len(told) == sum(sizes)
