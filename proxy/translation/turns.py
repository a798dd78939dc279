"""Puts messages into turns a target takes: calls and results paired, roles in turn.

Each turn depends only on what stands before it (and on its own results), so that a
longer conversation begins as the shorter one did (prompt caches).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import msgspec

from proxy.model import (
    CallKind,
    JsonObject,
    Message,
    Part,
    Protocol,
    Request,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolsAdded,
)
from proxy.translation.content import fit_content
from proxy.translation.marks import drop_marks
from proxy.translation.names import CallIds, Names
from proxy.translation.pairs import Pairs
from proxy.translation.reach import Reach
from proxy.translation.results import fit_result, missing, orphan
from proxy.translation.thinking import Recall, fit_thinking, recalled
from proxy.translation.tools import fit_added, keeps_additions
from proxy.translation.unwrap import wrap
from proxy.wire.codec import Target
from proxy.wire.losses import Noted

NO_TEXT: Final = "[no text]"
BEGINNING: Final = "[The conversation begins with an answer.]"
CONTINUE: Final = (
    "Continue your last answer exactly where it stops. Repeat nothing of it and say "
    "nothing before it."
)
_INSTRUCTS: Final = frozenset({Role.SYSTEM, Role.DEVELOPER})
_USER_FIRST: Final = frozenset({Protocol.MESSAGES, Protocol.GEMINI})
_HEAD_APART: Final = frozenset({Protocol.MESSAGES, Protocol.GEMINI})


@dataclass(slots=True)
class _Turn:
    """A message while it grows."""

    role: Role
    parts: list[Part]
    name: str | None = None
    id: str | None = None
    extras: JsonObject = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether nothing is lost when it becomes part of a neighbour."""
        return self.name is None and self.id is None and not self.extras


def fit_turns(
    request: Request,
    target: Target,
    reach: Reach,
    names: Names,
    noted: Noted,
    recall: Recall | None,
) -> tuple[tuple[Part, ...], tuple[Message, ...]]:
    """Return the instructions that go before all messages, and the turns."""
    turns = _Turns(request, target, reach, names, noted)
    messages = request.messages
    if recall is not None:
        messages = tuple(
            recalled(each, recall) if each.role is Role.ASSISTANT else each
            for each in messages
        )
    return turns.fit(messages)


class _Turns:
    """Builds the turns of one request."""

    def __init__(
        self,
        request: Request,
        target: Target,
        reach: Reach,
        names: Names,
        noted: Noted,
    ) -> None:
        self._reach = reach
        self._target = target
        self._names = names
        self._noted = noted
        self._ids = CallIds(target.dialect)
        self._head: list[Part] = []
        self._out: list[_Turn] = []
        self._waiting: list[tuple[ToolCall, ToolResult | None, Message | None]] = []
        for part in request.system:
            self._head.extend(self._content(part))

    def fit(
        self, messages: Sequence[Message]
    ) -> tuple[tuple[Part, ...], tuple[Message, ...]]:
        """Return the head and the turns."""
        pairs = Pairs(messages)
        told = [(at, each) for at, each in enumerate(messages) if not self._folds(each)]
        for assistant, group in groupby(
            told, key=lambda each: each[1].role is Role.ASSISTANT
        ):
            members = list(group)
            if assistant:
                self._answers(members, pairs)
                continue
            for at, message in members:
                self._give_results()
                if message.role in _INSTRUCTS:
                    self._instruct(message)
                else:
                    self._ask(at, message, pairs)
        self._give_results()
        self._complete()
        return tuple(self._head), tuple(
            Message(each.role, tuple(each.parts), each.name, each.id, each.extras)
            for each in self._out
        )

    def _folds(self, message: Message) -> bool:
        """Whether a message only adds tools, which then stand at the head."""
        return (
            not keeps_additions(self._reach)
            and all(isinstance(each, ToolsAdded) for each in message.parts)
            and bool(message.parts)
        )

    def _content(self, part: Part) -> Iterable[Part]:
        if isinstance(part, ToolsAdded):
            if not keeps_additions(self._reach):
                return ()
            return (fit_added(part, self._reach, self._names, self._noted),)
        return fit_content(part, self._reach, self._noted)

    def _begin(self, message: Message, role: Role, parts: list[Part]) -> None:
        """Add a turn, or parts to the last one where that loses nothing."""
        if not parts:
            return
        name = message.name
        if name is not None and not self._reach.dialect.message_names:
            self._noted.add("message_name")
            name = None
        same = self._reach.same
        if message.extras and not same:
            drop_marks(message.extras, self._noted)
        turn = _Turn(
            role,
            parts,
            name,
            message.id if same else None,
            message.extras if same else {},
        )
        last = self._out[-1] if self._out else None
        mergeable = role in {Role.USER, Role.ASSISTANT}
        if last and mergeable and last.role is role and last.plain and turn.plain:
            last.parts.extend(parts)
        else:
            self._out.append(turn)

    def _instruct(self, message: Message) -> None:
        """Place instructions: at the head, between turns, or as marked text."""
        parts = [each for part in message.parts for each in self._content(part)]
        reach = self._reach
        early = not self._out and not reach.same
        if early and (
            reach.protocol in _HEAD_APART or not reach.dialect.system_anywhere
        ):
            self._head.extend(parts)
        elif reach.dialect.system_anywhere:
            plain = message.role is Role.DEVELOPER and not reach.dialect.developer_role
            self._begin(message, Role.SYSTEM if plain else message.role, parts)
        elif parts:
            self._noted.add("system_as_user")
            marked: list[Part] = [
                Text(f"<system>\n{each.text}\n</system>", cache=each.cache)
                if isinstance(each, Text)
                else each
                for each in parts
            ]
            self._begin(Message(Role.USER, message.parts), Role.USER, marked)

    def _ask(self, at: int, message: Message, pairs: Pairs) -> None:
        parts: list[Part] = []
        answered = False
        for place, part in enumerate(message.parts):
            if not isinstance(part, ToolResult):
                parts.extend(self._content(part))
            elif pairs.is_paired(at, place):
                answered = True
            else:
                parts.extend(orphan(part, self._reach, self._noted))
        silent = not parts and not answered
        if silent and not (self._out and self._out[-1].role is Role.USER):
            # The answers around it must not become one.
            self._noted.add("empty_message")
            parts = [Text(NO_TEXT)]
        self._begin(message, Role.USER, parts)

    def _answers(self, group: list[tuple[int, Message]], pairs: Pairs) -> None:
        calls = any(isinstance(p, ToolCall) for _, each in group for p in each.parts)
        before = len(self._out)
        for at, message in group:
            parts: list[Part] = []
            for place, part in enumerate(message.parts):
                if isinstance(part, ToolCall):
                    call = self._call(part)
                    result, home = pairs.result_of(at, place)
                    self._waiting.append((call, result, home))
                    parts.append(call)
                elif isinstance(part, Thinking):
                    thought = fit_thinking(
                        part,
                        self._target,
                        self._noted,
                        self._reach,
                        calls=calls,
                    )
                    parts.extend([] if thought is None else [thought])
                else:
                    parts.extend(self._content(part))
            self._begin(message, Role.ASSISTANT, self._told_at_once(parts))
        if len(self._out) == before:
            # The questions around it must not become one.
            self._noted.add("empty_message")
            self._out.append(_Turn(Role.ASSISTANT, [Text(NO_TEXT)]))

    def _told_at_once(self, parts: list[Part]) -> list[Part]:
        """Join texts that stand side by side where they are pieces of a stream.

        Clients of Gemini give an answer back in the parts it came in. Elsewhere
        parts are set apart from each other, so that words would fall apart.
        """
        if self._reach.source is not Protocol.GEMINI or self._reach.same:
            return parts
        found: list[Part] = []
        for part in parts:
            last = found[-1] if found else None
            if isinstance(part, Text) and isinstance(last, Text):
                found[-1] = Text(last.text + part.text)
            else:
                found.append(part)
        return found

    def _call(self, call: ToolCall) -> ToolCall:
        called = self._names.sent(call.name, call.namespace)
        arguments = call.arguments
        if called.kind is CallKind.FUNCTION:
            free = call.kind is CallKind.CUSTOM
            arguments = wrap(arguments) if free else self._object(arguments)
        if call.extras and not self._reach.same:
            drop_marks(call.extras, self._noted)
        cache = call.cache
        if cache is not None and not self._reach.dialect.cache_marks:
            self._noted.add("cache_marks")
            cache = None
        return ToolCall(
            self._ids.give(call.id),
            called.name,
            arguments,
            called.kind,
            called.namespace,
            cache,
            call.extras if self._reach.same else {},
        )

    def _object(self, text: str) -> str:
        """Return the text of a JSON object: this one, or one around it."""
        if not text or text.isspace():
            return "{}"
        try:
            msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, ValueError, RecursionError):
            self._noted.add("broken_arguments")
            return wrap(text)
        return text

    def _give_results(self) -> None:
        """Answer the calls of the turn before, each once, in their order."""
        if not self._waiting:
            return
        behind: list[Part] = []
        waiting, self._waiting = self._waiting, []
        for call, given, home in waiting:
            if given is None:
                self._noted.add("missing_result")
                fitted = missing(call)
            else:
                fitted, more = fit_result(given, call, self._reach, self._noted)
                behind.extend(more)
            self._begin(home or Message(Role.USER, ()), Role.USER, [fitted])
        if behind:
            self._begin(Message(Role.USER, ()), Role.USER, behind)

    def _complete(self) -> None:
        """Add what a target needs at the beginning and at the end."""
        protocol = self._target.protocol
        if not self._out:
            self._noted.add("empty_message")
            self._out.append(_Turn(Role.USER, [Text(NO_TEXT)]))
        if self._out[0].role is Role.ASSISTANT and protocol in _USER_FIRST:
            self._noted.add("first_turn")
            self._out.insert(0, _Turn(Role.USER, [Text(BEGINNING)]))
        if self._out[-1].role is Role.ASSISTANT and not self._reach.dialect.prefill:
            self._noted.add("prefill")
            self._out.append(_Turn(Role.USER, [Text(CONTINUE)]))
