"""A file's difference as text to read, select and walk through with the keys.

A line of ours carries a bar and is bold: colour alone tells nothing.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QPalette,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QTextEdit

from wizard.pages.letters import CAPTION, UNIT, mono
from wizard.pages.parts import REPAINTS, Role, slim
from wizard.pages.words import difference, file_text
from wizard.view import FileView, LineKind

MOST_LINES = 24
"""Lines that are shown without scrolling."""

LEGEND = "+ new, - gone; a bar and bold type mark the lines with Turnout's own keys"


class Difference(QPlainTextEdit):
    """The lines of one file before and after, read-only."""

    def __init__(self, file: FileView) -> None:
        """Show the difference of `file`."""
        super().__init__()
        self._file = file
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(mono(self.font(), CAPTION))
        self.setAccessibleName(f"Changes to {file_text(file)}")
        self.setAccessibleDescription(LEGEND)
        keys = Qt.TextInteractionFlag.TextSelectableByKeyboard
        self.setTextInteractionFlags(
            keys | Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.setPlainText("\n".join(difference(file)))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        slim(self)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        if len(file.lines) <= MOST_LINES:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._paint_lines()
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Mark the lines anew in the colours of another scheme."""
        super().changeEvent(event)
        if event.type() in REPAINTS:
            self._paint_lines()
            self._fit()

    def _fit(self) -> None:
        lines = min(max(1, len(self._file.lines)), MOST_LINES)
        height = self.fontMetrics().lineSpacing() * lines
        height += 2 * round(self.document().documentMargin()) + UNIT
        # A bar for long lines would lie over the last one.
        room = self.width() - 2 * round(self.document().documentMargin())
        bar = self.horizontalScrollBar().sizeHint().height()
        height += bar if self._widest() > room else 0
        if height != self.height():
            self.setFixedHeight(height)

    def _widest(self) -> int:
        bold = QFont(self.font())
        bold.setBold(True)
        metrics = QFontMetrics(bold)
        return max(map(metrics.horizontalAdvance, difference(self._file)), default=0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for another height where a bar for long lines comes or goes."""
        super().resizeEvent(event)
        self._fit()

    def _paint_lines(self) -> None:
        colours = self.palette()
        paper = QPalette(colours)
        paper.setColor(Role.Base, colours.color(Role.AlternateBase))
        if paper.color(Role.Base) != colours.color(Role.Base):
            self.setPalette(paper)
        marked = []
        for number, line in enumerate(self._file.lines):
            if line.kind is LineKind.SAME:
                continue
            look = QTextCharFormat()
            quiet = line.kind in (LineKind.GONE, LineKind.CUT)
            look.setForeground(
                colours.color(Role.PlaceholderText if quiet else Role.Text)
            )
            if line.ours:
                look.setFontWeight(QFont.Weight.Bold)
                look.setBackground(colours.color(Role.Highlight))
                look.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
            cursor = QTextCursor(self.document().findBlockByNumber(number))
            cursor.select(QTextCursor.SelectionType.LineUnderCursor)
            if line.ours:
                # A weight is the text's own; a selection only lends colours.
                weight = QTextCharFormat()
                weight.setFontWeight(QFont.Weight.Bold)
                cursor.mergeCharFormat(weight)
                cursor.clearSelection()
            selection = QTextEdit.ExtraSelection()
            selection.cursor = cursor
            selection.format = look
            marked.append(selection)
        self.setExtraSelections(marked)
