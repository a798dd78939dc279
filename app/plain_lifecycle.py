"""Quit, login, drift and uninstall as lines for people; it asks and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.columns import Column, table
from app.commands.lifecycle import (
    Accepted,
    LoginState,
    QuitChoice,
    QuitResult,
    Repair,
    WiringList,
    WiringRow,
)
from app.commands.undo import UndoResult
from app.commands.uninstall import Uninstall
from app.plain_setup import outcome_lines, plan_lines
from app.plain_wiring import undo
from app.state import WiringHealth

Lines = tuple[str, ...]

_STATES: Final = {
    WiringHealth.WIRED: "connected",
    WiringHealth.DRIFTED: "changed by others",
    WiringHealth.OLD_PORT: "points at an old port",
    WiringHealth.SUSPENDED: "until the next start: off",
    WiringHealth.NOT_REWIRED: "not connected again",
}


def login(result: LoginState, command_path: str) -> Lines:
    """Return whether Turnout starts at login."""
    lines = [result.sentence]
    if result.todo:
        lines.append(result.todo)
    if not result.on:
        lines.append(f"`{command_path} login on` lets it, by {result.where}.")
    return tuple(lines)


def wirings(result: WiringList, command_path: str) -> Lines:
    """Return the connected clients, and what is wrong with any of them."""
    if not result.wirings:
        return (
            "No client is connected to Turnout.",
            f"`{command_path} init` connects them, `{command_path} discover` looks.",
        )
    titles = ("CLIENT", "STATE", "PORT", "LAST SEEN", "FILES")
    rows = [_row(each) for each in result.wirings]
    lines = list(table(tuple(map(Column, titles)), rows))
    for each in result.wirings:
        if each.state is WiringHealth.WIRED:
            continue
        lines += ["", each.sentence]
        if each.todo:
            lines.append(f"  {each.todo}")
        if each.state is WiringHealth.DRIFTED:
            lines.append(f"  {command_path} accept {each.client}   leaves it so")
    return tuple(lines)


def _row(each: WiringRow) -> tuple[str, ...]:
    seen = "never"
    if each.last_seen is not None:
        seen = f"{each.last_seen.astimezone():%Y-%m-%d %H:%M}"
    files = ", ".join(each.files)
    return (each.client, _STATES[each.state], str(each.port), seen, files)


def quit_(result: QuitResult) -> Lines:
    """Return what Quit did, or what it has to know first."""
    return (result.sentence, *result.notes)


def quit_choice(result: QuitChoice, command_path: str) -> Lines:
    """Return what Quit does, and how to choose."""
    if result.changed:
        return (result.sentence,)
    return (
        result.sentence,
        f"`{command_path} quit choice ask|keep|unwire` changes it.",
    )


def repair(result: Repair, command_path: str) -> Lines:
    """Return the plan of a repair, or what became of it."""
    if result.outcome is not None:
        return (*outcome_lines(result.outcome, command_path), "", result.sentence)
    if result.plan is None:
        return (result.sentence,)
    lines = (*plan_lines(result.plan, command_path), "", result.sentence)
    if not result.asks:
        return lines
    only = f" {result.clients[0]}" if len(result.clients) == 1 else ""
    return (*lines, f"`{command_path} repair{only} --yes` makes these changes.")


def accepted(result: Accepted) -> Lines:
    """Return what was given up."""
    return (*(f"  left: {each}" for each in result.left), result.sentence)


def uninstall(result: Uninstall, command_path: str) -> Lines:
    """Return what an uninstall would do or did, and what stays."""
    return tuple(_uninstall(result, command_path))


def _uninstall(result: Uninstall, command_path: str) -> Iterator[str]:
    if result.clients:
        tried = result.done or not all(each.complete for each in result.clients)
        yield from undo(UndoResult(tried, result.clients), command_path)
        yield ""
    if result.login:
        yield f"Start at login: {result.login} is removed."
    if result.keys:
        yield f"Gateway keys that end: {', '.join(result.keys)}."
    if result.gateway:
        yield result.gateway
    yield from result.notes
    if result.stays:
        yield "These folders stay; they hold the record and the way back:"
        yield from (f"  {each}" for each in result.stays)
    yield ""
    if result.done:
        yield "Done. Remove the program the way it was installed."
    elif result.asks:
        yield "Nothing was changed yet: this is what an uninstall does."
        yield f"`{command_path} uninstall --yes` does it."
    else:
        yield "This is not done."
