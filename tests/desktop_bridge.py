"""A bridge that only writes down what it was asked, and answers from a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.desktop.bridge import Notice
from app.desktop.sight import Sight
from app.failure import CommandFailed


class AskedBridge(QObject):
    """The bridge's signals, its sight, and `ask` from a table of answers."""

    sight_changed = Signal(object)
    told = Signal(object)

    def __init__(self, sight: Sight | None = None) -> None:
        super().__init__()
        self.sight = sight or Sight()
        self.given: list[tuple[str, dict[str, object]]] = []
        self.answers: dict[str, object] = {}
        self.notices: list[Notice] = []
        self.stopped = 0
        self.told.connect(self.notices.append)

    def ask(
        self,
        name: str,
        result: type,
        told: Callable[[Any], None],
        failed: Callable[[CommandFailed], None],
        given: Mapping[str, object],
        limit: float | None = None,
    ) -> None:
        del limit
        self.given.append((name, dict(given)))
        answer = self.answers.get(name)
        if isinstance(answer, CommandFailed):
            failed(answer)
        elif answer is not None:
            assert isinstance(answer, result)
            told(answer)

    def stop_gateway(self, then: Callable[[], None]) -> None:
        self.stopped += 1
        then()
