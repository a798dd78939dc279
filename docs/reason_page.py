"""Makes the page of the words in a stored decision from the code that writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from proxy.routing.decision import DecidedBy, Mark
from proxy.routing.reasons import REASONS

_TEXT: Final = """\
Every decision is kept with the request: which route was chosen, who came second, who
stands by, and why each of the other routes lost. `turnout explain ID` tells it in
sentences; `turnout routes --json` and the record use the words on this page. None of it
holds a word of what was asked or answered."""

_DECIDED: Final[Mapping[DecidedBy, str]] = {
    DecidedBy.PIN: "the request, or a rule, names the route",
    DecidedBy.LOOP: "the turn goes on with tools that this route has called",
    DecidedBy.PRICE: "it is expected to cost less",
    DecidedBy.QUALITY: "it is better, at the same expected cost or where the best wins",
    DecidedBy.QUOTA: "by list price it draws less on what is covered",
    DecidedBy.HEALTH: "the quota of the other is nearly used up",
    DecidedBy.WARMTH: "its provider has the beginning of the prompt in its cache",
    DecidedBy.SPEED: "it answers sooner",
    DecidedBy.ORDER: "nothing else differs, or the order of the file decides",
}
_MARKS: Final[Mapping[Mark, str]] = {
    Mark.SAME_LANE: "it is of the same lane as the first choice",
    Mark.DOWNGRADE: "it is weaker than what the request needs",
    Mark.ESCALATION: "it is a premium model that nobody asked for",
}


def reasons_page(made: str) -> str:
    """Return the page; `made` is the sentence that says who writes it."""
    parts = ["# Reasons", "", made, "", _TEXT, ""]
    parts += ["## Why a route lost", "", *_table("code", REASONS.items()), ""]
    parts += [
        "## What decided between the first two",
        "",
        *_table("by", _DECIDED.items()),
        "",
    ]
    parts += ["## What taking a route means", "", *_table("mark", _MARKS.items())]
    return "\n".join(parts) + "\n"


def _table(title: str, words: Iterable[tuple[str, str]]) -> list[str]:
    rows = [f"| `{word}` | {_sentence(said)} |" for word, said in words]
    return [f"| {title} | meaning |", "| --- | --- |", *rows]


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."
