"""Keeps every test away from the user's own world; it holds no doubles and no data.

Qt is told to paint nowhere before anything imports it, and what the shell that started
the tests knows (keys, proxies, homes, a keyring) is out of reach.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.database import DirectoryBasedExampleDatabase

pytest_plugins = ("golden_files", "outcome_pages")

_ROOT = Path(__file__).resolve().parent.parent

_FOREIGN = (
    "ALL_PROXY",
    "ANTHROPIC_",
    "CLAUDE",
    "CODEX_",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GEMINI_",
    "GOOGLE_",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "OPENAI_",
    "OPENCODE_",
    "QT_",
    "SSLKEYLOGFILE",
    "TURNOUT_",
    "WAYLAND_DISPLAY",
    "XDG_",
)


def _scrub(home: Path) -> None:
    """Takes out of this process's environment what belongs to the user."""
    for name in list(os.environ):
        if name.upper().startswith(_FOREIGN):
            del os.environ[name]
    os.environ["HOME"] = str(home)
    os.environ["TURNOUT_HOME"] = str(home / "turnout")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"


_HOME = tempfile.TemporaryDirectory(prefix="turnout-tests-", ignore_cleanup_errors=True)
_scrub(Path(_HOME.name))

_KEPT = DirectoryBasedExampleDatabase(_ROOT / ".cache" / "hypothesis")
hypothesis.settings.register_profile("dev", deadline=None, database=_KEPT)
hypothesis.settings.register_profile(
    "ci", deadline=None, database=None, derandomize=True
)
hypothesis.settings.register_profile(
    "fuzz", deadline=None, database=_KEPT, max_examples=5000
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True)
def turnout_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own; it is not made, as on a first start."""
    home = tmp_path / "turnout-home"
    monkeypatch.setenv("TURNOUT_HOME", str(home))
    return home


class _Trouble(logging.Handler):
    """Keeps what our own loggers say at WARNING and above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("app.", "discovery.", "proxy.", "wizard.")):
            self.said.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _no_trouble_is_logged(request: pytest.FixtureRequest) -> Iterator[None]:
    """A logged warning fails a test that neither reads the log nor is marked."""
    trouble = _Trouble()
    logging.getLogger().addHandler(trouble)
    yield
    logging.getLogger().removeHandler(trouble)
    marked = request.node.get_closest_marker("logs_trouble") is not None
    if not marked and "caplog" not in request.fixturenames:
        assert not trouble.said


@pytest.fixture(scope="session", autouse=True)
def _remove_home() -> Iterator[None]:
    yield
    _HOME.cleanup()
