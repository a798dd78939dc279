"""Weighs what a text's words and looks tell, and chooses a class; it reads no body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy.classes.looks import Looks
from proxy.classes.rules import ClassRules, Trait
from proxy.routing.facts import RouteClass

_STRENGTH: Final = (
    RouteClass.CHEAP_EDIT,
    RouteClass.FAST_CODE,
    RouteClass.TOOL_HEAVY,
    RouteClass.DEEP_REASONING,
)
_MOST_EVIDENCE: Final = 3
UNSURE: Final = "nothing tells for sure what kind of request it is"
MIXED: Final = "it asks for a small edit and for more than that"


@dataclass(frozen=True, slots=True)
class Found:
    """A cue that was found: what it says, and what it weighs for each class."""

    says: str
    weights: Mapping[RouteClass, int]


def weigh(
    looks: Looks, rules: ClassRules, *, tools: bool
) -> tuple[RouteClass, tuple[str, ...]]:
    """Choose the class of a text; returns it and up to three sentences that say why.

    `tools` says that tools are offered: without them nothing can be many steps.
    """
    found = tuple(_found(looks, rules))
    scores = _scores(found)
    chosen, why = _choose(scores, looks, rules, tools=tools)
    if why:
        return chosen, (why,)
    told = sorted(
        (each for each in found if each.weights.get(chosen, 0) > 0),
        key=lambda each: -each.weights[chosen],
    )
    return chosen, tuple(each.says for each in told)[:_MOST_EVIDENCE]


def _found(looks: Looks, rules: ClassRules) -> Iterator[Found]:
    numbers = rules.phrases.found(looks.words)
    if not looks.plain.isascii():
        numbers |= {number for piece, number in rules.wide if piece in looks.plain}
    for number in sorted(numbers):
        cue = rules.cues[number]
        yield Found(cue.says, cue.weights)
    counts = _counts(looks)
    for shape in rules.shapes:
        if counts[shape.of] >= shape.at_least:
            yield Found(shape.says, shape.weights)


def _counts(looks: Looks) -> Mapping[Trait, int]:
    return MappingProxyType(
        {
            Trait.WORDS: len(looks.words),
            Trait.FILES: looks.files,
            Trait.STEPS: looks.steps,
            Trait.TRACES: looks.traces,
            Trait.CODE: looks.code,
        }
    )


def _scores(found: tuple[Found, ...]) -> Counter[RouteClass]:
    scores: Counter[RouteClass] = Counter()
    for each in found:
        scores.update(each.weights)
    return scores


def _choose(
    scores: Counter[RouteClass], looks: Looks, rules: ClassRules, *, tools: bool
) -> tuple[RouteClass, str]:
    """Return the class, and a sentence where no cue says why."""
    able = [each for each in _STRENGTH if tools or each is not RouteClass.TOOL_HEAVY]
    fits = [each for each in able if scores[each] >= rules.threshold]
    if not fits:
        return RouteClass.FALLBACK_SAFE, UNSURE
    best = max(scores[each] for each in fits)
    near = [each for each in fits if scores[each] > best - rules.margin]
    chosen = near[-1]
    cheap = RouteClass.CHEAP_EDIT
    if cheap in fits and not _is_cheap(scores, looks, rules):
        # What else it asks for may be taken by itself where it weighs more.
        strong = chosen is not cheap and scores[chosen] >= scores[cheap] + rules.margin
        return (chosen, "") if strong else (RouteClass.FALLBACK_SAFE, MIXED)
    return chosen, ""


def _is_cheap(scores: Counter[RouteClass], looks: Looks, rules: ClassRules) -> bool:
    others = [scores[each] for each in _STRENGTH if each is not RouteClass.CHEAP_EDIT]
    return max(others) <= rules.rival and len(looks.words) <= rules.cheap_words
