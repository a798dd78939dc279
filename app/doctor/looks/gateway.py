"""Looks at the gateway through its port and control socket, and at who has the port."""

from __future__ import annotations

import asyncio
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from app.doctor.ground import GatewayGround, Port
from app.keeping import keeper_status

if TYPE_CHECKING:
    from pathlib import Path

    from app.paths import Paths
    from app.services import Services

SECONDS = 1.0
"""How long the port may take to answer."""

_MOST_BYTES = 16_384
_OPEN_TO_OTHERS = 0o077


class _Health(msgspec.Struct, frozen=True):
    """What `GET /health` says of a gateway."""

    status: str
    version: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Who answered on a port, and with which version where it was Turnout."""

    port: Port
    version: str = ""


async def look_at_gateway(services: Services) -> GatewayGround:
    """Return how the gateway of this home is; works while there is none."""
    paths, port = services.paths, services.config.current.settings.port
    live = services.state.snapshot() if services.state else None
    kept = await asyncio.to_thread(keeper_status, paths)
    served = live.port if live else kept.port if kept else None
    answered = await who_answers(served or port)
    ours = live is not None or kept is not None
    control = live is not None or await takes_commands(paths)
    taken = answered.port is not Port.NOBODY and not ours and not control
    return GatewayGround(
        port=port,
        answer=answered.port,
        control=control,
        served=served,
        keeper=kept,
        holder=await asyncio.to_thread(_holder, port, paths) if taken else "",
        problems=problems_of_file(services),
        config_file=str(paths.config_file),
        open_folders=tuple(map(str, open_folders(paths))),
    )


def problems_of_file(services: Services) -> tuple[str, ...]:
    """Return what is wrong with the configuration alone: the record is another group.

    A record that cannot be opened is told there.
    """
    current = services.config.current
    told = (current.source_note, *map(str, current.problems))
    return tuple(filter(None, told))


async def who_answers(port: int, seconds: float = SECONDS) -> Answered:
    """Ask `GET /health` of a loopback port and tell by the answer who is there."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except TimeoutError:
        return Answered(Port.SILENT)
    except OSError:
        return Answered(Port.NOBODY)
    try:
        async with asyncio.timeout(seconds):
            writer.write(
                b"GET /health HTTP/1.1\r\n"
                + f"Host: 127.0.0.1:{port}\r\n".encode()
                + b"Connection: close\r\n\r\n"
            )
            await writer.drain()
            answer = await reader.read(_MOST_BYTES)
    except TimeoutError:
        return Answered(Port.SILENT)
    except OSError:
        return Answered(Port.OTHER)
    finally:
        writer.close()
    return _identified(answer)


def _identified(answer: bytes) -> Answered:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = {line.strip().lower() for line in head.split(b"\r\n")}
    if b"server: turnout" not in lines:
        return Answered(Port.OTHER)
    try:
        return Answered(Port.TURNOUT, msgspec.json.decode(body, type=_Health).version)
    except msgspec.DecodeError:
        return Answered(Port.TURNOUT)


async def takes_commands(paths: Paths, seconds: float = SECONDS) -> bool:
    """Ask the control socket for a version: one that hangs still takes connections."""
    from app.door import Door, DoorClosed
    from app.failure import CommandFailed

    try:
        await Door(paths.control_socket).knock(seconds)
    except DoorClosed:
        return False
    except CommandFailed:  # it is there, and of another version
        return True
    return True


def _holder(port: int, paths: Paths) -> str:
    from app.serve import CannotServe, check_free

    try:
        check_free(port, paths)
    except CannotServe as refused:
        told = str(refused).partition(" is taken by ")[2]
        return told.partition(", so Turnout")[0]
    return ""


def open_folders(paths: Paths) -> tuple[Path, ...]:
    """Return those of our folders that other users may look into."""
    if sys.platform == "win32":
        return ()
    return tuple(folder for folder in paths.folders if _is_open(folder))


def _is_open(folder: Path) -> bool:
    try:
        return bool(stat.S_IMODE(folder.stat().st_mode) & _OPEN_TO_OTHERS)
    except OSError:
        return False
