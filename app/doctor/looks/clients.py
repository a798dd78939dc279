"""Looks at the connected clients: what was done for them and when they last came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from app.doctor.ground import (
    AwayGround,
    ClientsGround,
    DriftGround,
    OverrideGround,
    WiredGround,
)

if TYPE_CHECKING:
    from app.paths import Paths
    from app.services import Services
    from wizard.journal import Journal
    from wizard.records import Wiring

UNREADABLE = "The list of what Turnout changed in clients' files cannot be read."


def look_at_clients(
    services: Services, seen: Mapping[str, datetime], *, shell_files: bool = False
) -> ClientsGround:
    """Return how the connected clients are; blocks for their files.

    `seen` is when each client's last request ended. `shell_files` is the consent to
    read shells' start-up files for what wins over our settings.
    """
    journal = journal_of(services.paths)
    try:
        wired, begun = applied(journal), journal.open_deeds()
        away = _away(services, journal)
    except (OSError, ValueError):
        return ClientsGround(problem=UNREADABLE)
    names = client_names()
    return ClientsGround(
        wired=tuple(
            WiredGround(
                client=each.client,
                name=names.get(each.client, each.client),
                since=each.time,
                port=each.port,
                seen=seen.get(each.client),
            )
            for each in wired
        ),
        drifts=tuple(_drifts(wired, names)),
        overrides=tuple(_overrides(services, wired, names, shell_files=shell_files)),
        away=away,
        unfinished=tuple(
            names.get(each.wiring.client, each.wiring.client) for each in begun
        ),
    )


def _away(services: Services, journal: Journal) -> tuple[AwayGround, ...]:
    """Return who was taken back until the next start, and why that did not help."""
    from app.state import WiringHealth
    from wizard.records import WiringState

    live = services.state.snapshot() if services.state else None
    why = {
        each.client: each.sentence
        for each in (live.wirings if live else ())
        if each.state is WiringHealth.NOT_REWIRED
    }
    names = client_names()
    return tuple(
        AwayGround(
            each.client, names.get(each.client, each.client), why.get(each.client, "")
        )
        for each in journal.current()
        if each.state is WiringState.SUSPENDED
    )


def _drifts(
    wired: tuple[Wiring, ...], names: Mapping[str, str]
) -> Iterator[DriftGround]:
    if not wired:  # the clients' modules need not be loaded
        return
    from discovery.files import look_at
    from wizard.drift import drift

    for wiring in wired:
        states = {each.path: look_at(each.path) for each in wiring.files}
        name = names.get(wiring.client, wiring.client)
        for each in drift(wiring, states):
            yield DriftGround(wiring.client, name, each.sentence)


def _overrides(
    services: Services,
    wired: tuple[Wiring, ...],
    names: Mapping[str, str],
    *,
    shell_files: bool,
) -> Iterator[OverrideGround]:
    if not wired:
        return
    from discovery.overrides import overrides_of
    from discovery.shell_files import assignments

    around = services.surroundings
    lines = tuple(assignments(around)) if shell_files else ()
    for wiring in wired:
        name = names.get(wiring.client, wiring.client)
        for each in overrides_of(wiring.client, around, wiring.port, lines=lines):
            yield OverrideGround(
                client=wiring.client,
                name=name,
                where=each.where,
                line=each.line,
                sentence=each.sentence,
                blocks=each.blocks,
            )


def journal_of(paths: Paths) -> Journal:
    """Return the journal of a home."""
    from wizard.journal import Journal

    return Journal(paths.backups / "wiring")


def applied(journal: Journal) -> tuple[Wiring, ...]:
    """Return the wirings that act now."""
    from wizard.records import WiringState

    current = journal.current()
    return tuple(each for each in current if each.state is WiringState.APPLIED)


def client_names() -> Mapping[str, str]:
    """Return client id -> the name people know it by."""
    from discovery.known_clients import KNOWN

    return {each.id: each.name for each in KNOWN}
