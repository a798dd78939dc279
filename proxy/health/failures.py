"""Remembers how each provider last failed, for people to read; it does no I/O.

It takes no route out of use: breakers come with routing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.errors import Failure


class LastFailures:
    """The last failure of each provider since it last answered."""

    def __init__(self) -> None:
        """Start with a clean sheet."""
        self._last: dict[str, Failure] = {}

    def met(self, provider: str, failure: Failure | None) -> None:
        """Fold one outcome in; None is a success and wipes the provider's failure."""
        if failure is None:
            self._last.pop(provider, None)
        else:
            self._last[provider] = failure

    def sentence(self, provider: str) -> str:
        """Return what went wrong last, '' where nothing did."""
        failure = self._last.get(provider)
        return failure.message if failure else ""
