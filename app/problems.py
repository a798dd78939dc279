"""Says what is wrong with the configuration and the record; it mends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import ConfigStore
    from proxy.ledger import Ledger


def problems(config: ConfigStore, ledger: Ledger) -> tuple[str, ...]:
    """Return sentences, none empty: about the configuration, then about the record."""
    current = config.current
    told = (
        current.source_note,
        *map(str, current.problems),
        config.price_problem,
        *_of_record(ledger),
    )
    return tuple(filter(None, told))


def _of_record(ledger: Ledger) -> tuple[str, ...]:
    from proxy.ledger import LedgerError

    try:
        return (*ledger.notes, _lost(ledger.lost))
    except LedgerError as error:  # it could not be opened at all
        return (str(error),)


def _lost(count: int) -> str:
    if not count:
        return ""
    many = "1 entry" if count == 1 else f"{count:,} entries"
    return (
        f"The record lost {many}, because too many waited while the file could not be "
        "written. What those requests cost is in no sum."
    )
