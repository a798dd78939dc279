"""Judges the gateway: does it answer, who has its port, what of its own files; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.doctor.codes import fine, said
from app.doctor.ground import GatewayGround, Ground, Port
from app.doctor.report import Check, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOWN = "so no connected client is answered"


def checks(ground: Ground) -> tuple[Check, ...]:
    """Return what is to be said of the gateway, one after the other."""
    return (
        *_gateway(ground.gateway, ground.command),
        *_control(ground.gateway, ground.command),
        _port(ground.gateway, ground.command),
        *_served(ground.gateway, ground.command),
        _config(ground.gateway),
        _folders(ground.gateway, ground.command),
    )


def _gateway(gateway: GatewayGround, command: str) -> Iterator[Check]:
    """Yield how the gateway is, unless one that hangs or a taken port tells it all."""
    kept = gateway.keeper
    if gateway.answer is Port.TURNOUT and _ours(gateway):
        port = gateway.served or gateway.port
        yield fine("gateway-down", f"It answers on http://127.0.0.1:{port}.")
    elif kept is not None and kept.failures:
        yield said(
            Level.PROBLEM,
            "gateway-down",
            f"The gateway cannot start: {kept.failures} tries in a row ended early, "
            f"{_DOWN}.",
            f"Read the log's last lines with {command} logs.",
            command=f"{command} logs",
        )
    elif _hangs(gateway):
        return
    elif kept is not None:
        yield said(
            Level.PROBLEM,
            "gateway-down",
            f"The keeper runs but no gateway answers on port {kept.port}, {_DOWN}.",
            f"Ask for a new one: {command} restart.",
            command=f"{command} restart",
            fixes=True,
        )
    elif gateway.answer is Port.NOBODY:
        yield said(
            Level.PROBLEM,
            "gateway-down",
            f"No gateway is running, {_DOWN}.",
            f"Start it: {command} serve.",
            command=f"{command} serve",
            fixes=True,
        )


def _hangs(gateway: GatewayGround) -> bool:
    """Say whether our own gateway takes connections and answers nobody."""
    kept = gateway.keeper
    silent = gateway.answer is Port.SILENT and not gateway.control
    return silent and kept is not None and not kept.failures


def _control(gateway: GatewayGround, command: str) -> Iterator[Check]:
    if gateway.control:
        yield fine("control-silent", "It takes commands of this user.")
        return
    hangs = _hangs(gateway)
    if hangs:
        means = (
            "The gateway hangs: it takes connections and answers neither requests nor "
            "commands."
        )
    else:
        means = (
            "The gateway serves requests but takes no commands, so tray and terminal "
            "cannot reach it."
        )
    if hangs or (gateway.answer is Port.TURNOUT and gateway.keeper is not None):
        yield said(
            Level.PROBLEM,
            "control-silent",
            means,
            f"End it with {command} stop, then start it again: {command} serve.",
            command=f"{command} stop",
        )


def _port(gateway: GatewayGround, command: str) -> Check:
    if _ours(gateway):
        return fine("port-taken", f"Port {gateway.served or gateway.port} is ours.")
    if gateway.answer is Port.NOBODY:
        return fine("port-taken", f"Port {gateway.port} is free.")
    who = gateway.holder or "another program"
    return said(
        Level.PROBLEM,
        "port-taken",
        f"Port {gateway.port} is taken by {who}, so no gateway can run; clients that "
        "call it get that program's answers.",
        f"Stop that program, then start Turnout: {command} serve. Or set another port "
        f"in config.toml, then {command} serve and after it {command} repair.",
        command=f"{command} serve",
    )


def _ours(gateway: GatewayGround) -> bool:
    """Say whether what answers is of this home: another's answers the same way."""
    return gateway.control or gateway.keeper is not None


def _served(gateway: GatewayGround, command: str) -> Iterator[Check]:
    if gateway.served is None or gateway.served == gateway.port:
        return
    yield said(
        Level.WARNING,
        "port-differs",
        f"config.toml says port {gateway.port}, but the gateway serves on "
        f"{gateway.served}: clients are pointed at one of the two.",
        f"Let the saved port act: {command} stop, then {command} serve, then "
        f"{command} repair for clients that point at the old one.",
        command=f"{command} stop",
    )


def _config(gateway: GatewayGround) -> Check:
    if not gateway.problems:
        return fine("config-problem", f"{gateway.config_file} has no problem.")
    more = len(gateway.problems) - 1
    also = f" {more} more: see the list in Overview." if more > 0 else ""
    return said(
        Level.WARNING,
        "config-problem",
        f"{gateway.problems[0]}{also}",
        f"Mend {gateway.config_file}; it is read again by itself.",
    )


def _folders(gateway: GatewayGround, command: str) -> Check:
    if not gateway.open_folders:
        return fine("folders-open", "Turnout's folders are for this user alone.")
    return said(
        Level.WARNING,
        "folders-open",
        f"Other users may look into {', '.join(gateway.open_folders)}.",
        f"Close them: {command} doctor --fix.",
        command=f"{command} doctor --fix",
        fixes=True,
    )
