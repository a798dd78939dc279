"""What the user and Turnout's own files want of routing, as values; it reads no file.

`proxy.policies` reads the tables that make it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from proxy.routing.facts import Intent, RouteClass, Tier
from proxy.routing.modes import Mode


class Reach(StrEnum):
    """Where a mode lets requests go."""

    ANYWHERE = "anywhere"
    THIS_MACHINE = "this-machine"


class Choosing(StrEnum):
    """How a mode chooses among the candidates that are allowed."""

    CHEAPEST = "cheapest"
    """The cheapest expected cost at or above the floor."""
    BEST = "best"
    """The best quality, then the cheapest."""
    ASKED = "asked"
    """What was asked for; nothing is compared."""


@dataclass(frozen=True, slots=True)
class ModeRule:
    """What one mode does.

    `floors` maps an intent and a class to the tier that is the floor; a mode that takes
    the best or what was asked for has none. `speed` is how many nano-dollars a second
    of expected waiting counts for. `escalates` says whether the floor may be raised
    after evidence.
    """

    mode: Mode
    choosing: Choosing
    reach: Reach = Reach.ANYWHERE
    floors: Mapping[tuple[Intent, RouteClass], Tier] = field(default_factory=dict)
    speed: int = 0
    escalates: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A wish of the user's for some requests: those that all of its conditions fit.

    None is no condition. What it may set: the `mode`, the `tier` that is the floor
    (premium pinned for a class), or a `route` (a pin).
    """

    client: str | None = None
    project: str | None = None
    route_class: RouteClass | None = None
    mode: Mode | None = None
    tier: Tier | None = None
    route: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that is wanted of routing.

    `mode` is the user's. `intents` are patterns of model names, tried in order; a name
    that none fits is `auto`. `tier_quality` is the quality a model of a tier has where
    the catalogue names none, and the floor a tier stands for. `experimental` lets
    requests with tools go to models whose tool use is marked experimental.
    `ceiling_nano` is the most nano-dollars one request may be expected to cost, None
    where the user set no ceiling. `pressure_from` is the share of a quota group from
    which its routes stand back behind others of the same lane. `expected_output` is how
    many tokens an answer is expected to have, by class.
    """

    mode: Mode
    modes: Mapping[Mode, ModeRule]
    intents: tuple[tuple[str, Intent], ...]
    tier_quality: Mapping[Tier, int]
    rules: tuple[Rule, ...] = ()
    experimental: bool = False
    ceiling_nano: int | None = None
    pressure_from: float = 0.9
    expected_output: Mapping[RouteClass, int] = field(default_factory=dict)
