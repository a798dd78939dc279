"""Carries between the door and Qt: the gateway's feed becomes signals, wishes calls.

It lives on the GUI's event loop and never holds it: everything it waits for, it
awaits. It shows nothing itself; every failure becomes a `Notice` for people.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from app.commands.clients import ClientSettings
from app.commands.gateway import Done, ModeStatus
from app.commands.routing import Explanation
from app.commands.spend import EventList
from app.desktop.sight import Link, Sight
from app.desktop.why import LATER, Reasons, reasons
from app.desktop.words import CLIENT_NAMES, MODE_NAMES
from app.door import Door, DoorClosed
from app.failure import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from proxy.routing import Mode

Result = TypeVar("Result")

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two tries to reach the gateway: the first, doubled up to the last."""

AWAY_AFTER = 10
"""Tries in a row (about four seconds) after which the gateway counts as gone."""

RECENT = 50
"""Finished requests that are shown."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person is told once: what happened, what was done, what to do now.

    `clipboard` is text that belongs into the clipboard, '' mostly; it may hold a key.
    """

    title: str
    message: str = ""
    todo: str = ""
    bad: bool = True
    clipboard: str = field(default="", repr=False)


class Unreached(CommandFailed):
    """No gateway answered a call; where it had been sent, it may have been done."""

    def __init__(self, closed: DoorClosed) -> None:
        """Say what the door said."""
        maybe = " It may have been done or not." if closed.midway else ""
        super().__init__(
            "That did not reach the gateway",
            closed.message + maybe,
            "Look at the state shown here, then try again.",
        )


class Bridge(QObject):
    """The door on the GUI's loop; one task reads the feed, wishes are tasks too."""

    sight_changed = Signal(object)
    """A `Sight`: the link or the gateway's state is another now."""

    recent_changed = Signal(object)
    """A tuple of `Event`, newest first, after `look`."""

    explained = Signal(object)
    """The `Reasons` of one request, after `explain`."""

    told = Signal(object)
    """A `Notice` for people."""

    def __init__(
        self,
        door: Door,
        loop: asyncio.AbstractEventLoop,
        start: Callable[[], Coroutine[object, object, None]],
    ) -> None:
        """Stand between `door` and Qt; `start` starts a gateway where none runs."""
        super().__init__()
        self.sight = Sight()
        self._door = door
        self._loop = loop
        self._start = start
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking = False
        self._again = False
        self._asked = ""
        self._explaining = False

    def watch(self) -> None:
        """Begin to read the feed; goes on until `close`."""
        self._run(self._watch(), "feed")

    async def close(self) -> None:
        """End every task."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def look(self) -> None:
        """Fetch the recent requests; many calls at once make few fetches."""
        if self._looking:
            self._again = True
            return
        self._looking = True
        self._run(self._look(), "recent")

    def explain(self, request: str) -> None:
        """Fetch a request's reasons; of many asked for at once the last is told."""
        self._asked = request
        if not self._explaining:
            self._explaining = True
            self._run(self._explain(), "explain")

    def set_mode(self, mode: Mode) -> None:
        """Let `mode` act from now on."""
        self._run(self._set_mode(mode), "mode")

    def copy_settings(self, client: str) -> None:
        """Make a key for `client` and tell its lines, with them for the clipboard."""
        self._run(self._copy_settings(client), "settings")

    def ask(
        self,
        name: str,
        result: type[Result],
        told: Callable[[Result], None],
        failed: Callable[[CommandFailed], None],
        given: Mapping[str, object],
        limit: float | None = None,
    ) -> None:
        """Run a command and hand its result to `told`, or why not to `failed`.

        `given` are its parameters; `limit` is how many seconds it may take.
        """
        self.run(self._ask(self.call(name, result, given, limit), told, failed), name)

    async def call(
        self,
        name: str,
        result: type[Result],
        given: Mapping[str, object],
        limit: float | None = None,
    ) -> Result:
        """Run a command and return its result.

        Raises `CommandFailed` where it says no, and `Unreached`, which is one too,
        where no gateway answers.
        """
        door = self._door if limit is None else self._door.patient(limit)
        try:
            return await door.call(name, result, **given)
        except DoorClosed as closed:
            raise Unreached(closed) from None

    def run(self, work: Coroutine[object, object, None], name: str) -> None:
        """Let `work` be done beside everything else; what it raises is told."""
        self._run(work, name)

    def start_gateway(self) -> None:
        """Start a gateway."""
        self._run(self._start(), "start")

    def stop_gateway(self, then: Callable[[], None]) -> None:
        """Stop the gateway and its keeper; `then` is called once it was asked."""
        self._run(self._stop_gateway(then), "stop")

    # --- tasks ------------------------------------------------------------------------

    def _run(self, work: Coroutine[object, object, None], name: str) -> None:
        # The reference is kept until the end: a task nobody holds may vanish.
        task = self._loop.create_task(self._guarded(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except CommandFailed as failed:
            self.told.emit(Notice(failed.title, failed.message, failed.todo))
        except DoorClosed as closed:
            lost = Unreached(closed)
            self.told.emit(Notice(lost.title, lost.message, lost.todo))
        except Exception as error:
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Tell people, and the log by its type, that something broke in here."""
        name = type(error).__name__
        _log.error("the desktop failed: %s", name)
        message = f"{name}: the gateway is not touched by it and goes on serving."
        todo = "Quit Turnout and start it again if this stays."
        self.told.emit(Notice("Something in this window broke", message, todo))

    # --- the feed ---------------------------------------------------------------------

    async def _watch(self) -> None:
        pause, tries = FIRST_PAUSE, 0
        while True:
            try:
                async for snapshot in self._door.feed():
                    pause, tries = FIRST_PAUSE, 0
                    link = Link.CONNECTING if snapshot.stopping else Link.LIVE
                    self._see(Sight(link, snapshot))
            except DoorClosed as closed:
                tries += 1
                self._see(self._lost(closed.message, tries))
            except Exception as error:
                # Told once; the feed is read again, or the window would stand still.
                tries += 1
                if tries == 1:
                    self.failed(error)
                self._see(self._lost("Its state cannot be read.", tries))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _lost(self, why: str, tries: int) -> Sight:
        link = Link.AWAY if tries >= AWAY_AFTER else Link.CONNECTING
        return Sight(link, self.sight.snapshot, why if link is Link.AWAY else "")

    def _see(self, sight: Sight) -> None:
        if sight != self.sight:
            self.sight = sight
            self.sight_changed.emit(sight)

    # --- wishes -----------------------------------------------------------------------

    async def _ask(
        self,
        called: Coroutine[object, object, Result],
        told: Callable[[Result], None],
        failed: Callable[[CommandFailed], None],
    ) -> None:
        try:
            answer = await called
        except CommandFailed as refused:
            failed(refused)
        else:
            told(answer)

    async def _look(self) -> None:
        try:
            while True:
                self._again = False
                found = await self._door.call("events", EventList, limit=RECENT)
                self.recent_changed.emit(found.events)
                if not self._again:
                    return
        except DoorClosed:
            # The feed says so already, and the next snapshot asks again.
            _log.info("the recent requests could not be fetched")
        finally:
            self._looking = False

    async def _explain(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, ""
                told = await self._reasons(asked)
                if not self._asked:
                    self.explained.emit(told)
        finally:
            self._explaining = False

    async def _reasons(self, request: str) -> Reasons:
        try:
            found = await self._door.call("explain", Explanation, id=request)
        except CommandFailed as failed:
            return Reasons(request, problem=f"{failed.title}. {failed.message}")
        except DoorClosed:
            return Reasons(request, problem=LATER)
        return reasons(request, found.layers)

    async def _set_mode(self, mode: Mode) -> None:
        try:
            now = await self._door.call("mode", ModeStatus, name=mode.value)
        except (CommandFailed, DoorClosed):
            # The menu has ticked what was clicked; let it show what is true.
            self.sight_changed.emit(self.sight)
            raise
        # Icon, menu and window show the new mode by themselves.
        if now.note:
            title = f"The mode is {MODE_NAMES[now.mode].lower()} now"
            self.told.emit(Notice(title, now.note, bad=False))

    async def _copy_settings(self, client: str) -> None:
        lines = await self._door.call("settings", ClientSettings, client=client)
        name = CLIENT_NAMES.get(client, client)
        told = Notice(
            f"The lines for {name} are in the clipboard",
            f"They hold a new key made for {name}. A comment before each part says "
            "where it goes.",
            lines.note,
            bad=False,
            clipboard=lines.text,
        )
        self.told.emit(told)

    async def _stop_gateway(self, then: Callable[[], None]) -> None:
        await self._door.call("stop", Done)
        then()
