"""What a person is told when a command fails; it maps nothing and prints nothing.

Commands raise it, the control socket writes it down, the door raises it again: so
it stands in a module of its own that needs no other.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONSENT = 3


class CommandFailed(Exception):
    """A command that could not do what was asked.

    `title` says what happened in a few words, `message` in a sentence or two with
    what Turnout did about it, `todo` what to do now ('' where there is nothing to
    do). `exit` is the exit code of the command line: 1 failed, 2 usage, 3 needs
    consent. None of them holds a secret or request text.
    """

    def __init__(
        self, title: str, message: str, todo: str = "", exit_code: int = Exit.FAILED
    ) -> None:
        """Keep the parts; see the class."""
        super().__init__(title)
        self.title = title
        self.message = message
        self.todo = todo
        self.exit = exit_code

    @property
    def parts(self) -> dict[str, str]:
        """The three texts by name, as JSON shows them."""
        return {"title": self.title, "message": self.message, "todo": self.todo}
