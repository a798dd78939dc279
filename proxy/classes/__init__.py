"""Tells what kind of request a request is, by rules that are data.

Where it is unsure it says so: `fallback_safe`, never a class that is cheap. Evidence
tells by what kind of thing a class was told and never what a request says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.classes.housekeeping import housekeeping_kind
from proxy.classes.looks import look
from proxy.classes.rules import ClassRules, read_rules, shipped_rules
from proxy.classes.weighing import weigh
from proxy.glance import Glance
from proxy.profiles import Profile
from proxy.routing.facts import RouteClass

__all__ = ["ClassRules", "Classified", "classify", "read_rules", "shipped_rules"]

_CONTINUED: Final = "a step with tools keeps the class of what was asked"
_SAYS_NOTHING: Final = "no person's text was found in it"


@dataclass(frozen=True, slots=True)
class Classified:
    """What kind of request it is, and by what it was told.

    `evidence` is one to three sentences without a full stop. `housekeeping` is the
    kind of a client's own request (`title`, `topic`, `compaction`, `routing`, `probe`,
    `prefix`, `label`, `suggestion`), None for a person's.
    """

    route_class: RouteClass
    evidence: tuple[str, ...]
    housekeeping: str | None = None


def classify(
    glance: Glance, profile: Profile, endpoint_hint: str, rules: ClassRules
) -> Classified:
    """Tell what kind of request this is.

    `endpoint_hint` is the word of the endpoint it came to (`proxy.guard.Endpoint`), ''
    where that is unknown. A request that carries results of tools has the class of the
    newest text of its person, which is still in it.
    """
    kind = housekeeping_kind(glance, profile, endpoint_hint)
    if kind is not None:
        told = f"it is the client's own request: {kind}"
        return Classified(RouteClass.HOUSEKEEPING, (told,), kind)
    if glance.size.tokens >= rules.long_context_tokens:
        told = f"its input is about {glance.size.tokens:,} tokens long"
        return Classified(RouteClass.LONG_CONTEXT, (told,))
    if not glance.human:
        return Classified(RouteClass.FALLBACK_SAFE, (_SAYS_NOTHING,))
    found, evidence = weigh(look(glance.human), rules, tools=bool(glance.tools))
    if glance.continues:
        evidence = (*evidence[:2], _CONTINUED)
    return Classified(found, evidence)
