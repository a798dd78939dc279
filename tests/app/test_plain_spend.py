"""Spend as people read it: estimates are named so, and trouble has its rates."""

from datetime import UTC, datetime

from app.commands.spend import Spend
from app.plain_spend import spend
from proxy.outcomes import RouteRate
from proxy.reports import Share, SpendReport

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHARE = Share(name="codex", requests=3, billed_nano=10**9)


def lines(report: SpendReport, *rates: RouteRate) -> tuple[str, ...]:
    return spend(Spend(NOON, 1, report, rates), "noon")


def text(report: SpendReport, *rates: RouteRate) -> str:
    return "\n".join(lines(report, *rates))


def test_nothing_spent_is_one_line() -> None:
    assert lines(SpendReport()) == ("0 requests today, since noon.",)


def test_what_is_not_there_is_not_told() -> None:
    told = text(SpendReport(requests=3, by_client=(SHARE,), by_model=(SHARE,)))
    for word in ("saved", "marked", "LANE", "RETRIED"):
        assert word not in told


def test_savings_are_named_an_estimate() -> None:
    report = SpendReport(
        requests=3,
        compared_requests=2,
        asked_estimate_nano=3 * 10**9,
        saved_estimate_nano=2 * 10**9,
    )
    assert (
        "saved    2.00 $ (estimate): for 2 requests the models asked for would have"
        " cost 3.00 $"
    ) in text(report)


def test_what_cost_more_than_the_model_asked_for_is_no_saving() -> None:
    report = SpendReport(
        requests=1,
        compared_requests=1,
        asked_estimate_nano=10**9,
        saved_estimate_nano=-(10**9),
    )
    assert "saved    nothing, 1.00 $ more was spent (estimate)" in text(report)


def test_marks_are_counted_in_words() -> None:
    report = SpendReport(requests=3, downgrades=1, escalations=2)
    assert "marked   1 downgrade, 2 escalations" in text(report)


def test_lanes_have_their_share_of_the_requests() -> None:
    lanes = (Share(name="gpt/small", requests=2), Share(name="unlisted", requests=1))
    found = lines(SpendReport(requests=3, by_lane=lanes))
    (small,) = [line for line in found if line.startswith("gpt/small")]
    assert "67 %" in small


def test_routes_that_had_trouble_are_listed_with_their_rates() -> None:
    good = RouteRate(route="a/well", route_class="fast_code", attempts=9)
    bad = RouteRate(
        route="b/ill",
        route_class="fast_code",
        attempts=8,
        failures=2,
        retries=1,
        fallbacks=1,
    )
    found = lines(SpendReport(requests=9), good, bad)
    (row,) = [line for line in found if line.startswith("b/ill")]
    told = " ".join(row.split())
    assert told == "b/ill fast_code 8 2 (25 %) 1 (13 %) 1 (13 %) 0 0"
    assert "a/well" not in "\n".join(found)


def test_a_long_list_of_trouble_is_cut_and_says_so() -> None:
    many = [
        RouteRate(route=f"p/{n}", route_class="c", attempts=1, failures=1)
        for n in range(23)
    ]
    assert (
        lines(SpendReport(requests=23), *many)[-1] == "3 more routes: --json has all."
    )
