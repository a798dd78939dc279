"""Makes a provider's answer fit the client again: names, ids, free text, proofs.

Events in, events out; the order of `proxy.model.events` is kept. What a model makes up
itself (a name nobody offered) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from proxy.model import (
    AnswerEnded,
    Event,
    Origin,
    PartEnded,
    PartWhole,
    Protocol,
    SignatureDelta,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
)
from proxy.translation.hosted import HOSTED, item_of
from proxy.translation.names import Names
from proxy.translation.unwrap import Unwrapper
from proxy.wire.sealing import Sealed, seal

_NOT_MESSAGES: Final = re.compile(r"[^a-zA-Z0-9_-]")


class Restorer:
    """Restores one answer for the client of `client`'s protocol.

    `origin` is who answers. `proofs_from` is the id of the provider whose proofs the
    client carries in their plain form, None where nobody's are known: those of any
    other are wrapped, so that they say themselves whose they are. `remembered`,
    complete after the answer, holds for each call's id what was thought since the call
    before it: for clients whose protocol cannot carry that back themselves.
    """

    __slots__ = (
        "_client",
        "_hosted",
        "_names",
        "_origin",
        "_own",
        "_since",
        "_thoughts",
        "_unwrappers",
        "_used",
        "remembered",
    )

    def __init__(
        self,
        names: Names,
        origin: Origin,
        client: Protocol,
        *,
        proofs_from: str | None = None,
    ) -> None:
        self._names = names
        self._origin = origin
        self._client = client
        self._own = client is origin.protocol and proofs_from in {None, origin.provider}
        self._used = set(names.used)
        self._unwrappers: dict[int, Unwrapper] = {}
        self._hosted: dict[int, _Hosted] = {}
        self._thoughts: dict[int, _Thought] = {}
        self._since: list[_Thought] = []
        self.remembered: dict[str, tuple[Thinking, ...]] = {}

    def feed(self, event: Event) -> Sequence[Event]:
        """Return what the client's codec writes in place of this event."""
        if type(event) is TextDelta:
            return (event,)
        match event:
            case ToolCallArguments():
                return self._arguments(event)
            case ToolCallStarted():
                return self._call(event)
            case ThinkingStarted():
                return self._begin(event)
            case ThinkingDelta() if event.index in self._thoughts:
                self._thoughts[event.index].add(event)
                return (event,)
            case SignatureDelta() | ThinkingSealed() if event.index in self._thoughts:
                self._thoughts[event.index].prove(event)
                return (event,) if self._own else ()
            case PartEnded():
                return self._end(event)
            case AnswerEnded():
                return [*self._open_ends(), event]
            case _:
                return (event,)

    def _call(self, event: ToolCallStarted) -> Sequence[Event]:
        known = self._names.restored(event.name, event.namespace)
        fresh = self._fresh(event.id)
        self.remembered[fresh] = tuple(each.kept(self._origin) for each in self._since)
        self._since = []
        if known is None:
            return (event if fresh == event.id else replace(event, id=fresh),)
        if known.namespace == HOSTED:
            self._hosted[event.index] = _Hosted(event.index, fresh, known.name)
            return ()
        if known.wrapped:
            self._unwrappers[event.index] = Unwrapper()
        return (
            ToolCallStarted(
                event.index, fresh, known.name, known.kind, known.namespace
            ),
        )

    def _arguments(self, event: ToolCallArguments) -> Sequence[Event]:
        hosted = self._hosted.get(event.index)
        if hosted is not None:
            hosted.pieces.append(event.text)
            return ()
        unwrapper = self._unwrappers.get(event.index)
        if unwrapper is None:
            return (event,)
        text = unwrapper.feed(event.text)
        return (ToolCallArguments(event.index, text),) if text else ()

    def _fresh(self, given: str) -> str:
        """The call's id for the client: the provider's own, if it can be."""
        word = given or f"call_{len(self._used) + 1}"
        if self._client is Protocol.MESSAGES:
            word = _NOT_MESSAGES.sub("_", word)
        free, turn = word, 1
        while free in self._used:
            turn += 1
            free = f"{word}_{turn}"
        self._used.add(free)
        return free

    def _begin(self, event: ThinkingStarted) -> Sequence[Event]:
        thought = _Thought(event.sealed, event.id)
        self._thoughts[event.index] = thought
        self._since.append(thought)
        sealed = event.sealed if self._own else None
        return (replace(event, sealed=sealed, origin=self._origin),)

    def _end(self, event: PartEnded) -> Sequence[Event]:
        hosted = self._hosted.pop(event.index, None)
        if hosted is not None:
            return hosted.told()
        unwrapper = self._unwrappers.pop(event.index, None)
        if unwrapper is not None:
            rest = unwrapper.finish()
            return [ToolCallArguments(event.index, rest), event] if rest else (event,)
        thought = self._thoughts.pop(event.index, None)
        if thought is None or self._own or self._client is Protocol.CHAT:
            return (event,)
        inside = thought.inside(self._origin, self._client)
        if inside is None:
            return (event,)
        wrap = seal(inside)
        if self._client is Protocol.RESPONSES:
            return [ThinkingSealed(event.index, wrap), event]
        return [SignatureDelta(event.index, wrap), event]

    def _open_ends(self) -> list[Event]:
        """What parts still hold that nobody ended; their ends are said with it."""
        events: list[Event] = []
        for index in sorted({*self._hosted, *self._unwrappers, *self._thoughts}):
            events.extend(self._end(PartEnded(index)))
        return events


class _Hosted:
    """A call of a tool that the client knows by an item of its own."""

    __slots__ = ("_call_id", "_index", "_name", "pieces")

    def __init__(self, index: int, call_id: str, name: str) -> None:
        self._index = index
        self._call_id = call_id
        self._name = name
        self.pieces: list[str] = []

    def told(self) -> Sequence[Event]:
        """Return the client's item; a call of a function where it makes none."""
        arguments = "".join(self.pieces)
        item = item_of(self._name, self._call_id, arguments)
        if item is not None:
            return (PartWhole(self._index, item),)
        return (
            ToolCallStarted(self._index, self._call_id, self._name),
            ToolCallArguments(self._index, arguments),
            PartEnded(self._index),
        )


class _Thought:
    """One part of reasoning while it comes in."""

    __slots__ = ("_id", "_proof", "_sealed", "_summary", "_text")

    def __init__(self, sealed: str | None, item_id: str | None) -> None:
        self._sealed = sealed
        self._id = item_id
        self._proof: list[str] = []
        self._text: list[str] = []
        self._summary: dict[int, list[str]] = {}

    def add(self, event: ThinkingDelta) -> None:
        """Take readable reasoning."""
        if event.summary is None:
            self._text.append(event.text)
        else:
            self._summary.setdefault(event.summary, []).append(event.text)

    def prove(self, event: SignatureDelta | ThinkingSealed) -> None:
        """Take what only its maker can check or open."""
        if isinstance(event, ThinkingSealed):
            self._sealed = event.data
        else:
            self._proof.append(event.signature)

    def kept(self, origin: Origin) -> Thinking:
        """Return the part as its maker would want it back."""
        return Thinking(
            text="".join(self._text),
            summary=tuple("".join(each) for _, each in sorted(self._summary.items())),
            signature="".join(self._proof) or None,
            sealed=self._sealed,
            origin=origin,
            id=self._id,
        )

    def inside(self, origin: Origin, client: Protocol) -> Sealed | None:
        """Return what a wrap must hold; None where there is none to be.

        Messages has a signature for all reasoning. Where the maker gave none, the wrap
        only says who that was: an empty one would be refused by the protocol's vendor,
        should the session ever move there.
        """
        signature = "".join(self._proof) or None
        bare = signature is None and self._sealed is None
        if bare and client is not Protocol.MESSAGES:
            return None
        # Clients of Responses bring back summaries, not the reasoning itself; a
        # signature is good only for its very words.
        text = "".join(self._text) or None
        keeps = client is Protocol.MESSAGES or signature is None
        return Sealed(
            protocol=origin.protocol,
            provider=origin.provider,
            model=origin.model,
            signature=signature,
            sealed=self._sealed,
            id=self._id,
            text=None if keeps else text,
        )
