"""What the ledger raises; it needs no database, so everybody may import it."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger could not do what was asked; the text says why, for people."""


class TooNewError(LedgerError):
    """The database was written by a newer Turnout and is left untouched."""
