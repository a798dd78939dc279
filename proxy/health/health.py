"""Folds what happens to calls into how providers, routes and quota groups are.

It makes no call and reads no clock; every moment is handed in, in seconds since 1970.
All of it happens on the gateway's loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from proxy.catalogue.provider import LimitsDialect, Provider, Route
from proxy.errors import Failure, FailureKind
from proxy.headers import RawHeader, retry_after
from proxy.health.bounds import make_room
from proxy.health.breaker import ended
from proxy.health.breakers import Breakers
from proxy.health.complaints import Complaint, read_complaint
from proxy.health.failures import LastFailures
from proxy.health.keys import Keys
from proxy.health.latency import Latencies
from proxy.health.limits import PER_MODEL, read_limits
from proxy.health.memory import Memory, read_memory, write_memory
from proxy.health.outlook import GroupOutlook, Outlook, RouteOutlook, WindowOutlook
from proxy.health.quota import OF_A_DAY, held, met
from proxy.health.quotas import Quotas
from proxy.health.signals import Signal
from proxy.routing.condition import Condition, Rest

_T = TypeVar("_T")
_NOBODYS_FAULT: Final = frozenset(
    {FailureKind.CLIENT_GONE, FailureKind.STOPPING, FailureKind.INTERNAL}
)
_MOST_ACCOUNTS: Final = 64
_NO_MONEY: Final = 402
_FIRST_ERROR: Final = 400
_FREE: Final = ":free"

_NOBODY: Final[Mapping[str, float]] = MappingProxyType({})


class Health:
    """What is known of all routes, quota groups and keys.

    `failures` tells how each provider last failed.
    """

    def __init__(self) -> None:
        """Start with everything well; `load` brings back what was known."""
        self.failures = LastFailures()
        self._breakers = Breakers()
        self._quotas = Quotas()
        # By account, for routes that pass the client's own credential on.
        self._own: dict[str, Quotas] = {}
        self._keys = Keys()
        self._latencies = Latencies()

    def condition(
        self, not_ready: Mapping[str, str], now: float, account: str | None = None
    ) -> Condition:
        """Return how everything is at `now`.

        Of limits that were met with clients' own credentials, those of `account` count
        (see `account_of`), which may be ''; all of them where it is None.

        `not_ready` are the providers that cannot be called for other reasons, such as
        a missing key, '' for those that can; those whose key was refused are added.
        """
        refused = self._keys.not_ready(now)
        resting, probes = self._breakers.rests(now)
        resting |= self._keys.rests(now)
        groups: dict[str, Rest] = {}
        pressure = self._quotas.pressure(now)
        for quotas in self._heard(account):
            resting |= quotas.routes_resting(now)
            groups |= quotas.groups_resting(now)
            if quotas is not self._quotas:
                pressure = {**pressure, **quotas.pressure(now)}
        left_alone: Mapping[str, float] = _NOBODY
        if refused:
            # Who is ready has '' there, which says nothing against a refusal.
            others = {each: why for each, why in not_ready.items() if why}
            not_ready = refused | others
            left_alone = {
                each: seconds
                for each, seconds in self._keys.refusing(now).items()
                if each not in others
            }
        return Condition(
            not_ready=not_ready,
            refused=left_alone,
            routes=resting,
            groups=groups,
            pressure=pressure,
            latency_ms=self._latencies.medians(now),
            # A route that rests for another reason is not to be tried either.
            probes=probes.difference(resting) if probes else probes,
        )

    def began(self, route_name: str, now: float) -> bool:
        """Take note that a route is about to be called.

        Returns False where it is open, or another request is its one probe: then the
        call should not be made unless the user has named the route himself.
        """
        return self._breakers.began(route_name, now)

    def answered(self, route_name: str, now: float) -> None:
        """Take note that a good answer began, so that a long one holds no probe up."""
        self._breakers.answered(route_name, now)

    def reached(self, provider_id: str, now: float) -> None:
        """Take note that a server which could not be reached answers again.

        Its routes may be used at once; what else is held against them stays.
        """
        self._breakers.reached(provider_id, now)

    def ended(
        self,
        route: Route,
        failure: Failure | None,
        *,
        headers: Iterable[RawHeader] = (),
        body: bytes | None = None,
        first_byte_ms: int | None = None,
        account: str = "",
        now: float,
    ) -> None:
        """Fold the end of a call in; None for `failure` is a whole answer.

        `headers` are the answer's, empty where none came; `body` is that of an error
        answer, None otherwise; `first_byte_ms` None where no good answer began.
        `account` is whose credential the client brought (see `account_of`), which
        matters only where it was sent on.
        """
        headers = tuple(headers)
        wait = _wait(failure, headers, now)
        self._breakers.ended(route.name, ended(failure, wait), now)
        if first_byte_ms is not None:
            self._latencies.add(route.name, first_byte_ms, now)
        signals = read_limits(route.provider.limits, headers, now)
        quotas = self._of(route, account)
        _hear(quotas, route, signals, now)
        if failure is None:
            self._keys.served(route.provider.id, route.name)
            quotas.served(route.quota_group, route.name, now)
        elif failure.kind is FailureKind.RATE_LIMITED:
            complaint = read_complaint(body, route.model_id, now)
            if complaint.money and not _clients_own(route):
                status = failure.status or _NO_MONEY
                self._keys.refused(
                    route.provider.id, status, route.name, now, money=True
                )
            else:
                _limited(quotas, route, complaint, signals, wait, now)
        elif failure.kind is FailureKind.AUTH and not _clients_own(route):
            status = failure.status or 401
            money = status == _NO_MONEY
            self._keys.refused(route.provider.id, status, route.name, now, money=money)
        if failure is None or failure.kind not in _NOBODYS_FAULT:
            self.failures.met(route.provider.id, failure)

    def forget(self, provider: Provider) -> None:
        """Forget what was held against a provider's account: its key has changed."""
        self._keys.forget(provider.id)
        for quotas in self._heard(None):
            quotas.forget(provider.quota or provider.id)

    def last_failure(self, provider_id: str) -> str:
        """Return how a provider last failed since it last answered, '' if not."""
        return self.failures.sentence(provider_id)

    def overview(self, now: float) -> Outlook:
        """Return how everything is, for people to read."""
        resting, probes = self._breakers.rests(now)
        resting |= self._keys.rests(now)
        latencies = self._latencies.quantiles(now)
        groups: dict[str, Rest] = {}
        windows: dict[str, tuple[WindowOutlook, ...]] = {}
        for quotas in self._heard(None):
            resting |= quotas.routes_resting(now)
            groups |= quotas.groups_resting(now)
            windows |= quotas.windows(now)
        return Outlook(
            routes=tuple(
                RouteOutlook(
                    name,
                    self._breakers.state(name, now),
                    resting[name].seconds if name in resting else 0.0,
                    resting[name].sentence if name in resting else "",
                    latencies.get(name),
                )
                for name in sorted({*resting, *probes, *latencies})
            ),
            groups=tuple(
                GroupOutlook(
                    name,
                    groups[name].seconds if name in groups else 0.0,
                    groups[name].sentence if name in groups else "",
                    windows.get(name, ()),
                )
                for name in sorted({*groups, *windows})
            ),
            keys=self._keys.outlook(now),
        )

    def export(self) -> bytes:
        """Return what lasts over a restart, for `load`: numbers and names only.

        Where the same is known it is the same bytes. What was met with a client's own
        credential is not in it.
        """
        routes, groups, windows = self._quotas.kept()
        return write_memory(
            Memory(
                breakers=_sorted(self._breakers.kept()),
                routes=_sorted(routes),
                groups=_sorted(groups),
                keys=_sorted(self._keys.kept()),
                windows=tuple(
                    sorted(
                        windows, key=lambda each: (each.group, each.route, each.window)
                    )
                ),
            )
        )

    def load(self, data: bytes, now: float) -> None:
        """Take in what `export` returned; of what is damaged or over, nothing.

        What is known later than it was noted there stays.
        """
        memory = read_memory(data, now)
        self._breakers.restore(memory.breakers, now)
        # A key in the environment is changed by a restart; an empty account is not.
        owing = {name: each for name, each in memory.keys.items() if each.money}
        self._keys.restore(owing)
        self._quotas.restore(memory.routes, memory.groups, memory.windows, now)

    def _of(self, route: Route, account: str) -> Quotas:
        """Return what is known of the limits that a call of `route` meets."""
        if not _clients_own(route):
            return self._quotas
        # The one heard of last stands last: it is what people are shown.
        quotas = self._own.pop(account, None) or Quotas()
        if len(self._own) >= _MOST_ACCOUNTS:
            make_room(self._own)
        self._own[account] = quotas
        return quotas

    def _heard(self, account: str | None) -> Iterator[Quotas]:
        yield self._quotas
        if account is None:
            yield from self._own.values()
        elif account in self._own:
            yield self._own[account]


def _hear(
    quotas: Quotas, route: Route, signals: tuple[Signal, ...], now: float
) -> None:
    of_route = route.name if _each_model(route) else ""
    found = (held(route.quota_group, of_route, each, now) for each in signals)
    quotas.heard((each for each in found if each is not None), now)


def _limited(
    quotas: Quotas,
    route: Route,
    complaint: Complaint,
    signals: tuple[Signal, ...],
    wait: float | None,
    now: float,
) -> None:
    used_up = [each for each in signals if each.exhausted]
    last = max(used_up, key=lambda each: each.ends(now), default=None)
    if wait is None:
        wait = complaint.wait
    if wait is None and last is not None and last.resets is not None:
        wait = last.resets - now
    window = last.window if last else ""
    least = OF_A_DAY if complaint.daily else 0.0
    alone = complaint.one_model or any(each.one_model for each in used_up)
    if alone or _each_model(route):
        old = quotas.route(route.name)
        rest = met(old, wait, now, window=window, least=least)
        quotas.rest_route(route.name, rest)
    else:
        old = quotas.group(route.quota_group)
        rest = met(old, wait, now, window=window, least=least)
        quotas.rest_group(route.quota_group, rest)


def _sorted(entries: Mapping[str, _T]) -> dict[str, _T]:
    return dict(sorted(entries.items()))


def _wait(
    failure: Failure | None, headers: tuple[RawHeader, ...], now: float
) -> float | None:
    if failure is None:
        return None
    if failure.retry_after is not None:
        return failure.retry_after
    # A good answer's headers tell of later calls, not of what broke this one.
    refused = failure.status is not None and failure.status >= _FIRST_ERROR
    return retry_after(headers, now) if refused else None


def _each_model(route: Route) -> bool:
    """Say whether the limit that a call meets is its model's, not its account's.

    Not where the model has a quota group of its own: that is then the limit.
    """
    if route.quota_group not in {route.provider.quota, route.provider.id}:
        return False
    limits = route.provider.limits
    free = limits is LimitsDialect.OPENROUTER and route.model_id.endswith(_FREE)
    return free or limits in PER_MODEL


def _clients_own(route: Route) -> bool:
    return route.provider.key.kind == "client"
