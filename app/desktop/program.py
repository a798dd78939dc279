"""The tray as a program: one instance, a gateway, Qt on one loop, and a clean end.

The start and stop order of the desktop stands here and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import qasync
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from app.desktop import refusal
from app.desktop.bridge import Bridge
from app.desktop.desk import Desk
from app.desktop.instance import HELLO, SHOW, Instance
from app.desktop.look import Look
from app.desktop.starter import Starter
from app.door import Door
from app.serve import CannotServe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from app.desktop.inline import InlineGateway
    from app.paths import Paths

NAME = "turnout"
"""The desktop file's id and the windows' class, by which a desktop finds the icon."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the arguments asked for; see `app.desktop.run_tray`."""

    paths: Paths
    environ: Mapping[str, str]
    inline: bool
    hidden: bool
    port: int | None


def run(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    inline: bool,
    hidden: bool,
    port: int | None,
) -> int:
    """Run the tray; see `app.desktop.run_tray`."""
    instance = Instance(paths)
    if not instance.claim():
        waker = QCoreApplication([NAME])
        heard = instance.wake(HELLO if hidden else SHOW)
        waker.shutdown()
        del waker
        if heard:
            return 0
        if not instance.ours:
            return _silent(instance.holder)
    try:
        return _run(instance, Wish(paths, environ, inline, hidden, port))
    finally:
        instance.release()


def _silent(pid: int) -> int:
    print(  # noqa: T201 - there is no window to tell it in
        f"Turnout's tray already runs (process {pid}) but does not answer, so it was "
        f"not started again. End that process, then start Turnout again.",
        file=sys.stderr,
    )
    return 1


def _run(instance: Instance, wish: Wish) -> int:
    app = QApplication([NAME])
    app.setApplicationName(NAME)
    app.setApplicationDisplayName("Turnout")
    app.setDesktopFileName(NAME)
    app.setQuitOnLastWindowClosed(False)
    Look(app)
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        return runner.run(_main(app, instance, wish))


async def _main(app: QApplication, instance: Instance, wish: Wish) -> int:
    """Start in order, live until somebody quits, end in order."""
    loop = asyncio.get_running_loop()
    quitting = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has none
            loop.add_signal_handler(number, quitting.set)
    with ThreadPoolExecutor(1, thread_name_prefix="start") as pool:
        starter = Starter(wish.paths, wish.port, pool)
        try:
            gateway = await _gateway(wish, starter, quitting)
        except CannotServe as refused:
            await refusal.show(app, str(refused), quitting)
            raise
        bridge = Bridge(Door(wish.paths.control_socket), loop, starter.start)
        loop.set_exception_handler(lambda _, told: _failed(bridge, told))
        sys.excepthook = partial(_broken, bridge)
        desk = Desk(app, bridge, quitting.set, inline=gateway is not None)
        instance.listen(lambda: desk.show_window("overview"))
        desk.open(hidden=wish.hidden)
        bridge.watch()
        await quitting.wait()
        desk.close()
        await bridge.close()
        if gateway is not None:
            await _end(gateway, quitting)
        starter.forget()
        sys.excepthook = sys.__excepthook__
    return 0


async def _gateway(
    wish: Wish, starter: Starter, quitting: asyncio.Event
) -> InlineGateway | None:
    """See to it that a gateway runs: in this process, or in one of its own."""
    if not wish.inline:
        await starter.start_if_none()
        return None
    from app.desktop.inline import InlineGateway, listen

    gateway = InlineGateway(quitting.set)
    sockets = listen(wish.paths, wish.port)
    await gateway.start(wish.paths, wish.environ, sockets)
    return gateway


async def _end(gateway: InlineGateway, quitting: asyncio.Event) -> None:
    """End the gateway in this process; asked again, without waiting for streams."""
    quitting.clear()
    gateway.stop()
    loop = asyncio.get_running_loop()
    hurry = loop.create_task(quitting.wait(), name="hurry")
    ended = loop.create_task(gateway.ended(), name="ended")
    await asyncio.wait((hurry, ended), return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        gateway.stop()
    hurry.cancel()
    await ended


def _failed(bridge: Bridge, told: dict[str, object]) -> None:
    error = told.get("exception")
    bridge.failed(error if isinstance(error, BaseException) else RuntimeError())


def _broken(
    bridge: Bridge,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Tell what broke in a slot: Qt hands it to nobody else."""
    sys.__excepthook__(kind, error, trace)
    bridge.failed(error)
