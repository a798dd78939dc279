"""What a classifier makes of the labelled set: counts, shares, and the page of them.

It knows no rules: a classifier is handed in as a function of a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from labelled.requests import Labelled

from proxy.routing.facts import RouteClass, Tier

_WEAK = frozenset({RouteClass.HOUSEKEEPING, RouteClass.CHEAP_EDIT})
_TIERS = tuple(Tier)
FLOORS: Mapping[RouteClass, Tier] = MappingProxyType(
    {
        RouteClass.HOUSEKEEPING: Tier.SMALL,
        RouteClass.CHEAP_EDIT: Tier.SMALL,
        RouteClass.FAST_CODE: Tier.STANDARD,
        RouteClass.TOOL_HEAVY: Tier.STANDARD,
        RouteClass.FALLBACK_SAFE: Tier.STANDARD,
        RouteClass.DEEP_REASONING: Tier.PREMIUM,
        RouteClass.LONG_CONTEXT: Tier.PREMIUM,
    }
)
"""The floors of `coding-auto` where the asked-for model leaves the choice to us."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request of the set and the class it was given."""

    id: str
    client: str
    template: str
    history: str
    label: RouteClass
    given: RouteClass

    @property
    def right(self) -> bool:
        """Whether the given class is the label."""
        return self.given is self.label

    @property
    def unsafe(self) -> bool:
        """Whether work for more than a small model was taken for a small one's."""
        return self.given in _WEAK and self.label not in _WEAK

    @property
    def unsure(self) -> bool:
        """Whether the classifier left open what the label says."""
        return not self.right and self.given is RouteClass.FALLBACK_SAFE

    @property
    def floor(self) -> int:
        """How many tiers above (or, negative, below) the label's the floor came out."""
        found, wanted = FLOORS[self.given], FLOORS[self.label]
        return _TIERS.index(found) - _TIERS.index(wanted)


@dataclass(frozen=True, slots=True)
class Confusion:
    """All outcomes of a run over the set; shares are of one."""

    outcomes: tuple[Outcome, ...]

    @property
    def accuracy(self) -> float:
        """The share that was given its label."""
        return _share(sum(each.right for each in self.outcomes), len(self.outcomes))

    @property
    def unsafe(self) -> tuple[Outcome, ...]:
        """Those labelled for more than a small model that came out as a small one's."""
        return tuple(each for each in self.outcomes if each.unsafe)

    @property
    def unsafe_share(self) -> float:
        """The unsafe ones among those that could be."""
        strong = sum(each.label not in _WEAK for each in self.outcomes)
        return _share(len(self.unsafe), strong)

    def precision(self, name: RouteClass) -> float:
        """How many of those given a class have it as their label."""
        return self._right(name, sum(each.given is name for each in self.outcomes))

    def recall(self, name: RouteClass) -> float:
        """How many of those with a label were given it."""
        return self._right(name, sum(each.label is name for each in self.outcomes))

    def count(self, label: RouteClass, given: RouteClass) -> int:
        """How many with that label were given that class."""
        return sum(
            each.label is label and each.given is given for each in self.outcomes
        )

    def _right(self, name: RouteClass, among: int) -> float:
        return _share(self.count(name, name), among)


def confusion(
    labelled: Iterable[Labelled], classify: Callable[[Labelled], RouteClass]
) -> Confusion:
    """Ask the classifier for each request."""
    return Confusion(
        tuple(
            Outcome(
                each.id,
                each.client,
                each.template,
                each.history,
                each.label,
                classify(each),
            )
            for each in labelled
        )
    )


def _share(part: int, whole: int) -> float:
    """A share of one; nothing of nothing is all of it."""
    return part / whole if whole else 1.0


# --- the page ------------------------------------------------------------------------

_HEAD = """\
# How well requests are told apart

This page is written by `tests/proxy/classes/test_confusion.py` from what it found
(`.venv/bin/python -m pytest tests/proxy/classes --update-golden`); a run that finds
something else fails. It runs the classifier over the labelled set in `tests/labelled`:
requests in the shapes that real clients send, with texts of our own, labelled by what
the text asks for before there were rules to classify by.
"""
_SAFETY = """\
An *unsafe* mistake is a request for more than a small model that was taken for
`housekeeping` or `cheap_edit`: it would go to the weakest models. The floor is what the
mode `coding-auto` asks for where the client's model leaves the choice to Turnout: too
high costs money, too low costs quality.
"""
_HELD = """\
## Held back

The rules have been adjusted with the set above in view, so its shares flatter them.
These requests are held back: nobody adjusts a rule by them, and their mistakes are not
listed. What to expect of other people's words is nearer to these shares.
"""


def render(found: Confusion, held: Confusion) -> str:
    """The page as Markdown; of what is held back it tells the shares alone."""
    parts = [_HEAD, _summary(found), _SAFETY, _HELD, _summary(held)]
    parts += [_matrix(found), _classes(found), _groups(found), _mistakes(found)]
    return "\n".join(parts)


def _summary(found: Confusion) -> str:
    floors = Counter((each.floor > 0) - (each.floor < 0) for each in found.outcomes)
    whole = len(found.outcomes)
    right = sum(each.right for each in found.outcomes)
    strong = sum(each.label not in _WEAK for each in found.outcomes)
    unsure = sum(each.unsure for each in found.outcomes)
    wrong = whole - right - unsure
    lines = [
        ("what", "requests", "of", "share"),
        ("given their label", right, whole, _percent(found.accuracy)),
        ("left open: `fallback_safe`", unsure, whole, _percent(_share(unsure, whole))),
        ("given another class", wrong, whole, _percent(_share(wrong, whole))),
        ("unsafe", len(found.unsafe), strong, _percent(found.unsafe_share)),
        ("floor as the label's", floors[0], whole, _percent(_share(floors[0], whole))),
        ("floor too high", floors[1], whole, _percent(_share(floors[1], whole))),
        ("floor too low", floors[-1], whole, _percent(_share(floors[-1], whole))),
    ]
    return _table(lines)


def _matrix(found: Confusion) -> str:
    head = ("label, given:", *(f"`{name}`" for name in RouteClass))
    rows = [
        (f"`{label}`", *(found.count(label, given) or "" for given in RouteClass))
        for label in RouteClass
    ]
    return "## Labels and what was given\n\n" + _table([head, *rows])


def _classes(found: Confusion) -> str:
    rows = [
        (
            f"`{name}`",
            sum(each.label is name for each in found.outcomes),
            _percent(found.precision(name)),
            _percent(found.recall(name)),
        )
        for name in RouteClass
    ]
    head = ("class", "labelled", "precision", "recall")
    return "## By class\n\n" + _table([head, *rows])


def _groups(found: Confusion) -> str:
    head = ("", "requests", "given their label", "unsafe")
    rows = [*_by(found, lambda each: each.client)]
    rows += _by(found, lambda each: f"*{each.history}*")
    return "## By client and by state of the conversation\n\n" + _table([head, *rows])


def _by(
    found: Confusion, key: Callable[[Outcome], str]
) -> Iterable[tuple[object, ...]]:
    for name in sorted({key(each) for each in found.outcomes}):
        part = Confusion(tuple(each for each in found.outcomes if key(each) == name))
        share = _percent(part.accuracy)
        yield name, len(part.outcomes), share, len(part.unsafe) or ""


def _mistakes(found: Confusion) -> str:
    wrong = [each for each in found.outcomes if not each.right]
    head = ("request", "label", "given", "")
    rows = [
        (
            f"`{each.id}`",
            f"`{each.label}`",
            f"`{each.given}`",
            "unsafe" if each.unsafe else "",
        )
        for each in wrong
    ]
    title = "## Every mistake\n\nText, template and state of the conversation.\n\n"
    return title + (_table([head, *rows]) if rows else "None.\n")


def _table(rows: Iterable[tuple[object, ...]]) -> str:
    head, *rest = (" | ".join(str(cell) for cell in row) for row in rows)
    rule = " | ".join("---" for _ in head.split(" | "))
    return "".join(f"| {line} |\n" for line in (head, rule, *rest))


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
