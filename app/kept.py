"""Keeps over a restart how providers are: numbers and names, no content, no keys.

Losing it costs a failing provider a few more calls and nothing else, so no fault here
stops anything. What the bytes mean is `proxy.health`'s business.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.settings.files import read_whole, replace_whole, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

    from proxy.health import Health

MOST_BYTES = 2 * 1024 * 1024
"""Bytes of a file that is read; a longer one is not ours."""

_log = logging.getLogger(__name__)


def load_health(path: Path, health: Health, now: float) -> None:
    """Take into `health` what was kept at `path`; nothing where nothing is sound.

    `now` is in seconds since 1970.
    """
    try:
        data, _ = read_whole(path, MOST_BYTES)
    except OSError:
        return
    if len(data) <= MOST_BYTES:
        health.load(data, now)


def keep_health(path: Path, health: Health) -> None:
    """Keep `health` at `path`, for this user alone; a fault is only logged."""
    try:
        replace_whole(path, health.export(), stamp_of(path))
    except OSError as error:
        _log.info("how providers are was not kept: %s", error.strerror)
