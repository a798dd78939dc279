"""Commands about the life of connected clients: quit, start at login, drift, repair.

What is written is decided by `wizard` alone, after a yes; what was agreed to once may
be written again.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from app.commands import gateway, keys
from app.commands.undo import from_journal, unwire
from app.consenting import journal_of, taken_back
from app.drift_watch import client_name, drifts_of, judged, leads_here
from app.failure import CommandFailed, Exit
from app.login_start import login_start, set_login
from app.quitting import names_of, pointing_here, still_here, suspend
from app.services import Services
from app.settings.edit import with_on_quit
from app.settings.fields import OnQuit
from app.state import WiringHealth, WiringNow
from discovery.settings_text import paths_shown, place_shown
from proxy.ledger.rows import ConsentKind
from wizard.autostart import LoginWay
from wizard.drift import accept as let_be
from wizard.records import Wiring, WiringState
from wizard.view import Applied, ClientOutcome, Outcome, PlanView


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class LoginState:
    """Whether Turnout starts at login; `where` is the file or value that does it.

    `todo` is what is left to do by hand, '' for nothing.
    """

    on: bool
    way: LoginWay
    where: str
    sentence: str
    todo: str = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class WiringRow:
    """A connected client: see `app.state.WiringNow`.

    `since` is when it was connected, `last_seen` when its last request ended (UTC),
    None where none is in the record.
    """

    client: str
    name: str
    state: WiringHealth
    sentence: str
    todo: str
    culprit: str
    files: tuple[str, ...]
    port: int
    since: datetime
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class WiringList:
    """The clients that are connected now."""

    wirings: tuple[WiringRow, ...]


@dataclass(frozen=True, slots=True)
class QuitResult:
    """What Quit did.

    `asks` is True where nothing was done because the user has to choose first. `how` is
    what was done, `clients` are those that it is about; `notes` say what did not work.
    """

    asks: bool
    how: OnQuit
    sentence: str
    clients: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuitChoice:
    """What Quit does with connected clients, as it is saved."""

    choice: OnQuit
    sentence: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair would write, or has written.

    `asks` is True where nothing was done because the user has to agree first.
    """

    asks: bool
    sentence: str
    clients: tuple[str, ...] = ()
    plan: PlanView | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A client whose settings are left as others changed them.

    `released` says that it is not Turnout's client any more; `left` are the keys and
    files that were given up.
    """

    client: str
    sentence: str
    released: bool
    left: tuple[str, ...] = ()


# --- login ----------------------------------------------------------------------------


async def login(
    services: Services,
    state: Switch | None = None,
    *,
    way: Annotated[
        LoginWay | None,
        Meta(description="desktop or service; what fits this system if left out."),
    ] = None,
) -> LoginState:
    """Show whether Turnout starts at login, or turn that on or off.

    It is off until you turn it on. Off removes exactly what on wrote.
    """
    start = login_start(services)
    before = await asyncio.to_thread(start.now)
    if state is None:
        now = before
    else:
        now = await set_login(services, on=state is Switch.ON, way=way)
    if now.on:
        sentence = f"Turnout starts at login, by {now.where}."
    else:
        sentence = "Turnout does not start at login."
    lingers = now.on and now.way is LoginWay.SERVICE
    todo = (
        "It starts with your first session. To have it from the start of the machine, "
        "without a session of yours: loginctl enable-linger"
    )
    return LoginState(
        on=now.on,
        way=now.way,
        where=now.where,
        sentence=sentence,
        todo=todo if lingers else "",
        changed=now != before,
    )


# --- how they are ---------------------------------------------------------------------


async def wirings(services: Services) -> WiringList:
    """List the connected clients: how their settings are and when they last came."""
    from proxy.ledger.checkup import examine

    current = await from_journal(services, journal_of(services).current)
    if not current:
        return WiringList(())
    checkup = await asyncio.to_thread(examine, services.paths.database)
    seen = dict(checkup.last)
    states = await _now(services, current)
    around = services.surroundings
    return WiringList(
        tuple(
            WiringRow(
                client=each.client,
                name=each.name,
                state=each.state,
                sentence=paths_shown(each.sentence, around),
                todo=each.todo,
                culprit=each.culprit,
                files=tuple(paths_shown(file, around) for file in each.files),
                port=each.port,
                since=wiring.time,
                last_seen=seen.get(each.client),
            )
            for wiring, each in zip(current, states, strict=True)
        )
    )


async def _now(services: Services, current: Iterable[Wiring]) -> tuple[WiringNow, ...]:
    """Look at the files and return how each of those wirings is."""
    live = services.state.snapshot() if services.state else None
    port = live.port if live else services.config.current.settings.port
    command = services.command_path

    def look() -> tuple[WiringNow, ...]:
        return tuple(judged(each, drifts_of(each), port, command) for each in current)

    states = await asyncio.to_thread(look)
    # Why one was not connected again is known to the running gateway alone.
    failed = {
        each.client: each
        for each in (live.wirings if live else ())
        if each.state is WiringHealth.NOT_REWIRED
    }
    return tuple(
        failed.get(each.client, each) if each.state is WiringHealth.SUSPENDED else each
        for each in states
    )


# --- quit -----------------------------------------------------------------------------


async def quit_(
    services: Services,
    *,
    how: Annotated[
        OnQuit | None,
        Meta(description="keep or unwire; what is saved if left out."),
    ] = None,
    remember: Annotated[bool, Meta(description="Save this choice.")] = False,
) -> QuitResult:
    """End what is seen of Turnout: it goes on in the background, or ends as a whole.

    keep: connected clients go on being served. unwire: their settings are taken back
    until the next start, which writes them again without asking, then it all ends.
    """
    chosen = how or services.config.current.settings.on_quit
    wired = await pointing_here(services)
    if chosen is OnQuit.ASK:
        if wired:
            return _quit_question(services, wired)
        chosen = OnQuit.KEEP
    elif remember:
        await _save_choice(services, chosen)
    if chosen is OnQuit.KEEP:
        said = "The gateway goes on serving in the background."
        if services.gateway is None:
            said = "No gateway is running; nothing was ended."
        return QuitResult(False, OnQuit.KEEP, said, wired)
    undone = await suspend(services, wired)
    stuck = still_here(undone)
    if stuck:
        said = "The gateway goes on serving, so that no client is left without."
        return QuitResult(False, OnQuit.KEEP, said, wired, (*stuck, *undone.notes))
    with contextlib.suppress(CommandFailed):
        await gateway.stop(services)
    said = "Turnout ends."
    if wired:
        said = (
            f"{names_of(wired)}: disconnected until Turnout's next start. Turnout ends."
        )
    return QuitResult(False, OnQuit.UNWIRE, said, wired, undone.notes)


def _quit_question(services: Services, wired: tuple[str, ...]) -> QuitResult:
    return QuitResult(
        True,
        OnQuit.ASK,
        f"{names_of(wired)} would get no answer without the gateway. "
        f"`{services.command_path} quit --how keep` lets it go on serving in the "
        "background, `--how unwire` takes their settings back until the next start. "
        "Add --remember to save the choice.",
        wired,
    )


async def quit_choice(services: Services, choice: OnQuit | None = None) -> QuitChoice:
    """Show what Quit does with connected clients, or choose it."""
    before = services.config.current.settings.on_quit
    if choice is not None and choice is not before:
        await _save_choice(services, choice)
    now = services.config.current.settings.on_quit
    return QuitChoice(now, _QUITS[now], now is not before)


_QUITS = {
    OnQuit.ASK: "Quit asks what to do while clients are connected.",
    OnQuit.KEEP: "Quit lets the gateway go on serving in the background.",
    OnQuit.UNWIRE: "Quit takes connected clients back until the next start.",
}


async def _save_choice(services: Services, choice: OnQuit) -> None:
    await asyncio.to_thread(
        services.config.save, lambda data: with_on_quit(data, choice)
    )
    if services.gateway is not None:
        await services.gateway.config_changed()


# --- repair and accept ----------------------------------------------------------------


async def repair(
    services: Services,
    client: Annotated[
        str | None,
        Meta(description="One connected client; all that need it if left out."),
    ] = None,
    *,
    yes: Annotated[bool, Meta(description="Agree to the plan that is shown.")] = False,
) -> Repair:
    """Write connected clients' settings again: others changed them, or a new port.

    Without --yes it shows what would be written. No test request is sent.
    """
    from app.applying import apply
    from app.rewiring import answers_of
    from app.wiring import draw

    needy = await _needy(services, client)
    if not needy:
        what = client_name(client) if client else "Every connected client"
        return Repair(False, f"{what} is as it should be: nothing to repair.")
    drawn = []
    for wiring in needy:
        answers = answers_of(wiring.choice, over_local=True)
        project = wiring.choice.project
        drawn.append(await draw(services, answers, project=project))
    views = tuple(view for each in drawn for view in each.view.clients)
    plan = replace(drawn[0].view, id="", clients=views, own=())
    clients = tuple(wiring.client for wiring in needy)
    if not any(view.changes for view in views):
        what = " ".join(f"{services.command_path} accept {each}" for each in clients)
        said = f"There is nothing to write. To leave it as it is: {what}"
        return Repair(False, said, clients, plan)
    if not yes:
        asks = any(view.ready and view.changes for view in views)
        said = f"{names_of(clients)}: nothing was changed yet."
        return Repair(asks, said, clients, plan)
    outcomes: list[ClientOutcome] = []
    for wiring, each in zip(needy, drawn, strict=True):
        outcome = await apply(
            services,
            answers_of(wiring.choice, over_local=True),
            each.plan.id,
            only=wiring.client,
            project=wiring.choice.project,
            test=False,
        )
        outcomes += outcome.clients
    whole = Outcome(tuple(outcomes), (), plan.undo_all)
    failed = [e.client for e in outcomes if e.state not in _REPAIRED]
    said = f"{names_of(clients)}: repaired."
    if failed:
        said = f"{names_of(failed)}: not repaired."
    return Repair(False, said, clients, plan, whole)


_REPAIRED = frozenset({Applied.APPLIED, Applied.ALREADY})


async def _needy(services: Services, client: str | None) -> tuple[Wiring, ...]:
    """Return the wirings to repair; raises `CommandFailed` for no client of ours."""
    current = await from_journal(services, journal_of(services).current)
    if client is not None and all(each.client != client for each in current):
        raise _not_connected(services, client)
    fine = {WiringHealth.WIRED}
    if client is None:
        # Those come by themselves at the next start.
        fine.add(WiringHealth.SUSPENDED)
    states = await _now(services, current)
    return tuple(
        wiring
        for wiring, state in zip(current, states, strict=True)
        if client in {None, wiring.client} and state.state not in fine
    )


async def accept(
    services: Services,
    client: Annotated[str, Meta(description="A client whose settings others changed.")],
) -> Accepted:
    """Leave a connected client's settings as something else has changed them.

    Where they do not lead to Turnout any more, Turnout takes its other keys out, and
    your consent to connect that client ends.
    """
    journal = journal_of(services)
    wiring = await from_journal(services, lambda: journal.current_of(client))
    if wiring is None or wiring.state is not WiringState.APPLIED:
        raise _not_connected(services, client)
    drifts = await asyncio.to_thread(drifts_of, wiring)
    name = client_name(client)
    if not drifts:
        said = f"Nothing of {name} was changed by others: nothing to accept."
        return Accepted(client, said, released=False)
    around = services.surroundings
    places = [(each.key, place_shown(each.file, around)) for each in drifts]
    left = tuple(f"{key} in {file}" if key else file for key, file in places)
    now = services.clock.now()
    await from_journal(services, lambda: let_be(journal, drifts, now))
    rest = await from_journal(services, lambda: journal.current_of(client))
    if rest is not None and await asyncio.to_thread(leads_here, rest):
        said = f"{name} stays connected; what others changed is theirs now."
        return Accepted(client, said, released=False, left=left)
    if rest is None:
        await _released(services, client)
    else:
        await unwire(services, (client,))
    said = f"{name} is not connected to Turnout any more; it stays as others set it."
    return Accepted(client, said, released=True, left=left)


async def _released(services: Services, client: str) -> None:
    """End the key and the consent of a client that has nothing of ours any more."""
    with contextlib.suppress(CommandFailed):
        await keys.revoke(services, client)
    detail = f"{client} was left as others changed it."
    await taken_back(services, ConsentKind.WIRE_CLIENT, client, detail)


def _not_connected(services: Services, client: str) -> CommandFailed:
    return CommandFailed(
        f"{client[:40]} is not connected to Turnout",
        "Nothing was changed.",
        f"{services.command_path} wirings shows the clients that are.",
        Exit.USAGE,
    )
