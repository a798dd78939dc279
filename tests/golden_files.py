"""Compares what code wrote with files under tests/golden; one flag rewrites them.

`--update-golden` writes the files anew: the change is then read in the difference and
explained in the commit. Files beside used ones that no test asked for are reported at
the end. A plugin of `tests/conftest.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent / "golden"
_USED = pytest.StashKey[set[Path]]()


class Golden:
    """The golden files, as one test sees them."""

    def __init__(self, used: set[Path], *, update: bool) -> None:
        self._used = used
        self._update = update

    def check(self, name: str, found: bytes) -> None:
        """Compares `found` with the file `name` (below tests/golden)."""
        path = _ROOT / name
        self._used.add(path)
        if self._update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found)
        assert path.exists(), f"{name} is missing: run with --update-golden"
        # As text: pytest shows the difference line by line.
        assert found.decode().splitlines(keepends=True) == (
            path.read_bytes().decode().splitlines(keepends=True)
        )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden anew"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """The golden files to compare with."""
    stash = request.config.stash
    used = stash.setdefault(_USED, set())
    update = request.config.getoption("--update-golden", default=False)
    return Golden(used, update=bool(update))


def unused(used: set[Path]) -> list[Path]:
    """The files in folders of protocols that were used, which were not themselves."""
    folders = {_ROOT / path.relative_to(_ROOT).parts[0] for path in used}
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    return sorted(files - used)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for path in unused(config.stash.get(_USED, set())):
        name = path.relative_to(_ROOT)
        terminalreporter.write_line(f"golden file not used by this run: {name}")
