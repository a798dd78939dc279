"""A control socket that serves the made-up commands."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from painted_commands import COMMANDS, Live, services

from app.control import ControlServer, serve_control


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def live() -> Live:
    return Live()


@pytest.fixture
async def server(path: Path, live: Live) -> AsyncIterator[ControlServer]:
    running = await serve_control(
        services(live), path, commands=COMMANDS, gap=0.05, quiet=0.2
    )
    yield running
    await running.stop()
