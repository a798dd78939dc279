"""What the ledger sums in SQL: the questions, and their rows as tallies; it runs none.

Each amount is summed in two parts, whole dollars and the rest, because SQLite's SUM
fails above 63 bits.
"""

from __future__ import annotations

import msgspec
from peewee import JOIN, ColumnBase, Expression, ModelSelect, TextField, fn

from proxy.ledger.tables import AttemptRow, RequestRow, RoutedRow
from proxy.money import NANO_PER_DOLLAR
from proxy.reports import Tally


class _Sums(msgspec.Struct, frozen=True):
    """A row of either question."""

    client: str | None
    provider: str | None
    model: str | None
    lane: str | None
    billing: str | None
    parts: int
    priced: int
    cost_dollars: int | None
    cost_rest: int | None
    requests: int = 0
    unknown: int | None = None
    downgrades: int | None = None
    escalations: int | None = None
    compared: int = 0
    compared_dollars: int | None = None
    compared_rest: int | None = None
    asked_dollars: int | None = None
    asked_rest: int | None = None


def request_sums(since: str, until: str | None) -> ModelSelect[RequestRow]:
    """Ask for requests that ended from `since` until before `until`, by route.

    Their cost is that of the route which came last.
    """
    row = RequestRow
    group = (row.client, row.provider, row.model, row.lane, row.billing)
    whole, answer, asked = row.cost_nano, row.answer_cost_nano, row.asked_cost_nano
    both = whole.is_null(False) & asked.is_null(False)
    # A local answer costs nothing, told or not; an attempt before it may have.
    elsewhere = (fn.COALESCE(row.billing, "") != "local") | answer.is_null(False)
    query = row.select(
        *group,
        fn.COUNT(row.id).alias("parts"),
        fn.COUNT(row.id).alias("requests"),
        fn.COUNT(answer).alias("priced"),
        *_amount(answer, "cost"),
        fn.SUM(fn.IIF(whole.is_null() & elsewhere, 1, 0)).alias("unknown"),
        fn.SUM(row.mark == "downgrade").alias("downgrades"),
        fn.SUM(row.mark == "escalation").alias("escalations"),
        fn.COUNT(fn.IIF(both, 1, None)).alias("compared"),
        *_amount(fn.IIF(both, whole, None), "compared"),
        *_amount(fn.IIF(both, asked, None), "asked"),
    )
    return query.where(_within(row.time, since, until)).group_by(*group)


def attempt_sums(since: str, until: str | None) -> ModelSelect[AttemptRow]:
    """Ask for what those requests spent on attempts before the route that came last."""
    row = AttemptRow
    group = (RoutedRow.client, row.provider, row.model, row.lane, row.billing)
    query = row.select(
        *group,
        fn.COUNT(row.sequence).alias("parts"),
        fn.COUNT(row.cost_nano).alias("priced"),
        *_amount(row.cost_nano, "cost"),
    ).join(RoutedRow, JOIN.LEFT_OUTER, on=RoutedRow.id == row.request)
    return query.where(_within(row.time, since, until)).group_by(*group)


def tally(row: dict[str, object]) -> Tally:
    """Return a row of either question."""
    sums = msgspec.convert(row, _Sums)
    return Tally(
        client=sums.client,
        provider=sums.provider,
        model=sums.model,
        lane=sums.lane,
        billing=sums.billing,
        requests=sums.requests,
        unpriced=sums.parts - sums.priced,
        cost_nano=_nano(sums.cost_dollars, sums.cost_rest),
        unknown=sums.unknown or 0,
        downgrades=sums.downgrades or 0,
        escalations=sums.escalations or 0,
        compared=sums.compared,
        compared_nano=_nano(sums.compared_dollars, sums.compared_rest),
        asked_nano=_nano(sums.asked_dollars, sums.asked_rest),
    )


# Nearly every request has one attempt; only the others are worth taking apart.
RATES = """
WITH period AS (
    SELECT
        sequence, mark, attempts, fallback_chain,
        coalesce(route_class, 'unknown') AS route_class,
        json_array_length(fallback_chain) AS tried
    FROM requests
    WHERE time >= ? AND (? IS NULL OR time < ?)
),
tries AS (
    SELECT
        route_class, mark,
        json_extract(fallback_chain, '$[0]') AS route,
        json_extract(attempts, '$[0].outcome') AS outcome,
        NULL AS before,
        NULL AS after
    FROM period WHERE tried = 1
    UNION ALL
    SELECT
        route_class, mark,
        json_extract(fallback_chain, '$[' || attempt.key || ']'),
        json_extract(attempt.value, '$.outcome'),
        lag(json_extract(fallback_chain, '$[' || attempt.key || ']')) OVER request,
        lead(json_extract(fallback_chain, '$[' || attempt.key || ']')) OVER request
    FROM period, json_each(attempts) AS attempt
    WHERE tried > 1
    WINDOW request AS (PARTITION BY sequence ORDER BY attempt.key)
)
SELECT
    route,
    route_class,
    count(*) AS attempts,
    sum(outcome <> 'ok') AS failures,
    sum(route IS before) AS retries,
    sum(after IS NOT NULL AND after <> route) AS fallbacks,
    sum(after IS NULL AND mark = 'downgrade') AS downgrades,
    sum(after IS NULL AND mark = 'escalation') AS escalations
FROM tries
WHERE outcome IS NOT NULL
GROUP BY route, route_class
"""
"""`proxy.outcomes.rates` in SQL; takes the beginning once and the end twice."""


def _within(time: TextField, since: str, until: str | None) -> Expression:
    begun = time >= since
    return begun if until is None else begun & (time < until)


def _amount(nano: ColumnBase, name: str) -> tuple[ColumnBase, ColumnBase]:
    dollars = nano / NANO_PER_DOLLAR
    return (
        fn.SUM(dollars).alias(f"{name}_dollars"),
        fn.SUM(nano - dollars * NANO_PER_DOLLAR).alias(f"{name}_rest"),
    )


def _nano(dollars: int | None, rest: int | None) -> int:
    return (dollars or 0) * NANO_PER_DOLLAR + (rest or 0)
