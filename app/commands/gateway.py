"""Commands about the gateway itself: how it is, its mode, its life and version."""

import asyncio
import platform
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from app.failure import CommandFailed
from app.keeping import KeeperStatus, ask_for_a_start, end_keeper, keeper_status
from app.problems import problems
from app.services import GatewayControl, Services
from app.state import Readiness, Snapshot
from proxy.routing.modes import MEANINGS, Mode


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a gateway runs and how it is; `snapshot` is None where none does.

    `mode` is the saved mode, `problems` are sentences about the configuration file and
    the record.
    """

    running: bool
    readiness: Readiness
    mode: Mode
    mode_note: str
    config_file: str
    problems: tuple[str, ...]
    snapshot: Snapshot | None


@dataclass(frozen=True, slots=True)
class ModeChoice:
    """One mode and the sentence that says what it does."""

    mode: Mode
    meaning: str


@dataclass(frozen=True, slots=True)
class ModeStatus:
    """The saved mode, what it acts as (`note`, mostly ''), and every mode there is."""

    mode: Mode
    note: str
    changed: bool
    choices: tuple[ModeChoice, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """Something was asked for and is under way; the sentence says what."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Version:
    """Turnout's version and the Python it runs on."""

    version: str
    python: str


async def status(services: Services) -> Status:
    """Say whether a coding request can be sent now, and if not what to do."""
    config = services.config.current
    live = services.state.snapshot() if services.state else None
    return Status(
        running=live is not None,
        readiness=live.readiness if live else await _absent(services),
        mode=config.settings.mode,
        mode_note=config.mode_note,
        config_file=str(services.paths.config_file),
        problems=live.problems if live else problems(services.config, services.ledger),
        snapshot=live,
    )


async def _absent(services: Services) -> Readiness:
    """Say how it is while no gateway answers, from what its keeper says."""
    kept = await asyncio.to_thread(keeper_status, services.paths)
    sentence, todo = _unanswered(kept, services.command_path)
    return Readiness(ready=False, sentence=sentence, todo=todo)


def _unanswered(kept: KeeperStatus | None, command: str) -> tuple[str, str]:
    if kept is None:
        sentence = "No gateway is running, so no request can be answered."
        return sentence, f"Start it: {command} serve"
    if kept.ready:
        sentence = f"A gateway serves on port {kept.port} but takes no commands."
        return sentence, f"End it with {command} stop, then start it again."
    if kept.failures:
        sentence = f"The gateway cannot start ({kept.failures} times in a row)."
        return sentence, f"{command} logs says why, {command} stop ends it."
    return "The gateway is starting.", f"Ask again in a moment: {command} status"


async def mode(services: Services, name: Mode | None = None) -> ModeStatus:
    """Show the mode, or set it: it acts on the next request and is kept."""
    before = services.config.current.settings.mode
    if name is not None:
        await _set(services, name)
    config = services.config.current
    now = config.settings.mode
    return ModeStatus(now, config.mode_note, now != before, _choices())


async def _set(services: Services, name: Mode) -> None:
    services.config.save_mode(name)
    if services.gateway is not None:
        await services.gateway.config_changed()


def _choices() -> tuple[ModeChoice, ...]:
    return tuple(ModeChoice(each, MEANINGS[each]) for each in Mode)


async def restart(services: Services) -> Done:
    """Start a new gateway beside the running one, which finishes its streams."""
    if services.gateway is None and await asyncio.to_thread(
        ask_for_a_start, services.paths
    ):
        return Done("No gateway answered; its keeper was asked to start one now.")
    await running(services).restart()
    return Done("A new gateway is starting; the old one finishes its open streams.")


async def stop(
    services: Services,
    *,
    unwire: Annotated[
        bool,
        Meta(description="Take connected clients back until the next start."),
    ] = False,
) -> Done:
    """End the gateway and its keeper, once the open streams are finished.

    Connected clients get no answer until the next start, unless --unwire takes their
    settings back until then.
    """
    from app.quitting import pointing_here, still_here, suspend

    told: tuple[str, ...] = ()
    if unwire:
        undone = await suspend(services, await pointing_here(services))
        told = (*still_here(undone), *undone.notes)
    ended = await _ended(services)
    if ended is None and not unwire:
        running(services)
    left = _left(await pointing_here(services), services.command_path)
    return Done(" ".join((ended or "No gateway is running.", *told, *left)))


async def _ended(services: Services) -> str | None:
    """Ask the gateway or else its keeper to end; None where neither is there."""
    if services.gateway is not None:
        await services.gateway.stop()
        return "The gateway finishes its open streams and then ends."
    if await asyncio.to_thread(end_keeper, services.paths) is None:
        return None
    return "No gateway answered; the keeper that starts it was told to end."


def _left(clients: tuple[str, ...], command: str) -> tuple[str, ...]:
    """Say which clients are left without an answer, and how to have them answered."""
    from app.quitting import names_of

    if not clients:
        return ()
    point = "still points" if len(clients) == 1 else "still point"
    said = (
        f"{names_of(clients)} {point} here and will get no answer until Turnout starts "
        f"again. `{command} stop --unwire` takes their settings back until then, "
        f"`{command} undo --all` for good."
    )
    return (said,)


def running(services: Services) -> GatewayControl:
    """Return the running gateway's control. Raises `CommandFailed` without one."""
    if services.gateway is None:
        raise CommandFailed(
            "No gateway is running",
            "This needs a running gateway, and none answers. Nothing was done.",
            f"Start it: {services.command_path} serve",
        )
    return services.gateway


async def version(services: Services) -> Version:
    """Show Turnout's version."""
    return Version(services.version, platform.python_version())
