"""Judges the connected clients: do they arrive, is what we wrote still there; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from app.doctor.ages import ago, counted
from app.doctor.codes import fine, said
from app.doctor.ground import Port
from app.doctor.report import Check, Level

if TYPE_CHECKING:
    from datetime import datetime

    from app.doctor.ground import DriftGround, Ground, OverrideGround, WiredGround

QUIET: timedelta = timedelta(hours=1)
"""How long a client may be connected and unseen before that is worth a warning."""


def checks(ground: Ground) -> tuple[Check, ...]:
    """Return what is to be said of the clients."""
    return tuple(_checks(ground))


def _checks(ground: Ground) -> Iterator[Check]:
    clients, command = ground.clients, ground.command
    if clients.problem:
        yield said(
            Level.PROBLEM,
            "wiring-unfinished",
            clients.problem,
            f"See what there is: {command} undo --list.",
            command=f"{command} undo --list",
        )
    yield from _unfinished(clients.unfinished, command)
    yield from _away(ground)
    if not (clients.wired or clients.away or clients.problem):
        yield said(
            Level.NOTE,
            "no-client",
            "No client is connected by Turnout yet. Clients set up by hand work too "
            "and are not listed here.",
            f"Connect one: {command} init.",
            command=f"{command} init",
        )
    for client in clients.wired:
        yield _arrives(client, ground.now, ground.gateway.served, command)
    yield from _drifts(clients.drifts, command, any_wired=bool(clients.wired))
    yield from _overrides(clients.overrides, any_wired=bool(clients.wired))


def _away(ground: Ground) -> Iterator[Check]:
    """Yield who comes back with the next start, and who did not come with this one."""
    runs = ground.gateway.answer is Port.TURNOUT
    for client in ground.clients.away:
        repair = f"{ground.command} repair {client.client}"
        if client.why:
            yield said(
                Level.WARNING,
                "no-client",
                client.why,
                f"Connect it after a look at the change: {repair}.",
                command=repair,
            )
            continue
        serve = repair if runs else f"{ground.command} serve"
        yield said(
            Level.NOTE,
            "no-client",
            f"{client.name} is disconnected until Turnout's next start, which connects "
            "it again without asking.",
            f"{'Connect it now' if runs else 'Start Turnout'}: {serve}.",
            command=serve,
        )


def _arrives(
    client: WiredGround, now: datetime, served: int | None, command: str
) -> Check:
    if served is not None and client.port != served:
        return said(
            Level.PROBLEM,
            "client-not-seen",
            f"{client.name} is pointed at port {client.port}, but Turnout serves on "
            f"{served}.",
            f"Point it at the new port: {command} repair {client.client}.",
            command=f"{command} repair {client.client}",
        )
    if client.seen is not None and client.seen >= client.since:
        when = ago(now - client.seen)
        return fine("client-not-seen", f"{client.name} was last seen {when}.")
    young = now - client.since < QUIET
    before = ""
    if client.seen is not None:
        before = f" Before that it was last seen {ago(now - client.seen)}."
    return said(
        Level.NOTE if young else Level.WARNING,
        "client-not-seen",
        f"{client.name} was connected {ago(now - client.since)} and no request of it "
        f"has come since.{before}",
        f"Close {client.name}, start it anew and send it a short message.",
    )


def _unfinished(names: tuple[str, ...], command: str) -> Iterator[Check]:
    if not names:
        yield fine("wiring-unfinished", "No change of a client's file is half done.")
        return
    yield said(
        Level.PROBLEM,
        "wiring-unfinished",
        f"Changes for {', '.join(names)} were begun and not finished, as after a power "
        "cut.",
        f"Finish or take them back: {command} doctor --fix.",
        command=f"{command} doctor --fix",
        fixes=True,
    )


def _drifts(
    drifts: tuple[DriftGround, ...], command: str, *, any_wired: bool
) -> Iterator[Check]:
    if not drifts and any_wired:
        yield fine("drift", "What Turnout wrote stands as it was written.")
    for client in dict.fromkeys(each.client for each in drifts):
        own = [each.sentence for each in drifts if each.client == client]
        more = f" {counted(len(own) - 1, 'more change')} like it." if own[1:] else ""
        yield said(
            Level.WARNING,
            "drift",
            f"{own[0]}{more}",
            f"Put it back after a look at the change: {command} repair {client}.",
            command=f"{command} repair {client}",
        )


def _overrides(
    overrides: tuple[OverrideGround, ...], *, any_wired: bool
) -> Iterator[Check]:
    if not overrides and any_wired:
        yield fine("override", "Nothing wins over what Turnout wrote.")
    for each in overrides:
        if not each.blocks:
            what = f"{each.line} in {each.where}" if each.line else each.where
            means = f"{each.name}: {what} is set too. {each.sentence}"
            yield said(Level.NOTE, "override", means)
            continue
        yield said(
            Level.PROBLEM,
            "override",
            f"{each.name}: {each.sentence}",
            f"Remove this line in {each.where}: {each.line}"
            if each.line
            else f"Remove {each.where}.",
        )
