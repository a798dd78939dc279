"""A made-up day of requests in recorded shapes, the same for a seed.

The texts, envelopes and tools are those of the labelled set, glanced at and classified
by the product's own code; how often what comes, how loops grow and how long answers are
is assumed, and is written down here as data. It knows no route and no price.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeVar

from labelled.conversation import LARGE
from labelled.requests import Labelled, held, requests

from proxy.classes import Classified, classify, shipped_rules
from proxy.glance import Glance, glance
from proxy.model import Protocol
from proxy.profiles import profile_of, shipped_profiles
from proxy.routing.facts import RouteClass, Size
from proxy.sessions import Turn

SEED = 20_261_121
REQUESTS = 10_000
START = datetime(2026, 11, 20, tzinfo=UTC)

CLIENTS: Mapping[str, int] = {
    "claude-code": 45,
    "codex": 20,
    "gemini-cli": 10,
    "opencode": 8,
    "qwen-code": 5,
    "openclaw": 4,
    "continue": 4,
    "aider": 2,
    "web": 1,
    "n8n": 1,
}
"""Sessions of each client, in percent."""

CLASSES: Mapping[RouteClass, int] = {
    RouteClass.FAST_CODE: 32,
    RouteClass.TOOL_HEAVY: 22,
    RouteClass.CHEAP_EDIT: 18,
    RouteClass.FALLBACK_SAFE: 14,
    RouteClass.DEEP_REASONING: 12,
    RouteClass.LONG_CONTEXT: 2,
}
"""What people ask for, in percent of their own requests, before contexts grow."""

STEPS: Mapping[RouteClass, int] = {
    RouteClass.CHEAP_EDIT: 2,
    RouteClass.FAST_CODE: 6,
    RouteClass.TOOL_HEAVY: 18,
    RouteClass.FALLBACK_SAFE: 3,
    RouteClass.DEEP_REASONING: 7,
    RouteClass.LONG_CONTEXT: 5,
}
"""Turns of tools after a person's request, on average; half to one and a half."""

OUTPUTS: Mapping[RouteClass, int] = {
    RouteClass.HOUSEKEEPING: 120,
    RouteClass.CHEAP_EDIT: 350,
    RouteClass.FAST_CODE: 900,
    RouteClass.TOOL_HEAVY: 600,
    RouteClass.FALLBACK_SAFE: 700,
    RouteClass.DEEP_REASONING: 3_000,
    RouteClass.LONG_CONTEXT: 1_500,
}
"""Tokens of an answer, of which it has three tenths to 2.3 times as many."""

SIDES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "claude-code": (("claude-title", "claude-topic"), "claude-compaction"),
    "codex": ((), "codex-compaction"),
    "opencode": (("opencode-title",), "opencode-compaction"),
    "gemini-cli": (("gemini-routing",), "gemini-compaction"),
    "qwen-code": ((), "qwen-compaction"),
    "aider": (("aider-commit",), "aider-summary"),
    "web": (("web-title", "web-tags"), "web-title"),
}
"""What a client asks for itself: with a person's request, and to shorten the rest."""

HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 8, 10, 10, 9, 6, 9, 10, 10, 9, 8, 6, 4, 3, 3, 2, 1)
"""How many sessions begin in each hour (UTC), as weights."""

MULTIPLES = (4, 8, 12, 16)
"""How much larger a session begins than its recorded shape: those have short tools."""
RESULTS = (150, 400, 1_500, 5_000)
"""Tokens a result of a tool adds."""
COMPACTED_FROM = 160_000
"""Tokens from which a client has its conversation shortened."""
OPUS = 35
"""Sessions of Claude Code that ask for an Opus model, in percent; others for Sonnet."""
AGAIN = 3
"""People's requests that are sent once more, the answer being no good, in percent."""
STUCK = 2
"""Loops that make the same call three times, in percent."""

# These name models that a catalogue lists, and would be pins: no choice of anybody's.
_UNPINNED = {"gemini-cli": "turnout-code"}
_HUMAN_TEXT = 120


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of the day.

    `label` is what it is, `classified` what the product takes it for. `tokens` is its
    true input, of which the estimate in `glance` knows the bounds; `talk` names the
    text that it shares with the requests before it, '' where there is none. `output`
    is what its answer will have.
    """

    at: datetime
    client: str
    protocol: Protocol
    model: str
    label: RouteClass
    glance: Glance
    classified: Classified
    tokens: int
    output: int
    turn: Turn | None
    talk: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A labelled request as the product sees it."""

    labelled: Labelled
    glance: Glance
    model: str


@cache
def day(
    count: int = REQUESTS, seed: int = SEED, *, unseen: bool = False
) -> tuple[Ask, ...]:
    """So many requests of one day, in the order they come.

    `unseen` takes what people ask for from the part of the set that is held back.
    """
    chance = random.Random(seed)
    rows = _rows(held) if unseen else _rows(requests)
    found: list[Ask] = []
    number = 0
    while len(found) < count:
        number += 1
        found.extend(_Session(number, rows, chance).asks())
    return tuple(sorted(found[:count], key=lambda each: each.at))


class _Session:
    """One sitting of one person with one client, as it goes on."""

    def __init__(self, number: int, rows: _Rows, chance: random.Random) -> None:
        self._number, self._rows, self._chance = number, rows, chance
        known = {client for client, _ in rows}
        some = {name: share for name, share in CLIENTS.items() if name in known}
        self._client = _drawn(some, chance)
        hour = chance.choices(range(24), HOURS)[0]
        self._at = START + timedelta(hours=hour, seconds=chance.randrange(3_600))
        self._multiple = chance.choice(MULTIPLES)
        self._opus = chance.randrange(100) < OPUS
        self._tokens = 0
        self._part = 0
        self._tail = 0

    def asks(self) -> Iterator[Ask]:
        """Everything that is asked in it."""
        for human in range(1 + self._chance.randrange(8)):
            row = self._row()
            if human:
                self._wait(20, 600)
            else:
                yield from self._sides(SIDES.get(self._client, ((), ""))[0])
            self._grow(row)
            yield from self._work(row)
            if self._tokens > COMPACTED_FROM:
                yield from self._compacted()

    def _row(self) -> _Row:
        some = {
            label: share
            for label, share in CLASSES.items()
            if (self._client, label) in self._rows
        }
        label = _drawn(some, self._chance)
        return self._chance.choice(self._rows[self._client, label])

    def _grow(self, row: _Row) -> None:
        """Make room for a request's text, or begin a context."""
        size = row.glance.size.tokens
        if row.labelled.history in LARGE:
            self._part += 1
            self._tokens = size
        elif self._tokens:
            self._tokens += _HUMAN_TEXT
        else:
            self._tokens = size * self._multiple

    def _work(self, row: _Row) -> Iterator[Ask]:
        """A person's request and the turns of tools that follow."""
        chance, label = self._chance, row.labelled.label
        first = replace(row.glance, continues=False, tool_calls=(), tool_errors=())
        self._tail += 1
        ask = self._ask(row, first)
        yield ask
        if chance.randrange(100) < AGAIN:
            self._wait(20, 90)
            yield replace(self._ask(row, first), output=ask.output)
        if not first.tools:
            self._tokens += ask.output
            return
        usual = STEPS[label]
        stuck = usual // 2 if chance.randrange(100) < STUCK else -1
        for step in range(chance.randrange(usual, 3 * usual + 1) // 2):
            self._tokens += ask.output + chance.choice(RESULTS)
            self._wait(4, 40)
            self._tail += 1
            same = (("run", "same"),) * 3 if step == stuck else ()
            ask = self._ask(row, replace(first, continues=True, tool_calls=same))
            yield ask
        self._tokens += ask.output

    def _sides(self, templates: tuple[str, ...]) -> Iterator[Ask]:
        for template in templates:
            row = self._chance.choice(
                _rows(requests)[template, RouteClass.HOUSEKEEPING]
            )
            yield self._side(row, row.glance.size.tokens)

    def _compacted(self) -> Iterator[Ask]:
        """Have the conversation shortened, and begin anew with the summary."""
        template = SIDES.get(self._client, ((), ""))[1]
        if template:
            row = self._chance.choice(
                _rows(requests)[template, RouteClass.HOUSEKEEPING]
            )
            self._wait(5, 20)
            yield self._side(row, self._tokens)
        self._tokens = 0
        self._part += 1

    def _side(self, row: _Row, tokens: int) -> Ask:
        seen = replace(row.glance, size=_sized(row.glance.size, tokens))
        return self._made(row, seen, None, "")

    def _ask(self, row: _Row, seen: Glance) -> Ask:
        name = f"{self._number}.{self._part}"
        size = _sized(row.glance.size, self._tokens)
        seen = replace(seen, size=size, fingerprint=name, tail=f"{name}.{self._tail}")
        turn = Turn(self._client, f"s{self._number}", None, seen.fingerprint, seen.tail)
        return self._made(row, seen, turn, name)

    def _made(self, row: _Row, seen: Glance, turn: Turn | None, talk: str) -> Ask:
        labelled, chance = row.labelled, self._chance
        found = _classified(labelled, seen)
        label = labelled.label
        # From here on the size alone says what a person's request is.
        if turn and seen.size.tokens >= shipped_rules().long_context_tokens:
            label = RouteClass.LONG_CONTEXT
        usual = OUTPUTS[labelled.label]
        output = int(usual * (0.3 + 2 * chance.random() ** 2))
        return Ask(
            at=self._at,
            client=labelled.client,
            protocol=labelled.protocol,
            model=self._named(row, side=turn is None),
            label=label,
            glance=seen,
            classified=found,
            tokens=chance.randint(seen.size.low, seen.size.high),
            output=output if seen.output is None else min(output, seen.output),
            turn=turn,
            talk=talk,
        )

    def _named(self, row: _Row, *, side: bool) -> str:
        if self._client == "claude-code" and self._opus and not side:
            return "claude-opus-5-5"
        return _UNPINNED.get(self._client, row.model)

    def _wait(self, least: int, most: int) -> None:
        self._at += timedelta(seconds=self._chance.randint(least, most))


_Rows = Mapping[tuple[str, RouteClass], list[_Row]]


@cache
def _rows(of: Callable[[], Iterator[Labelled]]) -> _Rows:
    """The labelled requests by template and label."""
    found: dict[tuple[str, RouteClass], list[_Row]] = {}
    for labelled in of():
        seen = glance(
            labelled.protocol, labelled.body, path_stream=labelled.path_stream
        )
        row = _Row(labelled, seen, _model(labelled))
        found.setdefault((labelled.template, labelled.label), []).append(row)
    return found


def _model(labelled: Labelled) -> str:
    """The model that the body names; a Gemini call names it in the path."""
    return str(json.loads(labelled.body).get("model", ""))


def _classified(labelled: Labelled, seen: Glance) -> Classified:
    profile = profile_of(
        labelled.client, labelled.header, labelled.protocol, shipped_profiles()
    )
    return classify(seen, profile, "", shipped_rules())


def _sized(size: Size, tokens: int) -> Size:
    """The estimate for so many tokens, as sure of itself as the recorded one."""
    whole = max(size.tokens, 1)
    low, high = size.low * tokens // whole, size.high * tokens // whole
    return Size(tokens, low, max(high, low), size.method)


_Key = TypeVar("_Key")


def _drawn(shares: Mapping[_Key, int], chance: random.Random) -> _Key:
    return chance.choices(list(shares), list(shares.values()))[0]
