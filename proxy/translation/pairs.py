"""Finds which result answers which call, though clients use ids again; values only."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.model import Message, Role, ToolCall, ToolResult

_Place = tuple[int, int]


class Pairs:
    """The calls and results of a conversation, by message and part.

    A result belongs to the latest turn before it that has a call of its id without a
    result, and there to the first such call.
    """

    __slots__ = ("_homes", "_paired", "_results")

    def __init__(self, messages: Sequence[Message]) -> None:
        """Pair everything once."""
        self._results: dict[_Place, ToolResult] = {}
        self._homes: dict[_Place, Message] = {}
        self._paired: set[_Place] = set()
        open_calls: dict[str, list[tuple[int, _Place]]] = {}
        turn = 0
        for at, message in enumerate(messages):
            turn += message.role is Role.USER
            for place, part in enumerate(message.parts):
                if isinstance(part, ToolCall):
                    open_calls.setdefault(part.id, []).append((turn, (at, place)))
                elif isinstance(part, ToolResult):
                    self._pair(part, (at, place), message, open_calls)

    def _pair(
        self,
        result: ToolResult,
        where: _Place,
        home: Message,
        open_calls: dict[str, list[tuple[int, _Place]]],
    ) -> None:
        waiting = open_calls.get(result.call_id)
        if not waiting:
            return
        latest = waiting[-1][0]
        first = next(at for at, (turn, _) in enumerate(waiting) if turn == latest)
        _, call = waiting.pop(first)
        self._results[call] = result
        self._homes[call] = home
        self._paired.add(where)

    def is_paired(self, message: int, part: int) -> bool:
        """Whether the result at this place answers a call."""
        return (message, part) in self._paired

    def result_of(
        self, message: int, part: int
    ) -> tuple[ToolResult | None, Message | None]:
        """Return what answers the call at this place, and the message it stands in."""
        call = (message, part)
        return self._results.get(call), self._homes.get(call)
