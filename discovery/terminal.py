"""What a terminal has that the running gateway has not: masked, to be handed over.

It must not hold a key or a whole secret: addresses without user name and query, plain
words, and of a key its last four characters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from discovery.findings import KeyFound
from discovery.key_shapes import is_ours, shown
from discovery.shell_files import Assigned

if TYPE_CHECKING:
    from discovery.surroundings import Surroundings

TERMINAL: Final = "this terminal's environment"
"""The place of such a variable, in words."""

HOMES: Final = (
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "CONTINUE_GLOBAL_DIR",
    "GEMINI_CLI_HOME",
    "OPENCLAW_CONFIG_PATH",
    "OPENCLAW_HOME",
    "OPENCLAW_STATE_DIR",
    "QWEN_HOME",
)
"""Variables that move a client's settings; their values are paths."""

_IN_TERMINAL = (
    "Only programs started from this terminal see it. Move it to the system keyring so "
    "that Turnout finds it wherever it was started."
)


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal's variables that matter here, each with what may be shown of it."""

    variables: tuple[tuple[str, str], ...] = ()
    keys: tuple[KeyFound, ...] = ()


def variables_shown(
    surroundings: Surroundings, names: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return those of `names` that are set, with what may be shown of their values.

    A key of Turnout's own gateway is none of them: it is in nobody's way.
    """
    told = ((name, surroundings.environ.get(name, "")) for name in names)
    return tuple(
        (name, value if name in HOMES else shown(name, value))
        for name, value in told
        if value and not is_ours(value)
    )


def terminal_lines(
    terminal: Terminal | None, beside: Collection[Assigned]
) -> Iterator[Assigned]:
    """Yield a terminal's variables, but those that come from a line `beside` them."""
    known = {line.name for line in beside if line.exported}
    for name, value in terminal.variables if terminal else ():
        if name not in known:
            yield Assigned(name, value, TERMINAL, f"{name}=")


def keys_of_terminal(
    terminal: Terminal | None, here: Collection[KeyFound]
) -> Iterator[KeyFound]:
    """Yield the keys that only the terminal has: no variable `here` ends alike."""
    known = {(key.variable, key.last4) for key in here}
    for key in terminal.keys if terminal else ():
        if (key.variable, key.last4) not in known:
            notes = (_IN_TERMINAL, *key.notes)
            yield replace(key, where=TERMINAL, reference="", notes=notes)
