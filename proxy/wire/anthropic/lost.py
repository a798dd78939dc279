"""Collects what a Messages request has no place for; each name is told once."""

from __future__ import annotations

from proxy.model import Loss


class Lost:
    """The losses met while one request is written, in the order they were met."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, Loss] = {}

    def add(self, name: str, detail: str) -> None:
        """Note a loss; a second one of the same name says nothing new."""
        self._found.setdefault(name, Loss(name, detail))

    @property
    def all(self) -> tuple[Loss, ...]:
        """What was noted."""
        return tuple(self._found.values())
