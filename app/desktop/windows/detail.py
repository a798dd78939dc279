"""Why the chosen request went where it did, how it went, and what it lost on the way.

It shows a row and reasons that are handed in and asks nobody for more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.desktop.look import CAPTION, UNIT, mono
from app.desktop.why import FETCHING, Reasons, Step
from app.desktop.windows.foot import Foot
from app.desktop.windows.parts import Button, Heading, OneLine, Role, Text
from app.desktop.windows.track import Track
from app.desktop.words import Row


class Detail(QWidget):
    """Why this model, its attempts in order, and the losses; hidden without a request.

    Labels are kept and changed in place.
    """

    LIMIT = 72 * UNIT

    def __init__(self, closed: Callable[[], None]) -> None:
        """Show nothing; `closed` is called where somebody wants it away."""
        super().__init__()
        self._row: Row | None = None
        self.problem = ""
        self.heading = Heading("Why this model")
        self.close_button = Button("C&lose", closed)
        self.meant = Text(bold=True)
        self.state = Text(role=Role.PlaceholderText)
        self.reasons, self.lost = Lines(), Lines()
        self.attempts = Attempts()
        self.tried, self.losing = Heading("Attempts"), Heading("Lost in translation")
        inside = QWidget()
        lines = QVBoxLayout(inside)
        lines.setContentsMargins(0, UNIT, 2 * UNIT, 0)
        lines.setSpacing(2 * UNIT)
        said = (self.meant, self.state, self.reasons)
        for part in (*said, self.tried, self.attempts, self.losing, self.lost):
            lines.addWidget(part)
        lines.addStretch()
        self.area = Foot(inside, self.LIMIT, 16 * UNIT, steady=True)
        self.area.setAccessibleName("Why this model")
        self._set(closed_by=self.close_button)
        self.hide()

    def _set(self, *, closed_by: Button) -> None:
        top = QHBoxLayout()
        top.setSpacing(4 * UNIT)
        top.addWidget(self.heading, 1, Qt.AlignmentFlag.AlignBottom)
        top.addWidget(closed_by, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addLayout(top)
        column.addWidget(self.area)

    @property
    def shown(self) -> str:
        """The id of the request that is shown, '' for none."""
        return self._row.id if self._row else ""

    def show_row(self, row: Row | None) -> None:
        """Show this request; its reasons come after. None hides everything."""
        other = (row.id if row else "") != self.shown
        self._row = row
        self.setVisible(row is not None)
        if row is None:
            return
        self.heading.aside.say(f"{row.time}, {row.route}")
        self.meant.say(row.meant)
        self.tried.setVisible(bool(row.steps))
        self.attempts.show_steps(row.steps)
        self.losing.setVisible(bool(row.lost))
        self.lost.show_lines(row.lost)
        if other:
            self.show_waiting()
            self.area.verticalScrollBar().setValue(0)

    def show_waiting(self) -> None:
        """Say that the reasons are on their way."""
        self.problem = ""
        self.state.say(FETCHING)
        self.reasons.show_lines(())

    def show_reasons(self, reasons: Reasons) -> None:
        """Show the reasons, or why there are none; another request's come too late."""
        if reasons.id != self.shown:
            return
        self.problem = reasons.problem
        self.state.say(reasons.problem)
        self.reasons.show_lines(reasons.lines)


class Lines(QWidget):
    """Sentences, one under the other; takes no room where there are none."""

    def __init__(self) -> None:
        """Be empty."""
        super().__init__()
        self._lines: list[Text] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(UNIT)
        self.hide()

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show these sentences."""
        while len(self._lines) < len(lines):
            line = Text()
            self._column.addWidget(line)
            self._lines.append(line)
        for place, line in enumerate(self._lines):
            line.say(lines[place] if place < len(lines) else "")
        self.setVisible(bool(lines))


class Attempts(QWidget):
    """The attempts of a request in their order, a piece of track each."""

    def __init__(self) -> None:
        """Be empty."""
        super().__init__()
        self._lines: list[_Attempt] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(UNIT)
        self.hide()

    def show_steps(self, steps: Sequence[Step]) -> None:
        """Show these attempts."""
        while len(self._lines) < len(steps):
            line = _Attempt()
            self._column.addWidget(line)
            self._lines.append(line)
        for place, line in enumerate(self._lines):
            line.setVisible(place < len(steps))
            if place < len(steps):
                line.show_step(steps[place])
        self.setVisible(bool(steps))


class _Attempt(QWidget):
    """One attempt: its track, its route and cost, and below how it went."""

    def __init__(self) -> None:
        super().__init__()
        self._track = Track()
        self._route = OneLine(wraps=False)
        self._route.setFont(mono(self._route.font()))
        self._told = Text(CAPTION, role=Role.PlaceholderText)
        self._cost = Text(wraps=False)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._route)
        words.addWidget(self._told)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(self._track, 0, top)
        row.addLayout(words, 1)
        row.addWidget(self._cost, 0, top)

    def show_step(self, step: Step) -> None:
        self._track.show_way(step.status, step.mark)
        self._route.say(step.route)
        self._told.say(step.told)
        self._cost.say(step.cost)
