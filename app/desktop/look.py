"""Colours and type of the windows: ink on paper, one signal colour, dark or light.

It sets the application's palette and font and follows the system's scheme; it draws
nothing. Widgets read the palette when they paint, so a change repaints them.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from wizard.pages.letters import BODY, CAPTION, DISPLAY, UNIT, figures, mono, sized

__all__ = [
    "BODY",
    "CAPTION",
    "DARK",
    "DISPLAY",
    "LIGHT",
    "UNIT",
    "Ink",
    "Look",
    "figures",
    "mono",
    "palette",
    "sized",
]


@dataclass(frozen=True, slots=True)
class Ink:
    """One scheme's colours; text keeps a contrast of at least 4.5 on its paper."""

    paper: str
    ink: str
    muted: str
    hairline: str
    signal: str
    chosen: str
    button: str


LIGHT = Ink(
    paper="#fbf8f2",
    ink="#211d17",
    muted="#6b6357",
    hairline="#ddd5c6",
    signal="#96580a",
    chosen="#f3e5c8",
    button="#f3eee3",
)
DARK = Ink(
    paper="#191713",
    ink="#ece6da",
    muted="#a89f90",
    hairline="#3a352c",
    signal="#eda93b",
    chosen="#3b301c",
    button="#25221c",
)


def palette(ink: Ink) -> QPalette:
    """Return the palette of a scheme.

    `Mid` is hairlines, `Highlight` what is chosen, `PlaceholderText` muted text and
    `BrightText` the signal colour.
    """
    made = QPalette(QColor(ink.button), QColor(ink.paper))
    role = QPalette.ColorRole
    colours = {
        role.Window: ink.paper,
        role.Base: ink.paper,
        role.AlternateBase: ink.button,
        role.Button: ink.button,
        role.WindowText: ink.ink,
        role.Text: ink.ink,
        role.ButtonText: ink.ink,
        role.ToolTipBase: ink.button,
        role.ToolTipText: ink.ink,
        role.PlaceholderText: ink.muted,
        role.Mid: ink.hairline,
        role.Highlight: ink.chosen,
        role.HighlightedText: ink.ink,
        role.BrightText: ink.signal,
        role.Accent: ink.signal,
        role.Link: ink.signal,
    }
    for one, colour in colours.items():
        made.setColor(one, QColor(colour))
    for one in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, one, QColor(ink.muted))
    return made


class Look(QObject):
    """Gives the application its colours and keeps them in step with the system's."""

    def __init__(self, app: QApplication) -> None:
        """Set style, palette and font, and follow the system's scheme from now on."""
        super().__init__(app)
        self._app = app
        # Before our own palette stands in its place: a bare desktop tells no scheme.
        window = app.palette().color(QPalette.ColorRole.Window)
        self._born_dark = window.lightness() < 128
        app.setStyle("Fusion")
        app.setFont(figures(app.font()))
        app.styleHints().colorSchemeChanged.connect(self._follow)
        self._follow(app.styleHints().colorScheme())

    def _follow(self, scheme: Qt.ColorScheme) -> None:
        dark = scheme == Qt.ColorScheme.Dark or (
            scheme == Qt.ColorScheme.Unknown and self._born_dark
        )
        self._app.setPalette(palette(DARK if dark else LIGHT))
