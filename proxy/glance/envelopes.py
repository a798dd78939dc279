"""Takes what a client wrapped around a person's words off again; knows no client.

What envelopes look like is data: the table `envelopes` of every file in
`resources/clients`. All of them are tried on every text, because clients lie about
who they are and their marks do not look alike. Each text is searched a fixed number of
times, whatever it holds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache

import msgspec

import resources


class Envelopes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How envelopes are told.

    `blocks` are pairs of marks that go with all between them. `unwrap` are pairs that
    go and leave what is between. A text that begins with one of `starts` is the
    client's own, whole. Where one of `after` stands in a text, only what follows it
    is a person's.
    """

    blocks: tuple[tuple[str, str], ...] = ()
    unwrap: tuple[tuple[str, str], ...] = ()
    starts: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True):
    envelopes: Envelopes = Envelopes()


@cache
def shipped_envelopes() -> Envelopes:
    """Return the envelopes of all clients that Turnout knows.

    Raises `ValueError` where a shipped file is not sound.
    """
    return read_envelopes(map(resources.text, resources.names("clients")))


def read_envelopes(texts: Iterable[str]) -> Envelopes:
    """Return the envelopes of client files, each a text in TOML, put together.

    Raises `ValueError` where one of them is not sound.
    """
    each = [msgspec.convert(tomllib.loads(text), _File).envelopes for text in texts]
    return Envelopes(
        blocks=tuple(dict.fromkeys(pair for one in each for pair in one.blocks)),
        unwrap=tuple(dict.fromkeys(pair for one in each for pair in one.unwrap)),
        starts=tuple(dict.fromkeys(start for one in each for start in one.starts)),
        after=tuple(dict.fromkeys(mark for one in each for mark in one.after)),
    )


def peel(text: str, envelopes: Envelopes) -> str:
    """Return what a person wrote of a text, without blanks around it; '' for none."""
    for mark in envelopes.after:
        at = text.rfind(mark)
        if at >= 0:
            text = text[at + len(mark) :]
    if "<" in text or "[" in text or ":" in text:
        for start, end in envelopes.blocks:
            text = _without(text, start, end)
    text = text.strip()
    if text.startswith(envelopes.starts):
        return ""
    for start, end in envelopes.unwrap:
        if start in text:
            text = text.replace(start, "").replace(end, "")
    return text.strip()


def _without(text: str, start: str, end: str) -> str:
    """Take out every block that is closed; one that stays open is a person's."""
    at = text.find(start)
    if at < 0:
        return text
    kept: list[str] = []
    done = 0
    while at >= 0:
        close = text.find(end, at + len(start))
        if close < 0:
            break
        kept.append(text[done:at])
        done = close + len(end)
        at = text.find(start, done)
    kept.append(text[done:])
    return "".join(kept)
