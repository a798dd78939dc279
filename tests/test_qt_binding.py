"""Qt for Python must not eat references of True and None.

6.12.0 does, and Python 3.11 dies of it; 3.12 has immortal singletons.
"""

from __future__ import annotations

import subprocess
import sys

_PROBE = """
import sys
from PySide6.QtCore import QObject, QTimer, Signal

class Sender(QObject):
    fired = Signal()

sender, timer = Sender(), QTimer()
true, none = sys.getrefcount(True), sys.getrefcount(None)
for _ in range(100):
    sender.fired.emit()
    timer.stop()
    timer.setSingleShot(True)
print(sys.getrefcount(True) - true, sys.getrefcount(None) - none)
"""


def test_signals_and_setters_leave_the_counts_of_true_and_none_alone() -> None:
    # In a child: a binding that takes references kills its process, at exit at last.
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    of_true, of_none = (int(word) for word in done.stdout.split())
    assert abs(of_true) < 50
    assert abs(of_none) < 50
