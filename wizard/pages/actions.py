"""What the wizard's window may ask for; the desktop does it, tests write it down."""

from __future__ import annotations

from typing import Protocol

from wizard.presets import Group


class WizardActions(Protocol):
    """The wishes of a person in the first run, each returning at once.

    What comes of a wish comes back through the window's `show_` methods. `answers` is
    the text of `wizard.answers.written`.
    """

    def look(self, group: Group, *, shell_files: bool) -> None:
        """Look for one group; `shell_files` is the person's yes to reading those."""
        ...

    def review(self, answers: str) -> None:
        """Plan what would be done; of many asked for at once the last is told."""
        ...

    def apply(self, answers: str, plan: str, clients: tuple[str, ...]) -> None:
        """Carry out the plan of that id: Turnout's own part, then client by client."""
        ...

    def plan_repair(self, client: str) -> None:
        """Plan what would put a connected client's settings right."""
        ...

    def repair(self, client: str) -> None:
        """Carry that repair out."""
        ...

    def test(self, client: str) -> None:
        """Send the test request of one client again."""
        ...

    def undo(self, client: str) -> None:
        """Take back what was done to one client, '' for everything."""
        ...

    def store_key(self, provider: str, key: str) -> None:
        """Put a typed key into the system keyring under a provider's id."""
        ...

    def practise(self) -> None:
        """Send one request to the practice provider and show its answer."""
        ...

    def copy(self, text: str) -> None:
        """Put text into the clipboard."""
        ...

    def open_terminal(self, command: str) -> None:
        """Open a terminal, with a command to be typed there in the clipboard."""
        ...

    def save(self, text: str) -> None:
        """Keep the flow's choices over a crash."""
        ...

    def closed(self) -> None:
        """Note that the window has closed."""
        ...
