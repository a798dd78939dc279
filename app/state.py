"""The gateway's state as the tray, `status` and the event feed show it.

Frozen values, and the two small things needed to wait for a newer one. It measures
nothing and asks nobody: the running gateway fills it in.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.settings.fields import OnQuit
from proxy.catalogue import Billing, Place
from proxy.ledger.rows import Event
from proxy.reports import SpendReport


@dataclass(frozen=True, slots=True)
class Readiness:
    """Can a coding request be sent now?

    `sentence` says so in words; `todo` is what to do where it cannot, else ''.
    """

    ready: bool
    sentence: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class ClientSpend:
    """What one client used today; money in nano-dollars."""

    client: str
    requests: int
    billed_nano: int = 0
    covered_nano: int = 0
    unknown_requests: int = 0


@dataclass(frozen=True, slots=True)
class SpendToday:
    """What was used since local midnight; money in nano-dollars.

    `billed_nano` was metered, `covered_nano` is what a subscription covered at list
    price, `local_requests` cost nothing, `unknown_requests` have no known price.
    `downgrades` ended on a weaker route than they need, `escalations` on a stronger
    one than mode and intent ask for.
    """

    requests: int = 0
    billed_nano: int = 0
    covered_nano: int = 0
    local_requests: int = 0
    unknown_requests: int = 0
    by_client: tuple[ClientSpend, ...] = ()
    downgrades: int = 0
    escalations: int = 0


def spend_today(report: SpendReport) -> SpendToday:
    """Return a day's report as the snapshot carries it: without its models."""
    return SpendToday(
        requests=report.requests,
        billed_nano=report.billed_nano,
        covered_nano=report.covered_nano,
        local_requests=report.local_requests,
        unknown_requests=report.unknown_requests,
        downgrades=report.downgrades,
        escalations=report.escalations,
        by_client=tuple(
            ClientSpend(
                client=share.name,
                requests=share.requests,
                billed_nano=share.billed_nano,
                covered_nano=share.covered_nano,
                unknown_requests=share.unknown_requests,
            )
            for share in report.by_client
        ),
    )


@dataclass(frozen=True, slots=True)
class RestNow:
    """Something that is left alone for now.

    `route` is `provider/model`, '' where all of the provider rests. `until` is when
    that ends (UTC), `sentence` a clause that says why.
    """

    route: str
    until: datetime
    sentence: str


@dataclass(frozen=True, slots=True)
class QuotaNow:
    """One window of a provider's quota, as the provider itself reports it.

    `share` is how much of it is used, from 0 to 1; `resets` when it begins anew (UTC),
    None where the provider does not say. `route` is `provider/model` where the window
    is of one model only, else ''.
    """

    window: str
    share: float
    resets: datetime | None = None
    route: str = ""


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """Whether a provider can be called; `last_failure` is a sentence or ''.

    `rests` is what of it is left alone now, the longest rest first; `quota` its
    windows, the fullest first.
    """

    id: str
    ready: bool
    sentence: str
    place: Place
    billing: Billing
    last_failure: str = ""
    rests: tuple[RestNow, ...] = ()
    quota: tuple[QuotaNow, ...] = ()


class WiringHealth(StrEnum):
    """How a connected client's settings are.

    `drifted`: something else has changed them. `old-port`: they name a port that
    nobody serves on any more. `suspended`: taken back until the next start.
    `not-rewired`: that start has been, and they could not be written again.
    """

    WIRED = "wired"
    DRIFTED = "drifted"
    OLD_PORT = "old-port"
    SUSPENDED = "suspended"
    NOT_REWIRED = "not-rewired"


@dataclass(frozen=True, slots=True)
class WiringNow:
    """One connected client and how its settings are.

    `sentence` says so, `todo` is a command that mends it, '' where nothing is to do.
    `culprit` is the program that changed the settings, '' where that is not known.
    `port` is the one that the settings name.
    """

    client: str
    name: str
    state: WiringHealth
    sentence: str
    todo: str = ""
    culprit: str = ""
    files: tuple[str, ...] = ()
    port: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the gateway.

    `revision` grows with every change. `mode_note` says that a mode acts as another
    one, else ''. `unsaved` counts finished requests whose record is not yet on disk.
    `stopping` marks the last snapshot of a feed whose gateway ends. `time` is the
    moment that all of it is of (UTC), None where that was not noted. `wirings` are the
    connected clients, `on_quit` what Quit does with them.
    """

    revision: int
    version: str
    pid: int
    port: int
    mode: str
    mode_note: str
    readiness: Readiness
    today: SpendToday
    last: Event | None
    requests_open: int
    unsaved: int
    providers: tuple[ProviderHealth, ...]
    problems: tuple[str, ...]
    started: datetime
    stopping: bool = False
    time: datetime | None = None
    wirings: tuple[WiringNow, ...] = ()
    on_quit: OnQuit = OnQuit.ASK


class State(Protocol):
    """The live state object of a running gateway."""

    def snapshot(self) -> Snapshot:
        """Return the state of this moment; cheap, called a few times a second."""
        ...

    async def changed(self, revision: int) -> None:
        """Return as soon as the state's revision is another than `revision`."""
        ...


class Changes:
    """A revision number that can be waited for; one event loop only."""

    def __init__(self) -> None:
        """Start at revision 0."""
        self.revision = 0
        self._moved = asyncio.Event()

    def moved(self) -> None:
        """Count a change and wake everyone who waits."""
        self.revision += 1
        self._moved.set()
        self._moved = asyncio.Event()

    async def after(self, revision: int) -> None:
        """Return as soon as the revision is another than `revision`."""
        while self.revision == revision:
            await self._moved.wait()
