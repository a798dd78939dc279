"""The counters: what Prometheus reads, bounded whatever clients name."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from proxy.ledger import Attempt
from proxy.metrics import MOST_ROUTES, Metrics


@dataclass(frozen=True)
class Request:
    """A finished request: models in order, `!` behind those that failed."""

    tries: tuple[str, ...] = ("a",)
    mark: str = ""
    route_class: str | None = "fast_code"
    status: str = "success"

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(
            Attempt(
                provider="p",
                model=each.removesuffix("!"),
                protocol="openai-chat",
                outcome="cut" if each.endswith("!") else "ok",
            )
            for each in self.tries
        )


def text(*requests: Request) -> list[str]:
    metrics = Metrics()
    for request in requests:
        metrics.count(request)
    return metrics.text().decode().splitlines()


def test_before_the_first_request_every_family_is_named() -> None:
    lines = text()
    kinds = [line for line in lines if line.startswith("# TYPE")]
    assert len(kinds) == 8
    numbers = [line for line in lines if not line.startswith("#")]
    assert numbers == ["turnout_open_requests 0", "turnout_unsaved_records 0"]


def test_tries_are_counted_by_route_class_and_outcome() -> None:
    lines = text(Request(("a!", "a!", "b"), "downgrade"), Request(("b",), "escalation"))
    cut = 'turnout_attempts_total{route="p/a",class="fast_code",outcome="cut"} 2'
    good = 'turnout_attempts_total{route="p/b",class="fast_code",outcome="ok"} 2'
    for line in (
        cut,
        good,
        'turnout_requests_total{class="fast_code",status="success"} 2',
        'turnout_retries_total{route="p/a",class="fast_code"} 1',
        'turnout_fallbacks_total{route="p/a",class="fast_code"} 1',
        'turnout_downgrades_total{route="p/b",class="fast_code"} 1',
        'turnout_escalations_total{route="p/b",class="fast_code"} 1',
    ):
        assert line in lines


def test_what_is_of_the_moment_is_told() -> None:
    lines = Metrics().text(open_requests=3, unsaved=4).decode().splitlines()
    assert {"turnout_open_requests 3", "turnout_unsaved_records 4"} <= set(lines)


def test_names_that_clients_make_up_do_not_make_series_for_ever() -> None:
    many = [Request((f"made-up-{number}",)) for number in range(MOST_ROUTES * 3)]
    lines = [line for line in text(*many) if line.startswith("turnout_attempts")]
    assert len(lines) == MOST_ROUTES + 1
    assert any('route="other"' in line and line.endswith(" 400") for line in lines)


@given(st.text(st.characters(codec=None), max_size=20))
def test_any_name_stays_within_its_label(name: str) -> None:
    metrics = Metrics()
    metrics.count(Request((f"x{name}x",)))
    # A line feed is the only end of a line in this format.
    rows = metrics.text().decode().split("\n")
    (row,) = [line for line in rows if line.startswith("turnout_attempts_total{")]
    assert row.endswith('",class="fast_code",outcome="ok"} 1')
