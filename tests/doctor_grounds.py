"""What the doctor may find: a machine in order, and one thing after the other amiss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.doctor.ground import (
    AwayGround,
    ClientsGround,
    DesktopGround,
    DriftGround,
    GatewayGround,
    Ground,
    OverrideGround,
    Port,
    PricesGround,
    Probed,
    ProviderGround,
    ProvidersGround,
    ProxyGround,
    RecordGround,
    ShellKey,
    SystemGround,
    Tray,
    WiredGround,
)
from app.doctor.judging import judged
from app.doctor.report import Report
from app.keeping import KeeperStatus
from proxy.ledger.checkup import Checkup

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CODE = WiredGround(
    client="claude-code",
    name="Claude Code",
    since=NOW - timedelta(days=2),
    port=8787,
    seen=NOW - timedelta(minutes=4),
)
OPENAI = ProviderGround("openai", "env:OPENAI_API_KEY", probed=Probed(200, ms=231))
OLLAMA = ProviderGround("ollama", "none", probed=Probed(200, ms=3), here=True)
SOUND_FILE = Checkup(
    exists=True, size=1_240_000, version=3, newest=3, sound=True, counts=(("a", 812),)
)

SOUND = Ground(
    now=NOW,
    command="turnout",
    gateway=GatewayGround(
        port=8787,
        answer=Port.TURNOUT,
        control=True,
        served=8787,
        keeper=KeeperStatus(7, 8787, True, 0, 8),
        config_file="/home/example/.config/turnout/config.toml",
    ),
    clients=ClientsGround(wired=(CODE,)),
    providers=ProvidersGround((OPENAI, OLLAMA)),
    record=RecordGround(SOUND_FILE, "3.40.1"),
    system=SystemGround(
        free=71_600_000_000,
        folder="/home/example/.local/share/turnout",
        ahead=timedelta(seconds=1),
        files=20_000,
    ),
    desktop=DesktopGround(
        autostart="The desktop's autostart entry",
        tray=Tray.THERE,
        keyring="SecretService Keyring",
        keyring_usable=True,
    ),
)


def gateway(**changed: object) -> Ground:
    """A sound machine with another gateway."""
    return replace(SOUND, gateway=replace(SOUND.gateway, **changed))  # type: ignore[arg-type]


def clients(**changed: object) -> Ground:
    """A sound machine with other clients."""
    return replace(SOUND, clients=replace(SOUND.clients, **changed))  # type: ignore[arg-type]


def client(**changed: object) -> Ground:
    """A sound machine whose one client is otherwise."""
    return clients(wired=(replace(CODE, **changed),))  # type: ignore[arg-type]


def providers(*each: ProviderGround, **changed: object) -> Ground:
    """A sound machine with other providers."""
    found = replace(SOUND.providers, providers=each, **changed)  # type: ignore[arg-type]
    return replace(SOUND, providers=found)


def prices(**changed: object) -> Ground:
    """A sound machine with other prices."""
    return providers(OPENAI, prices=PricesGround(models=9, **changed))  # type: ignore[arg-type]


def record(**changed: object) -> Ground:
    """A sound machine with another record."""
    return replace(SOUND, record=replace(SOUND.record, **changed))  # type: ignore[arg-type]


def checkup(**changed: object) -> Ground:
    """A sound machine with another file of the record."""
    return record(checkup=replace(SOUND_FILE, **changed))  # type: ignore[arg-type]


def system(**changed: object) -> Ground:
    """A sound machine, but for the machine."""
    return replace(SOUND, system=replace(SOUND.system, **changed))  # type: ignore[arg-type]


def desktop(**changed: object) -> Ground:
    """A sound machine with another session."""
    return replace(SOUND, desktop=replace(SOUND.desktop, **changed))  # type: ignore[arg-type]


def _openai(**changed: object) -> ProviderGround:
    return replace(OPENAI, **changed)  # type: ignore[arg-type]


_STARTING = KeeperStatus(7, 8787, ready=False, failures=0)
_FAILING = KeeperStatus(7, 8787, ready=False, failures=3)
_NO_KEY = "environment variable OPENAI_API_KEY is not set where the gateway runs"
_KEYLESS = _openai(why_not=_NO_KEY, probed=None)
_DOWN = {"answer": Port.NOBODY, "control": False, "served": None}
_SOCKS = ProxyGround("ALL_PROXY", "socks5://proxy.example:1080", ("openai",), "it is X")

AMISS: Mapping[str, tuple[str, str, Ground]] = {
    "down": ("gateway-down", "problem", gateway(**_DOWN, keeper=None)),
    "failing": ("gateway-down", "problem", gateway(**_DOWN, keeper=_FAILING)),
    "starting": ("gateway-down", "problem", gateway(**_DOWN, keeper=_STARTING)),
    "deaf": ("control-silent", "problem", gateway(control=False)),
    "hanging": (
        "control-silent",
        "problem",
        gateway(answer=Port.SILENT, control=False),
    ),
    "taken": (
        "port-taken",
        "problem",
        gateway(
            answer=Port.OTHER,
            control=False,
            served=None,
            keeper=None,
            holder="rserver (process 12)",
        ),
    ),
    "another turnout": ("port-taken", "problem", gateway(control=False, keeper=None)),
    "moved": ("port-differs", "warning", gateway(port=8888)),
    "config": (
        "config-problem",
        "warning",
        gateway(problems=("Line 3: no such key.", "Line 4: neither.")),
    ),
    "open": ("folders-open", "warning", gateway(open_folders=("/h/logs",))),
    "nobody": ("no-client", "note", clients(wired=())),
    "away": (
        "no-client",
        "note",
        clients(wired=(), away=(AwayGround("codex", "Codex"),)),
    ),
    "not rewired": (
        "no-client",
        "warning",
        clients(wired=(), away=(AwayGround("codex", "Codex", "It was not. X."),)),
    ),
    "journal": ("wiring-unfinished", "problem", clients(problem="It is unreadable.")),
    "half": ("wiring-unfinished", "problem", clients(unfinished=("Codex",))),
    "unseen": (
        "client-not-seen",
        "warning",
        client(since=NOW - timedelta(hours=3), seen=NOW - timedelta(days=9)),
    ),
    "young": (
        "client-not-seen",
        "note",
        client(since=NOW - timedelta(minutes=3), seen=None),
    ),
    "other port": ("client-not-seen", "problem", client(port=8788)),
    "drift": (
        "drift",
        "warning",
        clients(
            drifts=(
                DriftGround("claude-code", "Claude Code", "The address is gone."),
                DriftGround("claude-code", "Claude Code", "The header is gone."),
            )
        ),
    ),
    "override": (
        "override",
        "problem",
        clients(
            overrides=(
                OverrideGround(
                    "claude-code",
                    "Claude Code",
                    "~/.zshrc, line 3",
                    "export CLAUDE_CODE_USE_VERTEX=1",
                    "It calls Google Vertex AI and no other address.",
                ),
            )
        ),
    ),
    "mild override": (
        "override",
        "note",
        clients(
            overrides=(
                OverrideGround("codex", "Codex", "a file", "", "It is X.", False),
            )
        ),
    ),
    "practice": ("no-provider", "note", providers()),
    "keyless": ("key-missing", "problem", providers(_KEYLESS)),
    "keyless beside another": ("key-missing", "warning", providers(_KEYLESS, OLLAMA)),
    "unit": ("key-missing", "problem", providers(_KEYLESS, shells=(), unit=True)),
    "keyring entry": (
        "key-missing",
        "problem",
        providers(_openai(key="keyring:openai", why_not="there is no such entry")),
    ),
    "odd key": ("key-missing", "problem", providers(_openai(key="x", why_not="no"))),
    "shell": (
        "key-only-in-shell",
        "problem",
        providers(_KEYLESS, shells=(ShellKey("OPENAI_API_KEY", "~/.zshrc, line 12"),)),
    ),
    "unread shells": ("key-only-in-shell", "note", providers(_KEYLESS)),
    "refused": ("key-refused", "problem", providers(_openai(probed=Probed(401)))),
    "silent": (
        "provider-silent",
        "problem",
        providers(_openai(probed=Probed(trouble="openai could not be reached."))),
    ),
    "silent beside another": (
        "provider-silent",
        "warning",
        providers(OPENAI, replace(OLLAMA, probed=Probed(trouble="No ollama."))),
    ),
    "failed lately": (
        "provider-silent",
        "warning",
        providers(_openai(probed=None, last_failure="It hung up.")),
    ),
    "busy": ("provider-silent", "note", providers(_openai(probed=Probed(429)))),
    "faulty": ("provider-silent", "problem", providers(_openai(probed=Probed(503)))),
    "elsewhere": ("provider-silent", "note", providers(_openai(probed=Probed(404)))),
    "offline": (
        "provider-silent",
        "note",
        providers(_openai(probed=None), offline=True),
    ),
    "stale": ("prices-stale", "note", prices(stale=3, oldest_days=41, untracked=2)),
    "old": ("prices-stale", "warning", prices(unverified=1, oldest_days=120)),
    "no prices": ("prices-stale", "warning", prices(problem="They do not parse.")),
    "unusable": ("record-damaged", "problem", record(trouble="It is too new.")),
    "damaged": ("record-damaged", "problem", checkup(sound=False)),
    "foreign": ("record-damaged", "problem", checkup(ours=False)),
    "unreadable": (
        "record-damaged",
        "problem",
        checkup(sound=False, error="SQLITE_IOERR"),
    ),
    "too new": ("record-damaged", "problem", checkup(version=9)),
    "unguarded": ("record-damaged", "problem", checkup(unguarded=("finished",))),
    "set aside": ("record-damaged", "warning", record(notes=("It was damaged.",))),
    "behind": ("record-behind", "warning", record(unsaved=3)),
    "lost": ("record-behind", "warning", record(lost=40)),
    "chain": ("consents-broken", "problem", record(chain="From entry 4 on.")),
    "old library": (
        "sqlite-old",
        "problem",
        record(sqlite="3.31.1", sqlite_old=True, sqlite_least="3.37"),
    ),
    "little": ("disk-low", "warning", system(free=120_000_000)),
    "full": ("disk-low", "problem", system(free=3_000_000)),
    "ahead": ("clock-off", "warning", system(ahead=timedelta(minutes=9))),
    "behind in time": ("clock-off", "warning", system(ahead=-timedelta(hours=2))),
    "set back": (
        "clock-off",
        "warning",
        system(ahead=None, future=timedelta(days=1)),
    ),
    "few files": ("files-limit", "warning", system(files=256)),
    "socks": ("proxy", "problem", system(proxies=(_SOCKS,))),
    "bad file": ("own-ca", "problem", system(certificate_problems=("It is gone.",))),
    "no store": ("own-ca", "warning", system(system_store=False)),
    "node's file": ("own-ca", "note", system(elsewhere=("NODE_EXTRA_CA_CERTS",))),
    "by hand": ("no-autostart", "warning", desktop(autostart="")),
    "unknown start": ("no-autostart", "note", desktop(autostart=None)),
    "no tray": ("no-tray", "warning", desktop(tray=Tray.MISSING)),
    "headless": ("no-tray", "note", desktop(tray=Tray.HEADLESS)),
    "unknown tray": ("no-tray", "note", desktop(tray=Tray.UNKNOWN, gnome=True)),
    "no keyring": ("no-keyring", "note", desktop(keyring_usable=False)),
    "needed keyring": (
        "no-keyring",
        "problem",
        desktop(keyring_usable=False, needed=True),
    ),
    "locked keyring": ("no-keyring", "note", desktop(keyring_usable=None)),
}
"""Name -> the code that speaks, how it comes out, and the machine."""


def report_of(ground: Ground) -> Report:
    """The report on a machine."""
    return Report(judged(ground), ground.now)
