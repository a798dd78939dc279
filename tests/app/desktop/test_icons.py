from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.desktop.icons import NEUTRAL, SIGNAL, SIZES, state_icon
from app.desktop.look import DARK, LIGHT, Ink, palette
from app.desktop.sight import Shape


def mask(shape: Shape, size: int, *, hollow: bool = False) -> list[bool]:
    """Which pixels of an icon are painted, whatever their colour."""
    pixmap = state_icon(shape, hollow=hollow).pixmap(QSize(size, size))
    image = pixmap.toImage().convertToFormat(QImage.Format.Format_ARGB32)
    assert image.width() == image.height() == size
    return [
        image.pixelColor(x, y).alpha() > 127 for y in range(size) for x in range(size)
    ]


@pytest.mark.parametrize("size", [16, 22, 32])
def test_the_states_differ_in_shape(qtbot: QtBot, size: int) -> None:
    masks = {shape: mask(shape, size) for shape in Shape}
    for one, other in combinations(Shape, 2):
        differing = sum(a != b for a, b in zip(masks[one], masks[other], strict=True))
        assert differing > size * size * 0.08, (one, other)


@pytest.mark.parametrize("shape", Shape)
def test_a_stale_state_is_hollow(qtbot: QtBot, shape: Shape) -> None:
    full, hollow = mask(shape, 64), mask(shape, 64, hollow=True)
    emptied = [a and not b for a, b in zip(full, hollow, strict=True)]
    assert sum(emptied) > 0.2 * sum(full)


def test_every_size_is_painted_and_not_scaled(qtbot: QtBot) -> None:
    icon = state_icon(Shape.STRAIGHT, hollow=False)
    assert {size.width() for size in icon.availableSizes()} == set(SIZES)


def luminance(name: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    colour = QColor(name)
    red, green, blue = colour.redF(), colour.greenF(), colour.blueF()
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [NEUTRAL, SIGNAL])
@pytest.mark.parametrize("panel", ["white", "black"])
def test_the_icon_stands_out_on_any_panel(colour: str, panel: str) -> None:
    assert contrast(colour, panel) >= 4


@pytest.mark.parametrize("ink", [LIGHT, DARK])
def test_text_stands_out_on_its_paper(ink: Ink) -> None:
    for colour in (ink.ink, ink.muted, ink.signal):
        assert contrast(colour, ink.paper) >= 4.5
    assert contrast(ink.ink, ink.chosen) >= 4.5
    assert contrast(ink.muted, ink.chosen) >= 4.5


def test_a_palette_says_what_is_dark(qtbot: QtBot) -> None:
    light, dark = palette(LIGHT), palette(DARK)
    role = light.ColorRole.Window
    assert light.color(role).lightness() > 240
    assert dark.color(role).lightness() < 40
