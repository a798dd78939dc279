"""Reads bodies; of a long one's turns only those that tell most, the rest unread.

A long conversation is not to hold up the other requests: its first and newest turns
are decoded, and between them those that seem to hold more than text. Nothing raises.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final, Generic, TypeVar, Union, get_args

import msgspec

from proxy.glance import lenient
from proxy.glance.lenient import Shape

LONG_BODY: Final = 1_000_000
"""Bytes from which on a body is long."""

FIRST_TURNS: Final = 16
"""Turns at the start of a long body that are decoded: they say what it is about."""

LAST_TURNS: Final = 200
"""Turns at its end that are decoded: what is asked, and what was done for it."""

_MOST_SEARCHED: Final = 4_000
_MOST_FOUND: Final = 400

_S = TypeVar("_S", bound=Shape)


class Reader(Generic[_S]):
    """Decodes the bodies of one protocol into a shape."""

    def __init__(
        self, shape: type[_S], turns: str, turn: type[Shape], marks: tuple[bytes, ...]
    ) -> None:
        """Read into `shape`, whose field `turns` is a list of `turn`.

        `marks` are bytes that show in a turn that holds more than text.
        """
        self._shape = shape
        self._whole: msgspec.json.Decoder[_S] = msgspec.json.Decoder(shape)
        self._turns = turns
        self._turn: msgspec.json.Decoder[Shape] = msgspec.json.Decoder(turn)
        self._blank = turn()
        self._marks = marks
        found = {each.name: each for each in msgspec.structs.fields(shape)}
        # A text may stand in the place of turns where the shape has it so.
        others = [each for each in get_args(found[turns].type) if each is str]
        wanted: Any = Union[(list[msgspec.Raw], None, *others)]
        fields = [(turns, wanted, None)]
        name = f"Long{shape.__name__}"
        self._long: Any = msgspec.defstruct(name, fields, bases=(shape,), frozen=True)
        self._skimming = msgspec.json.Decoder(self._long)

    def read(self, body: bytes) -> _S:
        """Decode a body; what does not fit the shape is left out, field by field.

        Of turns, those that fit are kept. In a long body what is left unread between
        its first and its last turns counts as a turn of nobody's.
        """
        if len(body) < LONG_BODY:
            return lenient.read_body(self._whole, self._shape, body)
        top: _S = lenient.read_body(self._skimming, self._long, body)
        raw = getattr(top, self._turns)
        if not isinstance(raw, list):
            return top
        turns = [self._blank] * len(raw)
        for at in self._chosen(raw, body):
            turns[at] = lenient.read(self._turn, raw[at], self._blank)
        return msgspec.structs.replace(top, **{self._turns: turns})

    def _chosen(self, raw: list[msgspec.Raw], body: bytes) -> list[int]:
        """Return which turns are decoded."""
        first, last = FIRST_TURNS, max(FIRST_TURNS, len(raw) - LAST_TURNS)
        marks = [mark for mark in self._marks if mark in body]
        between = range(last - 1, first - 1, -1)[:_MOST_SEARCHED] if marks else ()
        found = (at for at in between if any(mark in bytes(raw[at]) for mark in marks))
        ends = (*range(min(first, len(raw))), *range(last, len(raw)))
        return [*ends, *islice(found, _MOST_FOUND)]
