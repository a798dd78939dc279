"""What there is to say of the chosen request: what its translation lost, or nothing.

It shows a row that is handed in and asks nobody for more.
"""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.look import UNIT
from app.desktop.windows.foot import Foot
from app.desktop.windows.parts import Heading, Text
from app.desktop.words import Row


class Detail(QWidget):
    """The losses of one request, a sentence each; takes no room where there are none.

    Labels are kept and changed in place.
    """

    LIMIT = 32 * UNIT

    def __init__(self) -> None:
        """Show nothing."""
        super().__init__()
        self.heading = Heading("Lost in translation")
        self._lines: list[Text] = []
        inside = QWidget()
        lines = QVBoxLayout(inside)
        lines.setContentsMargins(0, UNIT, 2 * UNIT, 0)
        self._column = QVBoxLayout()
        self._column.setSpacing(UNIT // 2)
        lines.addLayout(self._column)
        lines.addStretch()
        area = Foot(inside, self.LIMIT, 12 * UNIT)
        area.setAccessibleName("Lost in translation")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 3 * UNIT, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.heading)
        column.addWidget(area)
        self.hide()

    def show_row(self, row: Row | None) -> None:
        """Show what this request lost; None where no request is chosen."""
        sentences = row.lost if row is not None else ()
        self.heading.aside.say(f"{row.time}, {row.route}" if row is not None else "")
        while len(self._lines) < len(sentences):
            line = Text()
            self._column.addWidget(line)
            self._lines.append(line)
        for place, line in enumerate(self._lines):
            line.say(sentences[place] if place < len(sentences) else "")
        self.setVisible(bool(sentences))
