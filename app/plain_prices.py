"""Prices as lines for people; it knows no other command's result."""

from __future__ import annotations

from app.columns import Column, table
from app.commands.prices import PriceChanges, PriceList, PriceRow
from proxy.prices.conditions import amount
from proxy.prices.conflicts import Conflict
from proxy.prices.difference import Change, Kind
from proxy.prices.freshness import Freshness

Lines = tuple[str, ...]

_MOST_CHANGES = 40  # lines of a difference; --json has all
_COLUMNS = (
    Column("ROUTE"),
    Column("INPUT", right=True),
    Column("OUTPUT", right=True),
    Column("READ", right=True),
    Column("WRITE", right=True),
    Column("WRITE 1H", right=True),
    Column("STATUS"),
    Column("AGE", right=True),
    Column("SOURCE"),
    Column("CONDITIONS"),
)


def price_list(result: PriceList) -> Lines:
    """Return the table of prices, what contradicts them, and where they are from."""
    if not result.configured:
        return ("No provider is configured, so nothing has a price.",)
    if not result.prices:
        return ("No model has such a price.", *filter(None, (result.note,)))
    contradicted = [row for row in result.prices if row.conflicts]
    lines = [*table(_COLUMNS, map(_cells, result.prices)), ""]
    lines += ["Prices are dollars per million tokens now; estimates, not a bill."]
    lines.append(f"Tracked prices are from {result.snapshot}.")
    if result.note:
        lines.append(result.note)
    if contradicted:
        lines += ["", "Sources differ by over 1 %; the first price counts:"]
        lines += [f"  {_conflict(r, c)}" for r in contradicted for c in r.conflicts]
    return tuple(lines)


def _cells(row: PriceRow) -> tuple[str, ...]:
    if row.price is None:
        return (row.route, *(["unknown"] * 5), row.status.value, "", "", "")
    price = row.price
    told = (
        price.input,
        price.output,
        price.cache_read,
        price.cache_write,
        price.cache_write_1h,
    )
    named = f"{row.source} as {row.priced_as}" if row.priced_as else row.source
    status = f"{row.status}, conflict" if row.conflicts else row.status.value
    return (
        row.route,
        *map(amount, told),
        status,
        "" if row.age_days is None else f"{row.age_days} d",
        "your own word" if row.status is Freshness.OWN else named,
        "; ".join(row.conditions),
    )


def _conflict(row: PriceRow, conflict: Conflict) -> str:
    return (
        f"{row.route}: {conflict.what} {amount(conflict.taken)}, but "
        f"{amount(conflict.other)} by {conflict.source}"
    )


def price_changes(result: PriceChanges, command_path: str) -> Lines:
    """Return what another price document changes and what became of it."""
    if result.before == result.after and not result.changes:
        return ("The document has the prices that are in force already.",)
    lines = [f"{result.before} -> {result.after}", _counts(result)]
    if result.warning:
        lines.append(result.warning)
    if result.changes:
        lines += ["", *_change_lines(result.changes)]
    return (*lines, "", _ending(result, command_path))


def _counts(result: PriceChanges) -> str:
    kinds = [change.kind for change in result.changes]
    told = [f"{kinds.count(kind)} {kind}" for kind in Kind]
    return f"Models: {', '.join(told)}, {result.same} as before."


def _change_lines(changes: tuple[Change, ...]) -> Lines:
    rows = [
        ("!" if change.jump else "", change.kind.value, change.route, change.what)
        for change in changes[:_MOST_CHANGES]
    ]
    columns = (Column("", least=1), Column(""), Column(""), Column(""))
    lines = table(columns, rows, head=False)
    if len(changes) > _MOST_CHANGES:
        lines += (f"and {len(changes) - _MOST_CHANGES} more; --json shows all.",)
    if any(change.jump for change in changes):
        lines += ("! marks a price that changed tenfold or more, or to or from free.",)
    return lines


def _ending(result: PriceChanges, command_path: str) -> str:
    if result.asks:
        more = " and --even-if-smaller" if result.warning else ""
        return f"Nothing was changed. Say --yes{more} as well to take these prices."
    if result.applied:
        return (
            "These prices act from the next request on; earlier requests keep their "
            f"cost. `{command_path} prices undo` goes back."
        )
    return "Nothing was changed."
