"""Paints the wizard's pages from made-up findings, plans and outcomes.

Run by hand after a change of its looks: `.venv/bin/python tests/wizard_pictures.py`.
Another folder and other scenes can be named: `FOLDER review hard-review`. QT_SCALE_FACTOR
is 2 unless set; TEXT_SCALE multiplies the size of the text.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.pages.window import WizardWindow

ROOT = Path(__file__).resolve().parent.parent


def scenes() -> dict[str, Callable[[WizardWindow], None]]:
    """Return what is done to a new window for each picture."""
    from wizard_scenes import (
        CLIENTS,
        CODEX_BACK,
        FOUND,
        HARD_PLAN,
        OUTCOME,
        PLAN,
    )

    from discovery.findings import Findings
    from wizard.presets import Group, Offer

    def looking(window: WizardWindow) -> None:
        window.begin()
        window.show_found(Group.CLIENTS, CLIENTS)

    def found(window: WizardWindow, findings: Findings = FOUND) -> None:
        window.begin()
        for group in Group:
            window.show_found(group, findings)

    def empty(window: WizardWindow) -> None:
        found(window, Findings())

    def planning(window: WizardWindow) -> None:
        found(window)
        window.accept()

    def unplanned(window: WizardWindow) -> None:
        planning(window)
        window.show_plan_failed("No gateway is running.")

    def review(window: WizardWindow) -> None:
        planning(window)
        window.show_plan(PLAN)

    def hard_review(window: WizardWindow) -> None:
        planning(window)
        window.show_plan(HARD_PLAN)

    def without(window: WizardWindow) -> None:
        review(window)
        window.review.tabs.setCurrentIndex(1)

    def applying(window: WizardWindow) -> None:
        review(window)
        window.accept()

    def applied(window: WizardWindow) -> None:
        applying(window)
        window.show_outcome(OUTCOME)

    def failed(window: WizardWindow) -> None:
        applying(window)
        window.show_outcome(replace(OUTCOME, clients=(CODEX_BACK,), own=()))

    def unknown(window: WizardWindow) -> None:
        applying(window)
        window.show_apply_failed("The gateway went away in the middle.")

    def key(window: WizardWindow) -> None:
        found(window)
        window.show()
        window._offer(Offer.KEY)

    def options(window: WizardWindow) -> None:
        found(window)
        window.show()
        window._detail("claude-code")

    told = (looking, found, empty, planning, unplanned, review, hard_review, without)
    told += (applying, applied, failed, unknown, key, options)
    return {each.__name__.replace("_", "-"): each for each in told}


def main(folder: Path, names: list[str]) -> None:
    """Write `wizard-SCENE-light.png` and `-dark.png`."""
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication
    from wizard_wishes import WizardWishes

    from app.desktop.look import DARK, LIGHT, Look, palette
    from wizard.pages.window import WizardWindow

    app = QApplication([])
    Look(app)
    font = app.font()
    font.setPointSizeF(font.pointSizeF() * float(os.environ.get("TEXT_SCALE", "1")))
    app.setFont(font)
    folder.mkdir(parents=True, exist_ok=True)
    known = scenes()
    for scheme, ink in (("light", LIGHT), ("dark", DARK)):
        app.setPalette(palette(ink))
        for name in names or list(known):
            window = WizardWindow(WizardWishes(), terminal=True)
            known[name](window)
            window.show()
            app.processEvents()
            shown = window._key_sheet or window._client_sheet or window
            picture = shown.grab().toImage()
            opaque = picture.convertToFormat(QImage.Format.Format_RGB888)
            opaque.save(str(folder / f"wizard-{name}-{scheme}.png"), quality=0)
            window.hide()


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ.setdefault("QT_SCALE_FACTOR", "2")
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    where, *named = sys.argv[1:] or [str(ROOT / "docs" / "img"), "found", "review"]
    main(Path(where), named)
