"""Paints the wizard's pages from made-up findings, plans and outcomes.

Run by hand after a change of its looks: `.venv/bin/python tests/wizard_pictures.py`.
Another folder and other scenes can be named: `FOLDER review hard-review`, or `FOLDER
all`. QT_SCALE_FACTOR is 2 unless set; TEXT_SCALE multiplies the size of the text.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(folder: Path, names: list[str]) -> None:
    """Write `wizard-SCENE-light.png` and `-dark.png`."""
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication
    from wizard_windows import SCENES
    from wizard_wishes import WizardWishes

    from app.desktop.look import DARK, LIGHT, Look, palette
    from wizard.pages.window import WizardWindow

    app = QApplication([])
    Look(app)
    font = app.font()
    font.setPointSizeF(font.pointSizeF() * float(os.environ.get("TEXT_SCALE", "1")))
    app.setFont(font)
    folder.mkdir(parents=True, exist_ok=True)
    for scheme, ink in (("light", LIGHT), ("dark", DARK)):
        app.setPalette(palette(ink))
        for name in list(SCENES) if names == ["all"] else names:
            window = WizardWindow(WizardWishes(), terminal=True, login=True)
            SCENES[name](window)
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
    where, *named = sys.argv[1:] or [
        str(ROOT / "docs" / "img"),
        "found",
        "review",
        "applied",
    ]
    main(Path(where), named)
