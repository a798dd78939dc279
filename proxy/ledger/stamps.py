"""How the ledger writes a time; nothing else."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(time: datetime) -> str:
    """Return a time as the ledger writes it: UTC, microseconds, of constant width.

    Raises:
        ValueError: `time` names no zone.
    """
    if time.tzinfo is None:
        raise ValueError("a time in the ledger must name its zone")
    return (
        f"{time.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'microseconds')}Z"
    )
