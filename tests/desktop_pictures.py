"""Paints the README's pictures of the Overview window from made-up data.

Run by hand after a change of its looks: `.venv/bin/python tests/desktop_pictures.py`.
Another folder and other scenes can be named: `FOLDER ready empty troubled`; in a scene
`NAME+N` the request number N is chosen, and its reasons are told. QT_SCALE_FACTOR is 2
unless set.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(folder: Path, scenes: list[str]) -> None:
    """Write `overview-SCENE-light.png` and `-dark.png`; `routing` goes without name."""
    from desktop_scenes import EVENTS, LAYERS, SIGHTS, Wishes
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication

    from app.desktop.look import DARK, LIGHT, Look, palette
    from app.desktop.menu import TrayMenu
    from app.desktop.why import reasons
    from app.desktop.windows.overview import OverviewWindow

    opaque = QImage.Format.Format_RGB888
    app = QApplication([])
    Look(app)
    folder.mkdir(parents=True, exist_ok=True)
    for scheme, ink in (("light", LIGHT), ("dark", DARK)):
        app.setPalette(palette(ink))
        for scene in scenes:
            wishes = Wishes()
            menu = TrayMenu(wishes, [("overview", "Overview window")])
            window = OverviewWindow(wishes, menu, keeps_open=bool)
            name, _, number = scene.partition("+")
            sight = SIGHTS[name]
            window.show_sight(sight)
            if sight.snapshot is not None and sight.snapshot.last is not None:
                window.show_recent(EVENTS)
            if number:
                chosen = window.requests.rows.index(int(number))
                window.requests.setCurrentIndex(chosen)
                window.show_reasons(reasons(window.detail.shown, LAYERS))
            window.resize(window.sizeHint())
            window.show()
            app.processEvents()
            if scene == "routing":
                window.requests.clearFocus()
            app.processEvents()
            name = "overview" if scene == "routing" else f"overview-{scene}"
            picture = window.grab().toImage().convertToFormat(opaque)
            picture.save(str(folder / f"{name}-{scheme}.png"), quality=0)
            window.close()


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ.setdefault("QT_SCALE_FACTOR", "2")
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    where, *named = sys.argv[1:] or [str(ROOT / "docs" / "img")]
    main(Path(where), named or ["routing"])
