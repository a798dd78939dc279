"""The desktop: tray icon, menu and windows; the only room of `app` that knows Qt.

It reaches the gateway through the door like any other client. Qt is imported when the
tray is really run, so that naming this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.paths import Paths


def run_tray(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    inline: bool,
    hidden: bool,
    port: int | None,
) -> int:
    """Run the tray until it is quit; returns the exit status.

    `inline` serves in this very process instead of starting a keeper, `hidden` opens
    no window at the start, `port` stands in for the configured one. A second tray of
    the same home brings the first one's window up and returns 0. Raises
    `app.serve.CannotServe` where the gateway cannot be started.
    """
    from app.desktop.program import run

    return run(paths, environ, inline=inline, hidden=hidden, port=port)
