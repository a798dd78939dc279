"""Makes a checkout ready: `python3 setup/prepare.py run | test | test-clients | bench`.

It needs only the standard library, does nothing that was done already, and installs
nothing outside the checkout but Debian packages (as root or in CI).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import clients
import debian
import environment

_ROOT = Path(__file__).resolve().parent.parent
_TARGETS = ("run", "test", "test-clients", "bench")


def main(words: list[str]) -> int:
    """Prepares for one target; returns the exit status (0, 1 failed, 2 usage)."""
    if len(words) != 1 or words[0] not in _TARGETS:
        print(f"usage: prepare.py {' | '.join(_TARGETS)}", file=sys.stderr)
        return 2
    try:
        prepare(_ROOT, words[0])
    except (
        clients.ClientProblem,
        debian.MissingPackages,
        environment.EnvironmentProblem,
    ) as problem:
        print(f"\n{problem}\n", file=sys.stderr)
        return 1
    return 0


def prepare(root: Path, target: str) -> None:
    """Does what `target` needs and is not there yet."""
    debian.require(_packages(target))
    environment.install(root, dev=target != "run")
    if target in {"test", "test-clients"}:
        clients.install(root, clients.MAIN)
    if target == "test-clients":
        clients.install(root, clients.MORE)


def _packages(target: str) -> tuple[str, ...]:
    # Debian's Python comes without ensurepip, and so cannot make an environment.
    venv = () if importlib.util.find_spec("ensurepip") else debian.VENV
    return venv + _desk_packages(target)


def _desk_packages(target: str) -> tuple[str, ...]:
    if target == "bench":
        return debian.QT + debian.BENCH
    if target != "run":
        return debian.QT + debian.DESK
    # Without a display the headless gateway is started: it needs no window system.
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return debian.QT if display or os.geteuid() == 0 else ()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
