"""Finds what wins over the settings Turnout writes: variables and other files.

It must not read a file or folder that nobody named, and tells of a value only what is
no secret: addresses without user name and query, and plain words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from discovery.findings import Override
from discovery.overrides.claude import CLAUDE_VARIABLES, claude_code, claude_desktop
from discovery.overrides.codex import codex
from discovery.overrides.dotenv import (
    GEMINI_VARIABLES,
    QWEN_VARIABLES,
    gemini_cli,
    qwen_code,
)
from discovery.overrides.others import (
    AIDER_VARIABLES,
    OPENCLAW_VARIABLES,
    OPENCODE_VARIABLES,
    aider,
    continue_,
    openclaw,
    opencode,
)
from discovery.overrides.terms import View
from discovery.shell_files import ROOT, Assigned
from discovery.surroundings import Surroundings
from discovery.terminal import HOMES, terminal_lines

__all__ = ["override_variables", "overrides_of"]


def overrides_of(
    client: str,
    surroundings: Surroundings,
    own_port: int | None = None,
    *,
    lines: Sequence[Assigned] = (),
    system: Path = ROOT,
) -> tuple[Override, ...]:
    """Return the places that win over what Turnout writes for a client; blocks.

    `lines` are those of shell start-up files, which the user agreed to be read.
    Addresses of our own gateway on `own_port` and our own keys are in nobody's way.
    `system` is where the system's own files begin.
    """
    search = _SEARCHES.get(client)
    if search is None:
        return ()
    every = (*terminal_lines(surroundings.terminal, lines), *lines)
    return tuple(search(View(surroundings, own_port, every, system)))


def override_variables() -> tuple[str, ...]:
    """Return the names of all variables that may win over what Turnout writes."""
    tables = (
        CLAUDE_VARIABLES,
        GEMINI_VARIABLES,
        QWEN_VARIABLES,
        OPENCODE_VARIABLES,
        OPENCLAW_VARIABLES,
        AIDER_VARIABLES,
    )
    return (*dict.fromkeys(name for table in tables for name in table), *HOMES)


_SEARCHES: Final[Mapping[str, Callable[[View], Iterator[Override]]]] = {
    "claude-code": claude_code,
    "claude-desktop": claude_desktop,
    "codex": codex,
    "continue": continue_,
    "opencode": opencode,
    "openclaw": openclaw,
    "gemini-cli": gemini_cli,
    "qwen-code": qwen_code,
    "aider": aider,
}
