"""The doctor's report as every shell shows it; looks at nothing and mends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

PAGES: Final = "docs/guide/doctor"
"""The folder with a page for each code: symptom, cause, fix."""


class Level(StrEnum):
    """How a check came out; only a `problem` makes the command fail."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    `code` is stable and names the page with more. `means` says how it is and what that
    means, `action` the one thing to do, '' where there is nothing to do. `command` is
    the command line in that action, '' where it is none. `fixes` says that `--fix`
    does it.
    """

    code: str
    name: str
    state: Level
    means: str
    action: str = ""
    command: str = ""
    fixes: bool = False

    @property
    def page(self) -> str:
        """Where more is told of this code, below the project's folder."""
        return f"{PAGES}/{self.code}.md"


@dataclass(frozen=True, slots=True)
class Mended:
    """One thing that `--fix` did or left: how it was, and how it is now."""

    code: str
    before: str
    after: str
    done: bool


@dataclass(frozen=True, slots=True)
class BundlePart:
    """One file of a support bundle, exactly as it is written."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the doctor found at `time` (UTC), group by group.

    `mended` is what `--fix` did. `bundle` are the files of a support bundle where one
    was asked for; `bundle_file` is where it was written, '' where it was only shown.
    `asks` is True where `--fix` left something because the user has to agree first.
    """

    checks: tuple[Check, ...]
    time: datetime
    mended: tuple[Mended, ...] = ()
    bundle: tuple[BundlePart, ...] = ()
    bundle_file: str = ""
    asks: bool = False

    @property
    def failed(self) -> bool:
        """Whether something is broken: the command's exit code is 1 then."""
        return bool(self.of(Level.PROBLEM))

    def of(self, level: Level) -> tuple[Check, ...]:
        """Return the checks that came out so."""
        return tuple(check for check in self.checks if check.state is level)
