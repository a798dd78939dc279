"""The question that Quit asks once while clients are connected; it ends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QButtonGroup, QDialog, QHBoxLayout, QVBoxLayout

from app.desktop.look import CAPTION, UNIT
from app.desktop.windows.parts import Button, Display, Role, Text
from app.settings.fields import OnQuit
from wizard.pages.choices import Choice, Tick, indent
from wizard.pages.words import listed

WIDE = 120 * UNIT
"""Pixels that the question is wide at least."""

REMEMBER = "&Remember this, and do not ask again"
REMEMBER_MEANS = "It can be changed in Turnout's menu, under When you quit."


@dataclass(frozen=True, slots=True)
class Way:
    """One way to end: what is chosen, its text, and what it means in a sentence."""

    how: OnQuit
    text: str
    means: str


UNWIRE = Way(
    OnQuit.UNWIRE,
    "&Disconnect them until the next start",
    "Their settings are taken back now, and written again without a question when "
    "Turnout starts. The gateway stops.",
)
KEEP = Way(
    OnQuit.KEEP,
    "&Keep serving in the background",
    "Only this icon goes. The gateway goes on, and they work as they do now.",
)
LEAVE = Way(
    OnQuit.KEEP,
    "&Leave their settings as they are",
    "The gateway stops, and they get no answer until Turnout runs again.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `title` is what was wished for, `verb` the button that does it.

    The first way is the usual one; `saves` says that the choice can be remembered.
    """

    title: str
    verb: str
    ways: tuple[Way, Way]
    saves: bool


QUIT = Question("Quit Turnout", "&Quit", (KEEP, UNWIRE), saves=True)
QUIT_INLINE = Question("Quit Turnout", "&Quit", (UNWIRE, LEAVE), saves=True)
STOP = Question("Stop the gateway", "&Stop and quit", (UNWIRE, LEAVE), saves=False)


class QuitDialog(QDialog):
    """Two ways to end, each with what it means; Esc ends nothing."""

    def __init__(
        self,
        question: Question,
        clients: Sequence[str],
        chosen: Callable[[OnQuit, bool], None],
    ) -> None:
        """Ask about `clients`, by name; `chosen` gets the way and the tick."""
        super().__init__()
        self._chosen = chosen
        self.setWindowTitle(question.title)
        column = QVBoxLayout(self)
        # It gets its size below; a layout would push the window about afterwards.
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        column.setContentsMargins(6 * UNIT, 5 * UNIT, 6 * UNIT, 4 * UNIT)
        column.setSpacing(2 * UNIT)
        head, said = Display(), Text()
        head.say(question.title)
        many = len(clients) > 1
        said.say(
            f"{listed(clients)} {'are' if many else 'is'} connected to Turnout and "
            f"{'get' if many else 'gets'} no answer without its gateway."
        )
        column.addWidget(head)
        column.addWidget(said)
        column.addSpacing(2 * UNIT)
        self.ways: dict[OnQuit, Choice] = {}
        group = QButtonGroup(self)
        for way in question.ways:
            choice = Choice(way.text)
            choice.setAccessibleDescription(way.means)
            group.addButton(choice)
            self.ways[way.how] = choice
            column.addWidget(choice)
            column.addWidget(_means(way.means, indent(choice)))
        self.ways[question.ways[0].how].setChecked(True)
        self.remember = Tick(REMEMBER)
        self.remember.setAccessibleDescription(REMEMBER_MEANS)
        self.remember.setChecked(question.saves)
        if question.saves:
            column.addSpacing(2 * UNIT)
            column.addWidget(self.remember)
            column.addWidget(_means(REMEMBER_MEANS, indent(self.remember)))
        column.addSpacing(2 * UNIT)
        column.addStretch()
        column.addLayout(self._buttons(question.verb))
        wide = max(self.sizeHint().width(), WIDE)
        self.resize(wide, self.heightForWidth(wide))
        self.ways[question.ways[0].how].setFocus()

    def accept(self) -> None:
        """Hand on what was chosen."""
        how = next(how for how, way in self.ways.items() if way.isChecked())
        super().accept()
        self._chosen(how, self.remember.isChecked())

    def _buttons(self, verb: str) -> QHBoxLayout:
        self.cancel = Button("&Cancel", self.reject)
        self.yes = Button(verb, self.accept)
        self.cancel.setAutoDefault(False)
        self.yes.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self.cancel)
        row.addStretch()
        row.addWidget(self.yes)
        return row


def _means(text: str, aside: int) -> Text:
    made = Text(CAPTION, role=Role.PlaceholderText)
    made.setContentsMargins(aside, 0, 0, UNIT)
    made.say(text)
    return made
