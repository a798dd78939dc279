"""The wizard's actions as a list of what was asked for."""

from __future__ import annotations

from wizard.presets import Group


class WizardWishes:
    """Actions that only write down what was asked for; saving is kept apart."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.saved: list[str] = []

    def look(self, group: Group, *, shell_files: bool) -> None:
        self.asked.append(("look", group, *(("shell files",) if shell_files else ())))

    def review(self, answers: str) -> None:
        self.asked.append(("review", answers))

    def apply(self, answers: str, plan: str, clients: tuple[str, ...]) -> None:
        self.asked.append(("apply", answers, plan, *clients))

    def plan_repair(self, client: str) -> None:
        self.asked.append(("plan repair", client))

    def repair(self, client: str) -> None:
        self.asked.append(("repair", client))

    def test(self, client: str) -> None:
        self.asked.append(("test", client))

    def undo(self, client: str) -> None:
        self.asked.append(("undo", client))

    def store_key(self, provider: str, key: str) -> None:
        self.asked.append(("store", provider, key))

    def practise(self) -> None:
        self.asked.append(("practise",))

    def copy(self, text: str) -> None:
        self.asked.append(("copy", text))

    def open_terminal(self, command: str) -> None:
        self.asked.append(("terminal", command))

    def save(self, text: str) -> None:
        self.saved.append(text)

    def closed(self) -> None:
        self.asked.append(("closed",))
