"""Runs a client's own command that writes its settings: no shell, a time limit.

It must not show or keep what the command prints: it may repeat a key.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

SECONDS: Final = 30.0
"""How long a client's own command may take."""

Run: TypeAlias = Callable[[tuple[str, ...]], None]


class CommandRefused(Exception):
    """A client's command did not do it; `why` names the program, never its words."""

    def __init__(self, why: str, todo: str) -> None:
        """Keep both."""
        super().__init__(why)
        self.why = why
        self.todo = todo


def run_words(words: tuple[str, ...]) -> None:
    """Run a command to its end.

    Raises:
        CommandRefused: it is not there, failed, or took longer than `SECONDS`.
    """
    name = Path(words[0]).name if words else "the command"
    try:
        subprocess.run(  # noqa: S603 - the client's own command, without a shell
            words,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except FileNotFoundError:
        raise CommandRefused(
            f"The program {name} was not found.", f"Install {name}, then try again."
        ) from None
    except subprocess.TimeoutExpired:
        raise CommandRefused(
            f"{name} did not end within {SECONDS:.0f} seconds and was stopped.",
            f"See whether {name} works in a terminal, then try again.",
        ) from None
    except subprocess.CalledProcessError as failed:
        raise CommandRefused(
            f"{name} ended with code {failed.returncode}.",
            f"See whether {name} works in a terminal, then try again.",
        ) from None
    except (OSError, IndexError) as error:
        raise CommandRefused(
            f"{name} could not be started ({type(error).__name__}).",
            f"See whether {name} works in a terminal, then try again.",
        ) from None
