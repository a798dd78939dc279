"""Reads the rules that tell what kind of request a text is; it weighs nothing.

The rules are data: `resources/policy/classes.toml`, which explains its own form.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

import msgspec

import resources
from proxy.classes.phrases import Phrases, phrases
from proxy.routing.facts import RouteClass


class Trait(StrEnum):
    """What of a text's looks can be counted."""

    WORDS = "words"
    FILES = "files"
    STEPS = "steps"
    TRACES = "traces"
    CODE = "code"


class _CueTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    says: str
    weights: Mapping[RouteClass, int]
    words: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cue in how a text looks: `of` it holds `at_least` so many."""

    says: str
    of: Trait
    at_least: int
    weights: Mapping[RouteClass, int]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    long_context_tokens: int
    threshold: int
    margin: int
    rival: int
    cheap_words: int
    cue: tuple[_CueTable, ...]
    shape: tuple[Shape, ...] = ()


class Cue(msgspec.Struct, frozen=True):
    """A cue in words; it counts once, however often its words are found."""

    says: str
    weights: Mapping[RouteClass, int]


class ClassRules(msgspec.Struct, frozen=True):
    """How classes are told; numbers as explained in the file.

    `phrases` and `wide` lead to the number of the cue in `cues` that they count for.
    """

    long_context_tokens: int
    threshold: int
    margin: int
    rival: int
    cheap_words: int
    cues: tuple[Cue, ...]
    shapes: tuple[Shape, ...]
    phrases: Phrases
    wide: tuple[tuple[str, int], ...]


@cache
def shipped_rules() -> ClassRules:
    """Return the rules that ship with Turnout.

    Raises `ValueError` where the shipped file is not sound.
    """
    return read_rules(resources.text("policy/classes.toml"))


def read_rules(text: str) -> ClassRules:
    """Read a rules file in TOML. Raises `ValueError` where it is not sound."""
    table = msgspec.convert(tomllib.loads(text), _Table)
    numbered = list(enumerate(table.cue))
    return ClassRules(
        long_context_tokens=table.long_context_tokens,
        threshold=table.threshold,
        margin=table.margin,
        rival=table.rival,
        cheap_words=table.cheap_words,
        cues=tuple(Cue(each.says, each.weights) for each in table.cue),
        shapes=table.shape,
        phrases=phrases((word, at) for at, each in numbered for word in each.words),
        wide=tuple((piece, at) for at, each in numbered for piece in each.wide),
    )
