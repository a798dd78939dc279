"""The allocator keeps large blocks while they are wanted, and gives them back."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]

# A process of its own: the tuning holds for a process as long as it lives.
_SCRIPT = """
import re
from pathlib import Path
from app.allocator import give_back, keep_blocks

def resident():
    text = Path("/proc/self/smaps_rollup").read_text()
    return int(re.search(r"^Rss:\\s+(\\d+) kB", text, re.MULTILINE)[1])

if {tuned}:
    keep_blocks()
before = resident()
blocks = [bytearray(1_000_000) for _ in range(8)]
for block in blocks:
    block[:] = b"x" * len(block)
pin = bytearray(1000)
del blocks, block
kept = resident() - before
give_back()
print(kept, resident() - before)
"""


def _told(script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def _kept_and_left(*, tuned: bool) -> tuple[int, int]:
    kept, left = _told(_SCRIPT.format(tuned=tuned))
    return int(kept), int(left)


@pytest.mark.skipif(sys.platform != "linux", reason="another C library")
def test_freed_blocks_stay_until_they_are_given_back() -> None:
    kept, left = _kept_and_left(tuned=True)
    assert kept > 6_000
    assert left < 2_000


@pytest.mark.skipif(sys.platform != "linux", reason="another C library")
def test_untuned_the_system_has_them_back_at_once() -> None:
    kept, _ = _kept_and_left(tuned=False)
    assert kept < 3_000


_SETTLED = """
import gc
from app.allocator import settle

before = len(gc.get_objects())
settle()
print(before, gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_loaded_is_searched_no_more() -> None:
    before, frozen, left = map(int, _told(_SETTLED))
    assert frozen > before // 2
    assert left < 1_000
