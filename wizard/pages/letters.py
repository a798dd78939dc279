"""Type sizes and distances of every window, as shares of what the system has.

It sets nothing: a widget asks for the font it wants.
"""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase

BODY, DISPLAY, CAPTION = 1.0, 1.7, 0.88
"""Type sizes as shares of the system's own: whoever enlarges that enlarges all."""

UNIT = 4
"""Distances are multiples of this many pixels."""


def figures(font: QFont) -> QFont:
    """Return the font with figures of one width, so that columns of numbers stand."""
    made = QFont(font)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def sized(font: QFont, share: float, *, bold: bool = False) -> QFont:
    """Return the font at a share of its size, in points or pixels as it has them."""
    made = figures(font)
    if font.pointSizeF() > 0:
        made.setPointSizeF(font.pointSizeF() * share)
    else:
        made.setPixelSize(max(1, round(font.pixelSize() * share)))
    if bold:
        made.setWeight(QFont.Weight.DemiBold)
    return made


def mono(font: QFont, share: float = BODY) -> QFont:
    """Return the system's fixed font at a share of `font`'s size: models and paths."""
    made = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if font.pointSizeF() > 0:
        made.setPointSizeF(font.pointSizeF() * share)
    else:
        made.setPixelSize(max(1, round(font.pixelSize() * share)))
    return made
