"""Tunes memory for a long life and large requests; it holds none itself.

glibc takes a block of more than 128 KB from the system and gives it back when it is
freed (mallopt(3)), so that every large body pays for each of its pages anew: 0.5 ms
for 1 MB. Where there is another C library, both functions do nothing.
"""

from __future__ import annotations

import ctypes
import gc
import sys

KEPT_BLOCK = 4 << 20
"""Bytes up to which a block comes from memory that is kept between requests."""

KEPT_FREE = 16 << 20
"""Bytes of free memory that are kept until `give_back`."""

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def keep_blocks() -> None:
    """Let freed blocks be used again before they are given back to the system."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, KEPT_BLOCK)
        libc.mallopt(_M_TRIM_THRESHOLD, KEPT_FREE)


def settle() -> None:
    """Let the collector look no more at what is there now, as it stays for good.

    To be called when all is loaded: the modules are 60,000 objects, and each full
    search of them holds every stream up for 15 ms.
    """
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Give free memory back to the system; takes well under a millisecond if idle."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") else None
