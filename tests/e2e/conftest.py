"""Fixtures of the end-to-end tests: a provider, Turnout, a recorder, a client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.clients import Place
from e2e.gateway import Turnout, running
from upstream import ScriptedUpstream, Tap, in_thread
from upstream.coding import coding_task, prepare

# Its assertions tell what differs, like those of a test module.
pytest.register_assert_rewrite("e2e.expect")


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path: a socket's path may not be long."""
    return tmp_path_factory.mktemp("t")


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    """The provider that plays the coding task."""
    served = ScriptedUpstream(coding_task)
    with in_thread(served):
        yield served


@pytest.fixture
def turnout_process(base: Path, upstream: ScriptedUpstream) -> Iterator[Turnout]:
    """`turnout serve` in front of the scripted provider."""
    with running(base / "home", upstream.url) as turnout:
        yield turnout


@pytest.fixture
def practice_process(base: Path) -> Iterator[Turnout]:
    """`turnout serve` in an empty home: the practice provider answers."""
    with running(base / "home", None) as turnout:
        yield turnout


@pytest.fixture
def inline_tray(base: Path, upstream: ScriptedUpstream) -> Iterator[Turnout]:
    """`turnout tray --inline`: tray and gateway in one process."""
    with running(base / "home", upstream.url, ("tray", "--inline")) as turnout:
        yield turnout


@pytest.fixture
def tap(turnout_process: Turnout) -> Iterator[Tap]:
    """A recorder between a client and Turnout."""
    served = Tap(turnout_process.port)
    with in_thread(served):
        yield served


@pytest.fixture
def place(base: Path) -> Place:
    """A client's home and a project folder with the task's file."""
    made = Place.under(base, "louder-greeting")
    prepare(made.project)
    return made
