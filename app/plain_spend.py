"""Spend as lines for people; it knows no other command's result."""

from __future__ import annotations

from collections.abc import Iterable

from app.columns import Column, facts, table
from app.commands.spend import Spend
from proxy.money import show
from proxy.outcomes import RouteRate
from proxy.reports import Share, SpendReport

Lines = tuple[str, ...]

_MOST_ROUTES = 20  # lines of routes that had trouble; --json has all
_AMOUNTS = (
    Column("BILLED", right=True),
    Column("COVERED", right=True),
    Column("LOCAL", right=True),
    Column("UNKNOWN", right=True),
)
_RATES = (
    Column("ROUTE", least=20),
    Column("CLASS"),
    Column("CALLS", right=True),
    Column("FAILED", right=True),
    Column("RETRIED", right=True),
    Column("LEFT", right=True),
    Column("DOWNGRADES", right=True),
    Column("ESCALATIONS", right=True),
)


def spend(result: Spend, since: str) -> Lines:
    """Return the amounts, then their shares; `since` is when it begins, in words."""
    report = result.report
    many = requests(report.requests)
    period = "today" if result.days == 1 else f"in {result.days} days"
    first = f"{many} {period}, since {since}."
    if not report.requests:
        return (first,)
    return (
        first,
        *facts(_pairs(report)),
        "",
        *_shares("CLIENT", report.by_client),
        "",
        *_shares("MODEL", report.by_model),
        *_lanes(report),
        *_rates(result.rates),
    )


def requests(count: int) -> str:
    """Return how many requests, in words."""
    return _many(count, "request")


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def _pairs(report: SpendReport) -> list[tuple[str, str]]:
    pairs = [
        ("billed", show(report.billed_nano)),
        ("covered", f"{show(report.covered_nano)} at list price, by subscriptions"),
        ("local", f"0 $ for {requests(report.local_requests)} on your own machines"),
        ("unknown", f"{requests(report.unknown_requests)} whose cost is not known"),
    ]
    if report.compared_requests:
        pairs.append(("saved", _saved(report)))
    if report.downgrades or report.escalations:
        down = _many(report.downgrades, "downgrade")
        up = _many(report.escalations, "escalation")
        pairs.append(("marked", f"{down}, {up}"))
    return pairs


def _saved(report: SpendReport) -> str:
    """Return the comparison with the models asked for, which is never exact."""
    asked = show(report.asked_estimate_nano)
    saved = report.saved_estimate_nano
    told = show(saved) if saved >= 0 else f"nothing, {show(-saved)} more was spent"
    return (
        f"{told} (estimate): for {requests(report.compared_requests)} the models asked"
        f" for would have cost {asked}"
    )


def _shares(title: str, shares: Iterable[Share]) -> Lines:
    columns = (Column(title, least=20), Column("REQUESTS", right=True), *_AMOUNTS)
    rows = [(share.name, f"{share.requests:,}", *_amounts(share)) for share in shares]
    return table(columns, rows)


def _lanes(report: SpendReport) -> Lines:
    total = sum(share.requests for share in report.by_lane)
    if not total:
        return ()
    columns = (
        Column("LANE", least=20),
        Column("REQUESTS", right=True),
        Column("SHARE", right=True),
        *_AMOUNTS,
    )
    rows = [
        (
            share.name,
            f"{share.requests:,}",
            _percent(share.requests, total),
            *_amounts(share),
        )
        for share in report.by_lane
    ]
    return ("", *table(columns, rows))


def _amounts(share: Share) -> tuple[str, str, str, str]:
    return (
        show(share.billed_nano),
        show(share.covered_nano),
        f"{share.local_requests:,}",
        f"{share.unknown_requests:,}",
    )


def _rates(rates: Iterable[RouteRate]) -> Lines:
    """Return the routes that had trouble or marks, the busiest first."""
    troubled = [
        rate
        for rate in rates
        if rate.failures
        or rate.retries
        or rate.fallbacks
        or rate.downgrades
        or rate.escalations
    ]
    if not troubled:
        return ()
    rows = [
        (
            rate.route,
            rate.route_class,
            f"{rate.attempts:,}",
            _rate(rate.failures, rate),
            _rate(rate.retries, rate),
            _rate(rate.fallbacks, rate),
            f"{rate.downgrades:,}",
            f"{rate.escalations:,}",
        )
        for rate in troubled[:_MOST_ROUTES]
    ]
    left = len(troubled) - len(rows)
    more = (f"{_many(left, 'more route')}: --json has all.",) if left else ()
    return ("", *table(_RATES, rows), *more)


def _rate(count: int, rate: RouteRate) -> str:
    return f"{count:,} ({_percent(count, rate.attempts)})" if count else "0"


def _percent(part: int, whole: int) -> str:
    return f"{(100 * part + whole // 2) // whole} %"
