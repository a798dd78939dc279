"""Writes down what lasts over a restart and reads it back: numbers and names only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import msgspec

from proxy.health.bounds import MOST
from proxy.health.breaker import CLOCK_SLIP, LONGEST_ASKED, Breaker
from proxy.health.quota import Held, KeyRefusal, Resting
from proxy.health.signals import LONGEST

_VERSION: Final = 1
_LONGEST_NAME: Final = 300
_MOST_LEVEL: Final = 16

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered: breakers and rests by route, the rest as its name says."""

    version: int = _VERSION
    breakers: Mapping[str, Breaker] = field(default_factory=dict)
    routes: Mapping[str, Resting] = field(default_factory=dict)
    groups: Mapping[str, Resting] = field(default_factory=dict)
    keys: Mapping[str, KeyRefusal] = field(default_factory=dict)
    windows: tuple[Held, ...] = ()


def write_memory(memory: Memory) -> bytes:
    """Return `memory` as the JSON that `read_memory` reads.

    Clients may ask for models of any name; those that no file can hold are left out.
    """
    return msgspec.json.encode(
        replace(
            memory,
            breakers=_writable(memory.breakers),
            routes=_writable(memory.routes),
            groups=_writable(memory.groups),
            keys=_writable(memory.keys),
            windows=tuple(each for each in memory.windows if each.route.isprintable()),
        )
    )


def read_memory(data: bytes, now: float) -> Memory:
    """Return what was written; what is damaged, over or makes no sense is left out.

    `now` is in seconds since 1970. A probe that was under way died with its gateway.
    """
    try:
        told = msgspec.json.decode(data, type=Memory)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Memory()
    if told.version != _VERSION:
        return Memory()
    return Memory(
        breakers={
            name: replace(each, probe=None)
            for name, each in _named(told.breakers)
            if 0 < each.level <= _MOST_LEVEL
            and _sound(each.since, each.until, now, LONGEST_ASKED)
        },
        routes=_lasting(told.routes, now),
        groups=_lasting(told.groups, now),
        keys={
            name: each
            for name, each in _named(told.keys)
            if each.holds(now)
            and each.strikes <= _MOST_LEVEL
            and _sound(each.since, each.until, now, LONGEST)
        },
        windows=tuple(
            each
            for each in told.windows[:MOST]
            if each.holds(now)
            and 0 <= each.share <= 1
            and _sound(each.seen, each.until, now, LONGEST)
            and max(map(len, (each.group, each.route, each.window))) <= _LONGEST_NAME
        ),
    )


def _lasting(told: Mapping[str, Resting], now: float) -> dict[str, Resting]:
    return {
        name: each
        for name, each in _named(told)
        if each.holds(now)
        and each.strikes <= _MOST_LEVEL
        and len(each.window) <= _LONGEST_NAME
        and _sound(each.since, each.until, now, LONGEST)
    }


def _writable(entries: Mapping[str, _T]) -> dict[str, _T]:
    return {name: each for name, each in entries.items() if name.isprintable()}


def _named(told: Mapping[str, _T]) -> list[tuple[str, _T]]:
    few = list(told.items())[:MOST]
    return [(name, each) for name, each in few if len(name) <= _LONGEST_NAME]


def _sound(since: float, until: float, now: float, longest: float) -> bool:
    return since <= now + CLOCK_SLIP and 0 <= until - since <= longest + 1
