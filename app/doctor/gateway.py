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
        _gateway(ground.gateway, ground.command),
        *_control(ground.gateway, ground.command),
        _port(ground.gateway),
        *_served(ground.gateway, ground.command),
        _config(ground.gateway),
        _folders(ground.gateway, ground.command),
    )


def _gateway(gateway: GatewayGround, command: str) -> Check:
    if gateway.answer is Port.TURNOUT:
        port = gateway.served or gateway.port
        return fine("gateway-down", f"It answers on http://127.0.0.1:{port}.")
    kept = gateway.keeper
    if kept is not None and kept.failures:
        return said(
            Level.PROBLEM,
            "gateway-down",
            f"The gateway cannot start: {kept.failures} tries in a row ended early, "
            f"{_DOWN}.",
            f"Read the log's last lines with {command} logs.",
            command=f"{command} logs",
        )
    if kept is not None:
        return said(
            Level.PROBLEM,
            "gateway-down",
            f"The keeper runs but no gateway answers on port {kept.port}, {_DOWN}.",
            f"Ask for a new one: {command} restart.",
            command=f"{command} restart",
            fixes=True,
        )
    # A taken port has to be freed first; nothing can be started before.
    free = gateway.answer is Port.NOBODY
    return said(
        Level.PROBLEM,
        "gateway-down",
        f"No gateway is running, {_DOWN}.",
        f"Start it: {command} serve." if free else "Free the port first.",
        command=f"{command} serve" if free else "",
        fixes=free,
    )


def _control(gateway: GatewayGround, command: str) -> Iterator[Check]:
    if gateway.control:
        yield fine("control-silent", "It takes commands of this user.")
    elif gateway.answer is Port.TURNOUT and gateway.keeper is not None:
        yield said(
            Level.PROBLEM,
            "control-silent",
            "The gateway serves requests but takes no commands, so tray and terminal "
            "cannot reach it.",
            f"End it with {command} stop, then start it again.",
            command=f"{command} stop",
        )


def _port(gateway: GatewayGround) -> Check:
    if _ours(gateway):
        return fine("port-taken", f"Port {gateway.served or gateway.port} is ours.")
    if gateway.answer is Port.NOBODY:
        return fine("port-taken", f"Port {gateway.port} is free.")
    who = gateway.holder or "another program"
    return said(
        Level.PROBLEM,
        "port-taken",
        f"Port {gateway.port} is taken by {who}; clients that call it get that "
        "program's answers.",
        "Stop that program, or set another port in config.toml and connect the clients "
        "anew.",
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
        f"Let the saved port act: {command} stop, then start Turnout again.",
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
