"""What became of every try: retries, fallbacks and marks, per route and class."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.ledger import Attempt
from proxy.outcomes import RouteRate, rates


@dataclass(frozen=True)
class Request:
    """A finished request: routes in order, `!` behind those that failed."""

    tries: str
    mark: str = ""
    route_class: str | None = "fast_code"

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(
            Attempt(
                provider="p",
                model=each.rstrip("!"),
                protocol="openai-chat",
                outcome="cut" if each.endswith("!") else "ok",
            )
            for each in self.tries.split()
        )


def test_no_requests_have_no_rates() -> None:
    assert rates([]) == ()
    assert rates([Request("")]) == ()


def test_an_answer_at_once_is_one_attempt() -> None:
    (rate,) = rates([Request("a")])
    assert rate == RouteRate(route="p/a", route_class="fast_code", attempts=1)


def test_the_same_route_again_is_a_retry_and_another_a_fallback() -> None:
    first, second = rates([Request("a! a! b")])
    assert first == RouteRate(
        route="p/a",
        route_class="fast_code",
        attempts=2,
        failures=2,
        retries=1,
        fallbacks=1,
    )
    assert second == RouteRate(route="p/b", route_class="fast_code", attempts=1)


def test_coming_back_to_a_route_is_no_retry() -> None:
    found = {rate.route: rate for rate in rates([Request("a! b! a")])}
    assert (found["p/a"].retries, found["p/a"].fallbacks) == (0, 1)
    assert (found["p/b"].retries, found["p/b"].fallbacks) == (0, 1)


def test_a_mark_belongs_to_the_route_that_came_last() -> None:
    some = [Request("a! b", "downgrade"), Request("b", "escalation")]
    found = {rate.route: rate for rate in rates(some)}
    assert (found["p/a"].downgrades, found["p/a"].escalations) == (0, 0)
    assert (found["p/b"].downgrades, found["p/b"].escalations) == (1, 1)


def test_classes_stand_apart_and_the_busiest_comes_first() -> None:
    some = [Request("a"), Request("a", route_class=None), *[Request("b")] * 2]
    assert [(r.route, r.route_class, r.attempts) for r in rates(some)] == [
        ("p/b", "fast_code", 2),
        ("p/a", "fast_code", 1),
        ("p/a", "unknown", 1),
    ]
