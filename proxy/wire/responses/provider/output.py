"""Finds the output item that an event of a provider's stream means; no I/O.

By its place in the output, else by its id, else the one that began last: servers leave
places out, repeat them, or change an item's id on the way.
"""

from __future__ import annotations

from proxy.model import Event, Json
from proxy.wire.responses.provider.items import (
    CallItem,
    Item,
    MessageItem,
    Output,
    ThinkingItem,
    open_item,
    text_of,
)


class Items:
    """The output items of one answer, in the order of their places.

    `output` is what they share.
    """

    __slots__ = ("_items", "_last", "output")

    def __init__(self, answer_id: str) -> None:
        """Start without an item; `answer_id` makes the ids of calls that have none."""
        self.output = Output(answer_id)
        self._items: dict[int, Item] = {}
        self._last: Item | None = None

    def message(self, at: int | None, item_id: str) -> MessageItem | None:
        """Return the message meant; None where it is complete."""
        found = self._find(at, item_id)
        if not isinstance(found, MessageItem):
            # A text whose item was never announced.
            found = MessageItem(self.output, {"id": item_id})
            self._put(at, found)
        return None if found.done else found

    def thinking(self, at: int | None, item_id: str) -> ThinkingItem:
        """Return the reasoning meant."""
        found = self._find(at, item_id)
        if not isinstance(found, ThinkingItem):
            found = ThinkingItem(self.output, {"id": item_id})
            self._put(at, found)
        return found

    def call(self, at: int | None, item_id: str) -> CallItem | None:
        """Return the call meant; None where none was announced."""
        found = self._find(at, item_id)
        return found if isinstance(found, CallItem) else None

    def added(self, at: int | None, shape: dict[str, Json]) -> list[Event]:
        """Begin an item, unless it has begun already."""
        before = None if at is None else self._items.get(at)
        events: list[Event] = []
        if not shape:
            return events
        if before is not None and not before.done:
            if before.kind == text_of(shape, "type") and (
                before.id == text_of(shape, "id")
            ):
                return events
            events = before.finish({})
        item = open_item(self.output, shape)
        self._put(at, item)
        return [*events, *item.begin()] if isinstance(item, CallItem) else events

    def done(self, at: int | None, item_id: str, shape: dict[str, Json]) -> list[Event]:
        """End an item; one that never began is told whole."""
        found = self._find(at, item_id)
        if found is None or (shape and _another(found, shape)):
            found = open_item(self.output, shape)
            self._put(at, found)
        return [] if found.done else found.finish(shape)

    def end(self, shapes: list[dict[str, Json]]) -> list[Event]:
        """End what is open, and tell what only the last event knows.

        `shapes` are the items as that event lists them.
        """
        events: list[Event] = []
        for at, item in sorted(self._items.items()):
            known = shapes[at] if 0 <= at < len(shapes) else {}
            if not item.done:
                alike = text_of(known, "type") == item.kind
                events += item.finish(known if alike else {})
        untold = [shape for shape in shapes if not self._told(shape)]
        for shape in untold:
            events += open_item(self.output, shape).finish(shape)
        return events

    def _told(self, shape: dict[str, Json]) -> bool:
        # Ids of items may have changed on the way: what could be told twice is only
        # taken where there was nothing of its kind.
        kind, call_id = text_of(shape, "type"), text_of(shape, "call_id")
        if kind == "message":
            return self.output.written
        alike = [each for each in self._items.values() if each.kind == kind]
        if call_id and any(isinstance(each, CallItem) for each in alike):
            return call_id in self.output.called
        return bool(alike)

    def _find(self, at: int | None, item_id: str) -> Item | None:
        if at is not None and at in self._items:
            return self._items[at]
        if item_id:
            for item in self._items.values():
                if item.id == item_id:
                    return item
        return self._last if at is None else None

    def _put(self, at: int | None, item: Item) -> None:
        taken = at is None or (at in self._items and not self._items[at].done)
        place = -1 - len(self._items) if taken or at is None else at
        self._items[place] = item
        self._last = item


def _another(item: Item, shape: dict[str, Json]) -> bool:
    if item.kind != text_of(shape, "type"):
        return True
    own_id = text_of(shape, "id")
    return item.done and bool(item.id and own_id) and item.id != own_id
