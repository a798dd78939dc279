"""Keeps over a restart what the estimator of tokens has learned: numbers, no content.

Losing it costs accuracy for a while and nothing else, so no fault here stops anything.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.settings.files import read_whole, replace_whole, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 2 * 1024 * 1024

_log = logging.getLogger(__name__)


def read_learned(path: Path) -> bytes:
    """Return what was kept; b'' where there is nothing, or nothing sound."""
    try:
        data, _ = read_whole(path, MOST_BYTES)
    except OSError:
        return b""
    return data if len(data) <= MOST_BYTES else b""


def keep_learned(path: Path, data: bytes) -> None:
    """Keep `data` in the place of what was kept before; a fault is only logged."""
    try:
        replace_whole(path, data, stamp_of(path))
    except OSError as error:
        _log.info("what was learned about tokens was not kept: %s", error.strerror)
