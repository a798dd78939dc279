"""Names what Messages has no place for, in requests and answers; decides nothing."""

from __future__ import annotations

from typing import Final

from proxy.model import Loss


class Lost:
    """The losses met while one request is written, in the order they were met."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, Loss] = {}

    def add(self, name: str, detail: str) -> None:
        """Note a loss; a second one of the same name says nothing new."""
        self.note(Loss(name, detail))

    def note(self, loss: Loss) -> None:
        """Note a loss that has its sentence already."""
        self._found.setdefault(loss.name, loss)

    @property
    def all(self) -> tuple[Loss, ...]:
        """What was noted."""
        return tuple(self._found.values())


CITATION: Final = Loss("citation", "A citation has no place.")
"""A source that another protocol names: what this one demands of it is not known."""

SEALED: Final = Loss("sealed_thinking", "Sealed reasoning has no place.")
"""Reasoning only another maker can open."""

ARGUMENTS: Final = Loss(
    "broken_arguments", "A call's arguments were no JSON object; `input` holds them."
)
"""Arguments the model broke off, or wrote wrongly."""


def provider_part(kind: str) -> Loss:
    """Return the loss of a part that another protocol's provider made."""
    return Loss("provider_part", f"A {kind} part has no place.")
