"""Reference pages that tests write from what they found; the flag is --update-golden.

A test notes under a key what came out. Where every key of a page was noted in a run
without a failure, the page is made from them and compared with the one in
docs/reference, or written anew. A run of a part of the tests compares nothing. A plugin
of `tests/conftest.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_PAGES = pytest.StashKey["dict[str, OutcomePage]"]()

Render = Callable[[Mapping[str, str]], str]


class OutcomePage:
    """One page below docs/reference, as the tests that make it see it."""

    def __init__(self, name: str, wanted: Iterable[str], render: Render) -> None:
        self.name = name
        self._wanted = tuple(wanted)
        self._render = render
        self._found: dict[str, str] = {}

    def note(self, key: str, outcome: str) -> None:
        """Says what came out for one of the wanted keys; a KeyError for any other."""
        if key not in self._wanted:
            raise KeyError(key)
        self._found[key] = outcome

    def text(self) -> str | None:
        """The page, its keys in the wanted order; None where one was not noted."""
        if set(self._found) != set(self._wanted):
            return None
        return self._render({key: self._found[key] for key in self._wanted})


class OutcomePages:
    """All pages of a run."""

    def __init__(self, pages: dict[str, OutcomePage]) -> None:
        self._pages = pages

    def page(self, name: str, wanted: Iterable[str], render: Render) -> OutcomePage:
        """The page of that name; the first who asks says what is on it."""
        if name not in self._pages:
            self._pages[name] = OutcomePage(name, wanted, render)
        return self._pages[name]


@pytest.fixture(scope="session")
def outcome_pages(request: pytest.FixtureRequest) -> OutcomePages:
    """The pages that tests write from their outcomes."""
    return OutcomePages(request.config.stash.setdefault(_PAGES, {}))


def settle(
    pages: Iterable[OutcomePage], folder: Path, *, update: bool
) -> tuple[str, ...]:
    """Compares or writes the pages that are complete; returns those that are stale."""
    stale = []
    for page in pages:
        text = page.text()
        path = folder / page.name
        if text is None:
            continue
        if update:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(page.name)
    return tuple(stale)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.testsfailed:
        return
    config = session.config
    update = bool(config.getoption("--update-golden", default=False))
    stale = settle(config.stash.get(_PAGES, {}).values(), _FOLDER, update=update)
    if stale:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            names = ", ".join(stale)
            reporter.write_line(f"stale, run with --update-golden: {names}", red=True)
