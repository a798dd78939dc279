"""Remembers answers that a client may refer to later; in memory only, for a while.

Behind `previous_response_id` and `item_reference` of Responses, and for the reasoning
of clients whose protocol cannot carry it back. What one client said is given to no
other. Nothing is ever written to disk, and no clock but the one handed in is read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final, TypeAlias

from proxy.item_size import size_of_message, size_of_part
from proxy.model import (
    Answer,
    BrokenOff,
    Event,
    Message,
    Opaque,
    Part,
    Request,
    Role,
    Thinking,
    gather,
)
from proxy.wire.responses.client.answer import item, item_id, response_id

KEPT_SECONDS: Final = 3600.0
"""How long something is remembered after it was last asked for."""

KEPT_BYTES: Final = 64 * 1024 * 1024
"""How much is remembered in all; the least recently used goes first."""

_ENTRY_BYTES: Final = 500
_GONE: Final = (
    "This request continues an answer, or names an item, that Turnout no longer has. "
    "It keeps answers in memory only, for an hour after they were last used and never "
    "over a restart; nothing was sent. Send the whole conversation in `input`, with "
    "`store` set to false."
)


class NotKept(LookupError):
    """A request refers to what is not kept; the message is for its sender."""

    def __init__(self) -> None:
        super().__init__(_GONE)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A conversation up to and with an answer, and who (`provider`) gave that."""

    messages: tuple[Message, ...]
    provider: str


class _Kind(Enum):
    ANSWER = auto()
    THINKING = auto()


_Key: TypeAlias = tuple[_Kind, str, str]


@dataclass(slots=True)
class _Entry:
    """Something remembered; `size` in bytes without the messages, which are shared."""

    size: int
    used: float
    kept: KeptAnswer | None = None
    thoughts: tuple[Thinking, ...] = ()
    items: tuple[str, ...] = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        return () if self.kept is None else self.kept.messages


class ItemStore:
    """What the gateway remembers, bounded in bytes and by age.

    `monotonic` gives seconds. The turns of a conversation that grows are the same
    values in each of its answers and are counted once.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        ttl_seconds: float = KEPT_SECONDS,
        max_bytes: int = KEPT_BYTES,
    ) -> None:
        """Begin with nothing remembered."""
        self._monotonic = monotonic
        self._ttl = ttl_seconds
        self._max = max_bytes
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._items: dict[tuple[str, str], tuple[_Key, Message]] = {}
        self._shared: dict[int, tuple[int, int]] = {}
        self.size = 0

    def keep(
        self,
        told: Iterable[Event],
        owner: str,
        conversation: tuple[Message, ...],
        provider: str,
    ) -> None:
        """Remember an answer behind the conversation it was given to.

        `told` are the answer's events as the client got them, `owner` the name of the
        client's key. An answer that broke off is not kept.
        """
        try:
            answer = gather(told)
        except BrokenOff:
            return
        last = Message(Role.ASSISTANT, answer.parts)
        key = (_Kind.ANSWER, owner, response_id(answer.id))
        named = _named(conversation, answer)
        kept = KeptAnswer((*conversation, last), provider)
        self._put(key, _Entry(_ENTRY_BYTES, 0.0, kept, items=tuple(named)))
        if key in self._entries:
            for name, message in named.items():
                self._items[owner, name] = (key, message)

    def find(self, answer_id: str, owner: str) -> KeptAnswer | None:
        """Return the conversation up to an answer; None where it is not kept."""
        entry = self._used((_Kind.ANSWER, owner, response_id(answer_id)))
        return None if entry is None else entry.kept

    def item(self, name: str, owner: str) -> Message | None:
        """Return one item of a kept conversation, None where it is not kept."""
        found = self._items.get((owner, name))
        if found is None or self._used(found[0]) is None:
            return None
        return found[1]

    def remember_thinking(
        self, call_id: str, owner: str, parts: Sequence[Thinking]
    ) -> None:
        """Remember what was thought before a call."""
        size = _ENTRY_BYTES + sum(map(size_of_part, parts))
        key = (_Kind.THINKING, owner, call_id)
        self._put(key, _Entry(size, 0.0, thoughts=tuple(parts)))

    def thinking(self, call_id: str, owner: str) -> tuple[Thinking, ...]:
        """Return what was thought before a call, () where that is not known."""
        entry = self._used((_Kind.THINKING, owner, call_id))
        return () if entry is None else entry.thoughts

    def recall(self, owner: str) -> OwnRecall:
        """Return what one client may be reminded of."""
        return OwnRecall(self, owner)

    def _used(self, key: _Key) -> _Entry | None:
        """Return an entry that has not expired, as the most recently used."""
        self._expire()
        entry = self._entries.get(key)
        if entry is not None:
            entry.used = self._monotonic()
            self._entries.move_to_end(key)
        return entry

    def _put(self, key: _Key, entry: _Entry) -> None:
        self._drop(key)
        self._expire()
        entry.used = self._monotonic()
        self._entries[key] = entry
        self.size += entry.size
        for message in entry.messages:
            self._share(message)
        while self.size > self._max:
            self._drop(next(iter(self._entries)))

    def _expire(self) -> None:
        oldest = self._monotonic() - self._ttl
        while self._entries:
            key, entry = next(iter(self._entries.items()))
            if entry.used >= oldest:
                return
            self._drop(key)

    def _drop(self, key: _Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.size -= entry.size
        for message in entry.messages:
            self._release(message)
        for name in entry.items:
            found = self._items.get((key[1], name))
            if found is not None and found[0] == key:
                del self._items[key[1], name]

    def _share(self, message: Message) -> None:
        # By identity: the entries keep the values alive, so it stays theirs.
        holders, size = self._shared.get(id(message), (0, 0))
        if not holders:
            size = size_of_message(message)
            self.size += size
        self._shared[id(message)] = (holders + 1, size)

    def _release(self, message: Message) -> None:
        holders, size = self._shared.pop(id(message))
        if holders > 1:
            self._shared[id(message)] = (holders - 1, size)
        else:
            self.size -= size


class OwnRecall:
    """What one client may be reminded of; fills `proxy.translation`'s `Recall`."""

    __slots__ = ("_owner", "_store")

    def __init__(self, store: ItemStore, owner: str) -> None:
        self._store = store
        self._owner = owner

    def thinking(self, call_id: str) -> tuple[Thinking, ...]:
        """Return what was thought before a call of this client."""
        return self._store.thinking(call_id, self._owner)


def expand(request: Request, store: ItemStore, owner: str) -> Request:
    """Return the request with what it refers to put in its place.

    The conversation of `previous_response_id` comes first, each `item_reference`
    becomes the item it names. Raises NotKept where one of them is not kept.
    """
    messages = request.messages
    if any(map(_reference, messages)):
        messages = tuple(_resolved(each, store, owner) for each in messages)
    if request.kept.previous is None:
        return request if messages is request.messages else _with(request, messages)
    before = store.find(request.kept.previous, owner)
    if before is None:
        raise NotKept
    whole = _with(request, (*before.messages, *messages))
    return replace(whole, kept=replace(request.kept, previous=None))


def _with(request: Request, messages: tuple[Message, ...]) -> Request:
    return replace(request, messages=messages)


def _reference(message: Message) -> Opaque | None:
    """Return the reference a message is, None for any other."""
    match message.parts:
        case (Opaque(kind="item_reference") as reference,):
            return reference
        case _:
            return None


def _resolved(message: Message, store: ItemStore, owner: str) -> Message:
    reference = _reference(message)
    if reference is None:
        return message
    name = reference.raw.get("id")
    found = store.item(name, owner) if isinstance(name, str) else None
    if found is None:
        raise NotKept
    return found


def _named(conversation: Iterable[Message], answer: Answer) -> dict[str, Message]:
    """Return the items that have an id a client may know, by that id."""
    named: dict[str, Message] = {}
    for message in conversation:
        if message.id is not None:
            named[message.id] = message
        for part in message.parts:
            if isinstance(part, Thinking) and part.id is not None:
                named[part.id] = _alone(part)
    shown: set[str] = set()
    for part in answer.parts:
        name = item_id(answer.id, part, len(shown), shown)
        if item(part, name) is not None:
            shown.add(name)
            named[name] = _alone(part)
    return named


def _alone(part: Part) -> Message:
    return Message(Role.ASSISTANT, (part,))
