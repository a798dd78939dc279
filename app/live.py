"""The running gateway's state, kept current for the tray, `status` and the feed.

It counts nothing itself that the ledger can sum, and asks the ledger at most a few
times a second however many requests end.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.commands.spend import start_of_day
from app.settings.fields import OnQuit
from app.state import (
    Changes,
    ProviderHealth,
    QuotaNow,
    Readiness,
    RestNow,
    Snapshot,
    SpendToday,
    spend_today,
)
from proxy.ledger import LedgerError
from proxy.routing import PRACTICE, Mode
from proxy.secrets import SERVICE
from proxy.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.state import WiringNow
    from proxy.catalogue import KeyRef, Provider
    from proxy.health import Health, Outlook
    from proxy.ledger import Event, Ledger
    from proxy.pipeline import Config
    from proxy.recorder import Clock

PAUSE = 0.25
"""Seconds between two looks into the ledger."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the live state is read from; each is asked when a snapshot is made.

    `command` is how Turnout is typed on this machine.
    """

    version: str
    port: int
    config: Callable[[], Config]
    problems: Callable[[], tuple[str, ...]]
    mode_note: Callable[[], str]
    open_requests: Callable[[], int]
    command: str = "turnout"
    wirings: Callable[[], tuple[WiringNow, ...]] = tuple
    on_quit: Callable[[], OnQuit] = lambda: OnQuit.ASK


class LiveState:
    """The `State` of a gateway that serves."""

    def __init__(
        self, sources: Sources, ledger: Ledger, health: Health, clock: Clock
    ) -> None:
        """Start with an empty day; `refresh` fills it."""
        self._sources = sources
        self._ledger = ledger
        self._known = health
        self._clock = clock
        self._changes = Changes()
        self._started = clock.now()
        self._today = SpendToday()
        self._day = start_of_day(self._started)
        self._last: Event | None = None
        self._looking = False
        self._again = False
        self._stopping = False
        self._ends: datetime | None = None

    def snapshot(self) -> Snapshot:
        """Return the state of this moment."""
        config = self._sources.config()
        now = self._clock.now()
        providers = _health(config, self._known, now)
        # Nothing else says that a rest is over or a window begins anew.
        self._ends = min(
            (end for each in providers for end in _ends(each) if end > now),
            default=None,
        )
        return Snapshot(
            revision=self._changes.revision,
            version=self._sources.version,
            pid=os.getpid(),
            port=self._sources.port,
            mode=config.mode,
            mode_note=self._sources.mode_note(),
            readiness=self._readiness(config, providers),
            today=self._today,
            last=self._last,
            requests_open=self._sources.open_requests(),
            unsaved=self._ledger.unsaved,
            providers=providers,
            problems=self._sources.problems(),
            started=self._started,
            stopping=self._stopping,
            time=now,
            wirings=self._sources.wirings(),
            on_quit=self._sources.on_quit(),
        )

    def _readiness(
        self, config: Config, providers: tuple[ProviderHealth, ...]
    ) -> Readiness:
        if self._stopping:
            return Readiness(False, "The gateway is stopping.", "Start Turnout again.")
        return _readiness(config, providers, self._sources.command)

    async def changed(self, revision: int) -> None:
        """Return as soon as the revision is another than `revision`."""
        await self._changes.after(revision)

    def moved(self) -> None:
        """Say that something in the snapshot has changed."""
        self._changes.moved()

    def stop(self) -> None:
        """Say that this gateway ends."""
        self._stopping = True
        self.moved()

    def request_finished(self) -> None:
        """Look into the ledger soon; many calls make few looks."""
        if self._looking:
            self._again = True
            return
        self._looking = True
        _ = spawn(self._look(), "state")

    async def refresh(self) -> None:
        """Read today's sums and the last request from the ledger.

        While it cannot be read, what was known stays.
        """
        self._day = start_of_day(self._clock.now())
        try:
            report = await self._ledger.spend_today(self._day)
            recent = await self._ledger.recent(1)
        except LedgerError:
            _log.warning("The ledger cannot be read; today's sums may be old.")
            return
        self._today = spend_today(report)
        self._last = recent[0] if recent else None
        self.moved()

    def look_at_the_day(self) -> None:
        """Begin a new day's sums where midnight has passed without a request.

        A rest or a quota's window that has ended since is a change too.
        """
        now = self._clock.now()
        if start_of_day(now) != self._day:
            self.request_finished()
        elif self._ends is not None and now >= self._ends:
            self._ends = None
            self.moved()

    async def _look(self) -> None:
        try:
            while True:
                self._again = False
                await self.refresh()
                await asyncio.sleep(PAUSE)
                # A gateway that ends closes its ledger.
                if self._stopping or not self._again:
                    return
        finally:
            self._looking = False


def _health(config: Config, known: Health, now: datetime) -> tuple[ProviderHealth, ...]:
    configured = config.catalogue.providers
    moment = now.timestamp()
    outlook = known.overview(moment)
    refused = known.condition({}, moment).not_ready
    return tuple(
        _provider_health(
            provider,
            config.not_ready.get(provider.id, "") or refused.get(provider.id, ""),
            known.last_failure(provider.id),
            _Condition(provider, outlook, now, provider.id in refused),
        )
        for provider in (configured or (PRACTICE,))
    )


@dataclass(frozen=True, slots=True)
class _Condition:
    """What is known of one provider at a moment; `refused`: none of it takes our key.

    Its quota groups are its own and those that only some of its models draw on.
    """

    provider: Provider
    outlook: Outlook
    now: datetime
    refused: bool

    @property
    def rests(self) -> tuple[RestNow, ...]:
        """What rests of it, the longest first."""
        found = sorted(self._rests(), key=lambda each: each.until, reverse=True)
        return tuple(found)

    def _rests(self) -> Iterator[RestNow]:
        for key in self.outlook.keys:
            if self.refused and key.provider == self.provider.id:
                yield RestNow("", self._in(key.seconds), key.sentence)
        groups = self._groups()
        for group in self.outlook.groups:
            if group.seconds > 0 and group.group in groups:
                until = self._in(group.seconds)
                yield RestNow(groups[group.group], until, group.sentence)
        own = f"{self.provider.id}/"
        for route in self.outlook.routes:
            if route.seconds > 0 and route.route.startswith(own):
                until = self._in(route.seconds)
                yield RestNow(route.route, until, route.sentence)

    @property
    def quota(self) -> tuple[QuotaNow, ...]:
        """Its windows, the fullest first."""
        groups = self._groups()
        found = [
            QuotaNow(
                window.window,
                window.share,
                None if window.resets_in is None else self._in(window.resets_in),
                window.route or groups[group.group],
            )
            for group in self.outlook.groups
            if group.group in groups
            for window in group.windows
        ]
        return tuple(sorted(found, key=lambda each: -each.share))

    def _groups(self) -> dict[str, str]:
        """Return its groups, with the route for which each stands: '' for all."""
        of_models = {
            model.quota: f"{self.provider.id}/{model.id}"
            for model in reversed(self.provider.models)
            if model.quota
        }
        return of_models | {self.provider.quota or self.provider.id: ""}

    def _in(self, seconds: float) -> datetime:
        """Return the moment `seconds` from now: whole, so that it stays the same."""
        until = (self.now + timedelta(seconds=seconds)).timestamp()
        return datetime.fromtimestamp(round(until), UTC)


def _ends(provider: ProviderHealth) -> Iterator[datetime]:
    """Yield when something that is shown of a provider ends."""
    for rest in provider.rests:
        yield rest.until
    for window in provider.quota:
        if window.resets is not None:
            yield window.resets


def _provider_health(
    provider: Provider, why_not: str, last_failure: str, condition: _Condition
) -> ProviderHealth:
    if why_not:
        sentence = f"Not ready: {why_not}."
    elif provider.key.kind == "client":
        sentence = "Ready with the client's own login."
    else:
        sentence = "Ready."
    return ProviderHealth(
        id=provider.id,
        ready=not why_not,
        sentence=sentence,
        place=provider.place,
        billing=provider.billing,
        last_failure=last_failure,
        rests=condition.rests,
        quota=condition.quota,
    )


def _readiness(
    config: Config, providers: tuple[ProviderHealth, ...], command: str
) -> Readiness:
    if not config.catalogue.providers:
        return Readiness(
            True,
            "Requests are answered by the practice provider: simulated, no model.",
            "Add a provider to config.toml to reach a real model.",
        )
    ready = [provider for provider in providers if provider.ready]
    offline = config.mode is Mode.OFFLINE
    if offline:
        ready = [p for p in ready if _local_route(config, p.id)]
    if ready and all(provider.last_failure for provider in ready):
        # Ready all the same: whether it is mended shows the next call only.
        return Readiness(
            True,
            f"Ready, but the last call failed: {ready[0].last_failure}",
            f"{command} explain last says what was tried.",
        )
    if ready:
        return _can_send(ready, " on this machine" if offline else "", command)
    if offline:
        return Readiness(
            False,
            "No model on this machine can take a request, and the mode is offline.",
            "Switch the mode to direct, or add a provider that runs on this machine.",
        )
    sentence = "No provider can take a request now."
    first = config.catalogue.providers[0]
    why = config.not_ready.get(first.id, "")
    if not why:
        told = providers[0].sentence.removeprefix("Not ready: ")
        todo = f"Look after the account of {first.id}: {told}"
        return Readiness(False, sentence, todo)
    return Readiness(False, sentence, _to_mend(first.key, why, command))


def _can_send(ready: list[ProviderHealth], where: str, command: str) -> Readiness:
    """Say to whom requests can be sent; who rests as a whole is named apart."""
    awake = [each.id for each in ready if not _rest(each)]
    resting = [each for each in ready if _rest(each)]
    if not awake:
        first = min(resting, key=_until)
        return Readiness(
            True,
            f"Ready, but every provider is left alone for a while: {first.id} is tried "
            f"all the same, though {_rest(first)}.",
            f"{command} explain last says what was tried.",
        )
    sentence = f"Requests can be sent{where}: {', '.join(awake)}."
    if resting:
        rest = "rests" if len(resting) == 1 else "rest"
        sentence += f" {', '.join(each.id for each in resting)} {rest} for a while."
    return Readiness(True, sentence)


def _rest(provider: ProviderHealth) -> str:
    """Return why all of a provider rests, '' where it does not."""
    return next((each.sentence for each in provider.rests if not each.route), "")


def _until(provider: ProviderHealth) -> datetime:
    """Return when all of it may be tried again."""
    return max(each.until for each in provider.rests if not each.route)


def _to_mend(key: KeyRef, why: str, command: str) -> str:
    """Return what to do so that a provider's key is there; `why` says why not."""
    if key.kind == "env":
        # A restart would not do: the keeper hands its own environment down.
        return (
            f"Set {key.name} to the provider's key where Turnout is started, then "
            f"{command} stop and start it again."
        )
    if "did not answer" in why:
        return "Unlock the system keyring; the key is taken as soon as it answers."
    if "no system keyring" in why:
        return 'Give the key as key = "env:NAME" in config.toml instead.'
    return (
        f"Put the provider's key into the system keyring (service {SERVICE}, user "
        f"{key.name}), then {command} restart."
    )


def _local_route(config: Config, provider_id: str) -> bool:
    provider = config.catalogue.provider(provider_id)
    if provider is None:
        return False
    places = {model.place or provider.place for model in provider.models}
    if provider.any_model or not provider.models:
        places.add(provider.place)
    return "this-machine" in places
