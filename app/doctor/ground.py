"""Everything the doctor looked up, as one frozen value that the checks judge.

It must not look anything up itself and holds no key: references and addresses only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The window judges the tray by this module and needs no database for it.
    from app.keeping import KeeperStatus
    from proxy.ledger.checkup import Checkup


class Port(StrEnum):
    """Who answered on the gateway's port.

    `nobody` refused, `silent` took the connection and said nothing, `other` is a
    program that is not Turnout.
    """

    TURNOUT = "turnout"
    NOBODY = "nobody"
    SILENT = "silent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GatewayGround:
    """The gateway of this home.

    `port` is the configured one, `served` the one that is served now, None where
    nothing is. `holder` is the clause that names who has the port, where that is not
    us. `control` says that the control socket answers. `open_folders` are our folders
    that others may look into.
    """

    port: int
    answer: Port
    control: bool
    served: int | None = None
    keeper: KeeperStatus | None = None
    holder: str = ""
    problems: tuple[str, ...] = ()
    config_file: str = ""
    open_folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WiredGround:
    """A client that Turnout has connected: when, to which port, and last seen when."""

    client: str
    name: str
    since: datetime
    port: int
    seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class AwayGround:
    """A client that is disconnected until Turnout's next start.

    `why` is the sentence why that start did not connect it again, '' where none tried.
    """

    client: str
    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class DriftGround:
    """A key of ours that somebody changed in a client's file; `sentence` says how."""

    client: str
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class OverrideGround:
    """A place that wins over what Turnout wrote for a connected client."""

    client: str
    name: str
    where: str
    line: str
    sentence: str
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class ClientsGround:
    """The connected clients; `unfinished` names those whose files are half done.

    `problem` is a sentence where the list of them cannot be read. `away` are those that
    Quit took back until the next start.
    """

    wired: tuple[WiredGround, ...] = ()
    drifts: tuple[DriftGround, ...] = ()
    overrides: tuple[OverrideGround, ...] = ()
    unfinished: tuple[str, ...] = ()
    problem: str = ""
    away: tuple[AwayGround, ...] = ()


@dataclass(frozen=True, slots=True)
class Probed:
    """What a provider's free request came to.

    `status` is 0 where nothing came back, and `trouble` is then the sentence why. `ms`
    is how long it took.
    """

    status: int = 0
    trouble: str = ""
    ms: int = 0


@dataclass(frozen=True, slots=True)
class ProviderGround:
    """One configured provider.

    `key` is the reference as `config.toml` has it, `why_not` the clause that says why
    there is no key, '' where there is one or none is needed. `probed` is None where it
    was not asked. `here` says
    that it runs on this machine.
    """

    id: str
    key: str
    why_not: str = ""
    probed: Probed | None = None
    last_failure: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True)
class ShellKey:
    """A variable that a shell's start-up file sets: `~/.zshrc, line 12`.

    `at_login` says that the login session reads that file, and not a shell.
    """

    variable: str
    where: str
    at_login: bool = False


@dataclass(frozen=True, slots=True)
class PricesGround:
    """The prices of the configured models, counted by what their age says."""

    models: int = 0
    stale: int = 0
    unverified: int = 0
    untracked: int = 0
    oldest_days: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ProvidersGround:
    """The providers; `shells` are keys in shell files, None where nobody looked.

    `unit` says that the gateway is a systemd unit, which sees no shell's variables.
    `terminal` are variables with a key that only the terminal has which asks.
    """

    providers: tuple[ProviderGround, ...] = ()
    offline: bool = False
    unit: bool = False
    shells: tuple[ShellKey, ...] | None = None
    terminal: tuple[str, ...] = ()
    prices: PricesGround = PricesGround()


@dataclass(frozen=True, slots=True)
class RecordGround:
    """The ledger; `trouble` says why it cannot be used, `notes` what it found.

    `unsaved` finished requests wait to be written, `lost` ones never will be.

    `chain` says where the chain of consents is broken, '' where it is whole or there
    is none.
    """

    checkup: Checkup
    sqlite: str
    sqlite_old: bool = False
    sqlite_least: str = ""
    trouble: str = ""
    notes: tuple[str, ...] = ()
    unsaved: int = 0
    lost: int = 0
    chain: str = ""


@dataclass(frozen=True, slots=True)
class ProxyGround:
    """A web proxy in the environment: `shown` without a password, and who uses it."""

    variable: str
    shown: str
    providers: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class SystemGround:
    """The machine: space in bytes, clock, open files, proxies and certificates.

    `ahead` is how far this clock is ahead of a provider's (negative: behind), None
    where none answered; `future` how far the newest of our own files lies ahead of this
    clock. `elsewhere` are variables for certificates that Turnout does not read.
    """

    free: int | None = None
    folder: str = ""
    ahead: timedelta | None = None
    future: timedelta = timedelta(0)
    files: int | None = None
    proxies: tuple[ProxyGround, ...] = ()
    no_proxy: str = ""
    certificates: tuple[str, ...] = ()
    certificate_problems: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    system_store: bool = True


class Tray(StrEnum):
    """Whether the desktop shows tray icons; `unknown` is the honest word of a shell."""

    THERE = "there"
    MISSING = "missing"
    HEADLESS = "headless"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DesktopGround:
    """The session: start at login, tray and keyring.

    `autostart` says in words what starts Turnout, '' where nothing does, None where it
    cannot be told on this system. `keyring` is the backend's name, '' where it did not
    answer; `needed` says that a provider's key is kept there.
    """

    autostart: str | None = ""
    tray: Tray = Tray.UNKNOWN
    gnome: bool = False
    keyring: str = ""
    keyring_usable: bool | None = None
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """All of it, at `now` (UTC); `command` is how Turnout is typed here."""

    now: datetime
    command: str
    gateway: GatewayGround
    clients: ClientsGround
    providers: ProvidersGround
    record: RecordGround
    system: SystemGround
    desktop: DesktopGround
