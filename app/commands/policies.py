"""The command about what is wanted of routing: modes, names, the user's own rules."""

from dataclasses import dataclass

from app.services import Services
from proxy.routing import Intent, Mode, Policy, RouteClass, Rule, Tier
from proxy.routing.modes import MEANINGS
from proxy.routing.policy import Choosing, ModeRule, Reach


@dataclass(frozen=True, slots=True)
class Floor:
    """The weakest tier that is good enough for an intent and a class."""

    intent: Intent
    route_class: RouteClass
    tier: Tier


@dataclass(frozen=True, slots=True)
class ModeRow:
    """One mode; `acts` says that it is the user's now.

    It has no `floors` where it takes the best or what was asked for. `escalates` says
    whether a stronger model may answer after evidence of failure, `second_nano` how
    many nano-dollars a second of waiting counts for.
    """

    mode: Mode
    acts: bool
    meaning: str
    choosing: Choosing
    reach: Reach
    floors: tuple[Floor, ...]
    escalates: bool
    second_nano: int


@dataclass(frozen=True, slots=True)
class IntentRow:
    """What names of models ask for: the first pattern that fits a name counts."""

    intent: Intent
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TierRow:
    """The quality, 0 to 100, that a tier stands for."""

    tier: Tier
    quality: int


@dataclass(frozen=True, slots=True)
class PolicyList:
    """What decides where requests go. `rules` stand as in the user's file.

    `experimental_tools` says whether requests with tools may go to models whose tool
    use is experimental; `ceiling_nano` is what one request may be expected to cost in
    nano-dollars, None without a ceiling. From `pressure_percent` of a quota on, its
    routes stand back. `note` says why `mode` is not what the file says, mostly ''.
    """

    mode: Mode
    note: str
    modes: tuple[ModeRow, ...]
    tiers: tuple[TierRow, ...]
    intents: tuple[IntentRow, ...]
    rules: tuple[Rule, ...]
    experimental_tools: bool
    ceiling_nano: int | None
    pressure_percent: int
    config_file: str


async def policies(services: Services) -> PolicyList:
    """Show what decides where requests go: modes, what names ask for, your rules."""
    config = services.config.current
    policy = config.policy
    return PolicyList(
        mode=policy.mode,
        note=config.mode_note,
        modes=tuple(_mode(rule, policy) for rule in policy.modes.values()),
        tiers=tuple(TierRow(tier, policy.tier_quality[tier]) for tier in Tier),
        intents=_intents(policy),
        rules=policy.rules,
        experimental_tools=policy.experimental,
        ceiling_nano=policy.ceiling_nano,
        pressure_percent=round(policy.pressure_from * 100),
        config_file=str(services.paths.config_file),
    )


def _mode(rule: ModeRule, policy: Policy) -> ModeRow:
    return ModeRow(
        mode=rule.mode,
        acts=rule.mode is policy.mode,
        meaning=MEANINGS[rule.mode],
        choosing=rule.choosing,
        reach=rule.reach,
        floors=tuple(
            Floor(intent, route_class, tier)
            for (intent, route_class), tier in rule.floors.items()
        ),
        escalates=rule.escalates,
        second_nano=rule.speed,
    )


def _intents(policy: Policy) -> tuple[IntentRow, ...]:
    """Return the patterns in their order, those of one intent together."""
    rows: list[IntentRow] = []
    for pattern, intent in policy.intents:
        if rows and rows[-1].intent is intent:
            rows[-1] = IntentRow(intent, (*rows[-1].patterns, pattern))
        else:
            rows.append(IntentRow(intent, (pattern,)))
    return tuple(rows)
