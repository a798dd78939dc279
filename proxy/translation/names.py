"""Gives tools and calls names and ids a provider takes, and remembers the way back.

Everything follows from the request alone, in the order of its tools and messages, so a
longer conversation gives its beginning the same names (prompt caches).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.model import (
    CallKind,
    CustomTool,
    FunctionTool,
    Namespace,
    Protocol,
    Request,
    ServerTool,
    Tool,
    ToolCall,
    ToolsAdded,
)
from proxy.translation.hosted import HOSTED, function_of, goes_as_function
from proxy.translation.reach import Reach
from proxy.wire.dialect import Dialect

_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9_-]")
_LEGAL_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")
_ALNUM: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Called:
    """A tool as the client knows it, or as the provider does.

    `wrapped` says that the client's free text travels as `{"input": ...}`.
    """

    name: str
    namespace: str | None = None
    kind: CallKind = CallKind.FUNCTION
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """The maps of one request.

    `there` leads from the client's namespace and name to the provider's, `back` the
    other way; `used` are the call ids the client already knows. Names that are not in
    the maps stay as they are.
    """

    there: Mapping[tuple[str | None, str], Called] = field(default_factory=dict)
    back: Mapping[tuple[str | None, str], Called] = field(default_factory=dict)
    used: frozenset[str] = frozenset()

    def sent(self, name: str, namespace: str | None = None) -> Called:
        """Return what the provider knows a tool as."""
        known = self.there.get((namespace, name))
        return Called(name, namespace) if known is None else known

    def restored(self, name: str, namespace: str | None = None) -> Called | None:
        """Return what the client knows a tool as; None for a name nobody gave."""
        return self.back.get((namespace, name))


def names_of(request: Request, protocol: Protocol, dialect: Dialect) -> Names:
    """Name every tool and every earlier call of a request for a target."""
    giver = _Giver(protocol, dialect)
    hosted = goes_as_function(Reach(request.protocol, protocol, dialect))
    offered = [each for each in _offered(request) if hosted or each.namespace != HOSTED]
    giver.keep(offered)
    used: list[str] = []
    for each in offered:
        giver.name(each)
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                used.append(part.id)
                giver.name(Called(part.name, part.namespace, part.kind))
    return Names(giver.there, giver.back, frozenset(used))


def _offered(request: Request) -> Iterator[Called]:
    yield from _called(request.tools, None)
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolsAdded):
                yield from _called(part.tools, None)


def _called(tools: Iterable[Tool], namespace: str | None) -> Iterator[Called]:
    for tool in tools:
        match tool:
            case FunctionTool():
                yield Called(tool.name, namespace)
            case CustomTool():
                yield Called(tool.name, namespace, CallKind.CUSTOM)
            case Namespace():
                yield from _called(tool.tools, tool.name)
            case ServerTool() if function_of(tool) is not None:
                yield Called(tool.type, HOSTED)
            case _:
                continue


class _Giver:
    """Hands out names, each once."""

    def __init__(self, protocol: Protocol, dialect: Dialect) -> None:
        self._gemini = protocol is Protocol.GEMINI
        self._length = dialect.name_length
        self._namespaces = dialect.namespaces
        self._custom = dialect.custom_tools
        self._kept: set[tuple[str | None, str]] = set()
        self.there: dict[tuple[str | None, str], Called] = {}
        self.back: dict[tuple[str | None, str], Called] = {}

    def keep(self, offered: Iterable[Called]) -> None:
        """Reserve the names that can stay, so that no other tool gets one of them."""
        for each in offered:
            group, plain = self._flat(each)
            if (not each.namespace or group) and self._legal(plain) == plain:
                self._kept.add((group, plain))

    def name(self, tool: Called) -> None:
        """Give a tool its name; the first word about a tool counts."""
        key = (tool.namespace, tool.name)
        if key in self.there:
            return
        group, plain = self._flat(tool)
        own = (not tool.namespace or group is not None) and (
            self._legal(plain) == plain
        )
        word = plain if own else self._free(group, self._legal(plain), key)
        if own and (group, word) in self.back:
            word = self._free(group, word, key)
        wrapped = tool.kind is CallKind.CUSTOM and not self._custom
        kind = CallKind.FUNCTION if wrapped else tool.kind
        self.there[key] = Called(word, group, kind, wrapped)
        self.back[(group, word)] = Called(tool.name, tool.namespace, tool.kind, wrapped)

    def _flat(self, tool: Called) -> tuple[str | None, str]:
        if tool.namespace == HOSTED:
            return None, tool.name
        if tool.namespace is None or self._namespaces:
            return tool.namespace, tool.name
        return None, f"{tool.namespace}__{tool.name}"

    def _legal(self, name: str) -> str:
        word = _ILLEGAL.sub("_", name) or "unnamed"
        if self._gemini and not (word[0].isalpha() or word[0] == "_"):
            word = f"_{word}"
        if len(word) > self._length:
            word = f"{word[: self._length - 9]}_{digest(name, 8)}"
        return word

    def _free(self, group: str | None, word: str, key: tuple[str | None, str]) -> str:
        taken, turn = word, 0
        while (group, taken) in self.back or (group, taken) in self._kept:
            mark = digest(f"{key[0]}\0{key[1]}\0{turn}", 8)
            taken, turn = f"{word[: self._length - 9]}_{mark}", turn + 1
        return taken


class CallIds:
    """Gives calls their ids: legal at the provider and each used once."""

    __slots__ = ("_exact", "_given")

    def __init__(self, dialect: Dialect) -> None:
        self._exact = dialect.call_id_length
        self._given: set[str] = set()

    def give(self, client: str) -> str:
        """Return the provider's id for the next call that the client calls so."""
        word, turn = self._legal(client), 0
        while word in self._given:
            turn += 1
            word = self._made(f"{client}\0{turn}")
        self._given.add(word)
        return word

    def _legal(self, client: str) -> str:
        if self._exact:
            fits = len(client) == self._exact and client.isalnum() and client.isascii()
            return client if fits else self._made(client)
        return client if _LEGAL_ID.match(client) else self._made(client)

    def _made(self, seed: str) -> str:
        return digest(seed, self._exact) if self._exact else f"call_{digest(seed, 24)}"


def digest(text: str, length: int) -> str:
    """Return letters and digits that stand for a text, the same ones every time."""
    number = int.from_bytes(
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), "big"
    )
    letters = []
    for _ in range(length):
        number, at = divmod(number, 36)
        letters.append(_ALNUM[at])
    return "".join(letters)
