"""What `decide` answers: routes in order, every loser, and what decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from proxy.catalogue import Route
from proxy.routing.facts import Facts, Intent, RouteClass
from proxy.routing.modes import Mode
from proxy.routing.reasons import ReasonCode


class Mark(StrEnum):
    """What taking a route means beside the first choice, or beside what was asked."""

    NONE = ""
    SAME_LANE = "same_lane"
    DOWNGRADE = "downgrade"
    ESCALATION = "escalation"


class DecidedBy(StrEnum):
    """What a choice and its runner-up differed in."""

    PIN = "pin"
    LOOP = "loop"
    PRICE = "price"
    QUALITY = "quality"
    QUOTA = "quota"
    HEALTH = "health"
    WARMTH = "warmth"
    SPEED = "speed"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Choice:
    """One route in the order of trying.

    `expected_nano` is what the request is expected to cost there, None where its price
    is unknown; `quality` is 0 to 100, None where nothing is known of the model.
    """

    route: Route
    mark: Mark
    expected_nano: int | None
    quality: int | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that was not taken; `detail` is what there is to say beside `code`.

    `route` is `provider/model`, or a provider's id where it never had a candidate.
    """

    route: str
    code: ReasonCode
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """The candidate that came second, and what decided.

    `margin_nano` is how much more the runner-up was expected to cost (less, where
    negative), `margin_quality` how much better it is held to be; None where unknown.
    """

    route: str
    by: DecidedBy
    expected_nano: int | None
    quality: int | None
    margin_nano: int | None = None
    margin_quality: int | None = None


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What the requested model would have cost, where a provider's list prices it."""

    route: str
    expected_nano: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The routes to try in order, the first one chosen, the rest standing by.

    `floor` is the quality asked of the chosen route, None where the mode asks none;
    `raised` the sentence that says why it was lifted, '' where it was not. `reason` is
    the sentence that says why the first route won. `last_resort` says that every
    allowed route is resting, and the one whose rest ends first is tried all the same.
    `mode_by` is who wished for the mode, '' where it is the user's own.
    `lane` and `billing` of the chosen route are read from its `route`. `facts` is what
    was decided about, without what the request says.
    """

    mode: Mode
    requested_model: str
    reason: str
    choices: tuple[Choice, ...]
    rejected: tuple[Rejected, ...]
    intent: Intent = Intent.AUTO
    route_class: RouteClass = RouteClass.FALLBACK_SAFE
    evidence: tuple[str, ...] = ()
    floor: int | None = None
    raised: str = ""
    runner_up: RunnerUp | None = None
    asked: AskedFor | None = None
    last_resort: bool = False
    mode_by: str = ""
    facts: Facts | None = field(default=None, repr=False, compare=False)

    @property
    def attempts(self) -> tuple[Route, ...]:
        """The routes in the order of trying."""
        return tuple(choice.route for choice in self.choices)
