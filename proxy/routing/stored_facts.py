"""What is kept of a request's facts beside its decision: names, numbers and flags.

It must not hold text of a request. With it a decision can be made again, under other
wishes; what only a request's own words tell is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from proxy.model import Protocol
from proxy.routing.facts import Evidence, Facts, RouteClass, Size, Tier

if TYPE_CHECKING:
    from proxy.routing.stored import StoredDecision


class StoredFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts that the decision itself does not tell; as in `facts.Facts`.

    `tokens`, `low`, `high` and `method` are those of its size; `raised` is the tier and
    the sentence of its evidence of failure.
    """

    protocol: Protocol
    client: str = "unknown"
    project: str | None = None
    own_credential: bool = False
    stays_here: bool = False
    native_only: bool = False
    stands_for: str | None = None
    asked_mode: str | None = None
    tools: bool = False
    forced_tool: bool = False
    images: bool = False
    documents: bool = False
    thinking: bool = False
    structured: bool = False
    stream: bool = True
    tokens: int = 0
    low: int = 0
    high: int = 0
    method: str = "none"
    output: int | None = None
    continues: bool = False
    made_calls: str | None = None
    warm: Mapping[str, int] = {}
    raised: tuple[Tier, str] | None = None


def keep_facts(facts: Facts) -> StoredFacts:
    """Return what is kept of a request's facts."""
    raised = facts.raised
    return StoredFacts(
        protocol=facts.protocol,
        client=facts.client,
        project=facts.project,
        own_credential=facts.own_credential,
        stays_here=facts.stays_here,
        native_only=facts.native_only,
        stands_for=facts.stands_for,
        asked_mode=facts.asked_mode,
        tools=facts.tools,
        forced_tool=facts.forced_tool,
        images=facts.images,
        documents=facts.documents,
        thinking=facts.thinking,
        structured=facts.structured,
        stream=facts.stream,
        tokens=facts.size.tokens,
        low=facts.size.low,
        high=facts.size.high,
        method=facts.size.method,
        output=facts.output,
        continues=facts.continues,
        made_calls=facts.made_calls,
        warm=dict(facts.warm),
        raised=(raised.tier, raised.sentence) if raised else None,
    )


def facts_again(decision: StoredDecision, moment: datetime) -> Facts | None:
    """Return the facts a stored decision was made from, None where none were kept.

    `moment` is when the request came (UTC).
    """
    kept = decision.facts
    if kept is None:
        return None
    known = set(RouteClass)
    told = decision.route_class
    return Facts(
        protocol=kept.protocol,
        requested_model=decision.requested_model,
        client=kept.client,
        project=kept.project,
        own_credential=kept.own_credential,
        stays_here=kept.stays_here,
        native_only=kept.native_only,
        stands_for=kept.stands_for,
        asked_mode=kept.asked_mode,
        route_class=RouteClass(told) if told in known else RouteClass.FALLBACK_SAFE,
        evidence=decision.evidence,
        tools=kept.tools,
        forced_tool=kept.forced_tool,
        images=kept.images,
        documents=kept.documents,
        thinking=kept.thinking,
        structured=kept.structured,
        stream=kept.stream,
        size=Size(kept.tokens, kept.low, kept.high, kept.method),
        output=kept.output,
        continues=kept.continues,
        made_calls=kept.made_calls,
        warm=kept.warm,
        raised=Evidence(*kept.raised) if kept.raised else None,
        moment=moment,
    )
