"""The ways out of the tray: nobody who is connected is left without a word.

What is written to clients' files on the way is the gateway's business.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from app.commands.lifecycle import QuitChoice, QuitResult
from app.desktop.bridge import Notice
from app.desktop.front import bring_up
from app.desktop.windows.quitting import QUIT, QUIT_INLINE, STOP, Question, QuitDialog
from app.desktop.wirings import pointing
from app.settings.fields import OnQuit

if TYPE_CHECKING:
    from app.desktop.bridge import Bridge
    from app.failure import CommandFailed

PATIENCE = 60.0
"""Seconds that taking clients back may take."""


class Leaving:
    """Asks where there is something to ask, then ends the tray."""

    def __init__(
        self, bridge: Bridge, leave: Callable[[], None], *, inline: bool
    ) -> None:
        """Ask nothing yet; `leave` ends the tray, `inline` the gateway with it."""
        self._bridge = bridge
        self._leave = leave
        self._inline = inline
        self.dialog: QuitDialog | None = None

    def quit(self) -> None:
        """End the tray, as was chosen once for connected clients."""
        live = self._bridge.sight.live
        clients = pointing(live)
        if live is None or not clients or live.on_quit is OnQuit.KEEP:
            self._leave()
        elif live.on_quit is OnQuit.UNWIRE:
            self._end(OnQuit.UNWIRE, remember=False)
        else:
            question = QUIT_INLINE if self._inline else QUIT
            self._ask(question, clients, self._end)

    def stop(self) -> None:
        """Stop the gateway and end the tray."""
        clients = pointing(self._bridge.sight.live)
        if clients:
            self._ask(STOP, clients, self._stop)
        else:
            self._bridge.stop_gateway(self._leave)

    def choose(self, choice: OnQuit) -> None:
        """Save what Quit is to do with connected clients."""
        given = {"choice": choice.value}
        self._bridge.ask("quit choice", QuitChoice, self._saved, self._refused, given)

    def close(self) -> None:
        """Take the question away."""
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.hide()
            dialog.deleteLater()

    def _ask(
        self,
        question: Question,
        clients: tuple[str, ...],
        chosen: Callable[[OnQuit, bool], None],
    ) -> None:
        if self.dialog is not None and self.dialog.isVisible():
            bring_up(self.dialog)
            return
        self.close()
        self.dialog = QuitDialog(question, clients, chosen)
        bring_up(self.dialog)

    def _stop(self, how: OnQuit, remember: bool) -> None:
        if how is OnQuit.UNWIRE:
            self._end(how, remember)
        else:
            self._bridge.stop_gateway(self._leave)

    def _end(self, how: OnQuit, remember: bool) -> None:
        given: dict[str, object] = {"how": how.value}
        if remember:
            given["remember"] = True
        done = partial(self._done, how)
        self._bridge.ask("quit", QuitResult, done, self._refused, given, PATIENCE)

    def _done(self, how: OnQuit, told: QuitResult) -> None:
        if told.how is how:
            self._leave()
            return
        # Somebody could not be taken back: the gateway goes on, and so does the icon.
        said = " ".join((*told.notes, told.sentence))
        title = "Turnout was not ended"
        self._bridge.told.emit(Notice(title, said, "Quit again, or keep it serving."))

    def _saved(self, told: QuitChoice) -> None:
        self._bridge.told.emit(Notice("The choice is saved", told.sentence, bad=False))

    def _refused(self, why: CommandFailed) -> None:
        self._bridge.told.emit(Notice(why.title, why.message, why.todo))
        self._bridge.sight_changed.emit(self._bridge.sight)
