"""Providers that refused our key or have no credit left; it knows no key itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy.health.bounds import MOST, make_room
from proxy.health.outlook import KeyOutlook
from proxy.health.quota import KeyRefusal, refused
from proxy.health.sentences import key_clause
from proxy.routing.condition import Rest, RestKind


class Keys:
    """The refusals by provider, until they are over or a call succeeds."""

    def __init__(self) -> None:
        """Start with none."""
        self._refusals: dict[str, KeyRefusal] = {}

    def refused(
        self, provider: str, status: int, route: str, now: float, *, money: bool
    ) -> None:
        """Take note of a refusal of our key on `route`."""
        if provider not in self._refusals and len(self._refusals) >= MOST:
            make_room(self._refusals)
        old = self._refusals.get(provider)
        self._refusals[provider] = refused(old, status, route, now, money=money)

    def served(self, provider: str, route: str) -> None:
        """Take note of a success: a refusal that it disproves is forgotten."""
        refusal = self._refusals.get(provider)
        if refusal and (refusal.whole or route in refusal.routes):
            del self._refusals[provider]

    def forget(self, provider: str) -> None:
        """Forget a provider's refusal: its key is another now."""
        self._refusals.pop(provider, None)

    def not_ready(self, now: float) -> dict[str, str]:
        """Return the providers that cannot be called, each with a clause why."""
        return {
            provider: key_clause(refusal)
            for provider, refusal in self._refusals.items()
            if refusal.whole and refusal.holds(now)
        }

    def refusing(self, now: float) -> dict[str, float]:
        """Return the same providers, each with the seconds it is left alone."""
        return {
            provider: refusal.until - now
            for provider, refusal in self._refusals.items()
            if refusal.whole and refusal.holds(now)
        }

    def rests(self, now: float) -> dict[str, Rest]:
        """Return the single routes that refused the key."""
        return {
            refusal.routes[0]: Rest(
                RestKind.BREAKER, refusal.until - now, key_clause(refusal)
            )
            for refusal in self._refusals.values()
            if not refusal.whole and refusal.routes and refusal.holds(now)
        }

    def outlook(self, now: float) -> tuple[KeyOutlook, ...]:
        """Return the refusals that hold, for people to read."""
        return tuple(
            KeyOutlook(provider, refusal.until - now, key_clause(refusal))
            for provider, refusal in sorted(self._refusals.items())
            if refusal.holds(now)
        )

    def kept(self) -> Mapping[str, KeyRefusal]:
        """Return all of them: they last over a restart."""
        return MappingProxyType(self._refusals)

    def restore(self, refusals: Mapping[str, KeyRefusal]) -> None:
        """Take in what was kept, but for what is known later than that."""
        for provider, refusal in refusals.items():
            known = self._refusals.get(provider)
            if known is None or refusal.since > known.since:
                self._refusals[provider] = refusal
