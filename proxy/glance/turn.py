"""The one small shape that every protocol's turns are brought to; values only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from proxy.glance.media import Media


class Speaker(StrEnum):
    """Whose turn it is."""

    HUMAN = "human"
    MODEL = "model"
    SYSTEM = "system"
    """Notes and instructions; they are nobody's turn."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message, or one item of an input.

    `calls` are names and digests of arguments; `results` says that it brings results
    of tools, `errors` are the digests of those that tell of an error.
    """

    speaker: Speaker
    calls: tuple[tuple[str, str], ...] = ()
    results: bool = False
    errors: tuple[str, ...] = ()


NOTHING = Turn(Speaker.SYSTEM)
"""A turn of nobody's, or one that could not be read."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A body of any protocol; `turn` makes one of its `count` turns, from 0 on.

    `said` gives only the texts of a turn that is a person's, and is quick about it.
    `system` gives the system's texts from the first on, as far as anybody asks. `last`
    is the last turn as bytes. The other fields mean what they mean in `Glance`.
    """

    count: int
    turn: Callable[[int], Turn]
    said: Callable[[int], tuple[str, ...]]
    system: Iterator[str]
    last: bytes = b""
    tools: tuple[str, ...] = ()
    forced_tool: bool = False
    thinking: bool = False
    structured: bool = False
    stream: bool = False
    output: int | None = None
    media: Media = field(default_factory=Media)
