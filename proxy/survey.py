"""Gathers what `decide` looks at from a call; it sends nothing and chooses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.classes import classify
from proxy.glance import glance
from proxy.guard import Endpoint
from proxy.profiles import profile_of
from proxy.routing import Facts
from proxy.sessions import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from proxy.asked import Asked
    from proxy.classes import ClassRules
    from proxy.exchange import Call
    from proxy.profiles import Profile
    from proxy.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Survey:
    """What a call is about.

    `turn` is None for a request that is no part of a conversation: the client's own
    housekeeping, or a count.
    """

    facts: Facts
    turn: Turn | None


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Looks at calls, with what the gateway remembers and what its data say."""

    sessions: Sessions
    profiles: Mapping[str, Profile]
    rules: ClassRules

    def survey(
        self,
        call: Call,
        asked: Asked,
        moment: datetime,
        *,
        project: str | None = None,
        counting: bool = False,
    ) -> Survey:
        """Return the facts of a call that came at `moment` (UTC)."""
        streams = call.endpoint is Endpoint.GENERATE_STREAM
        seen = glance(call.protocol, call.body.data, path_stream=streams)
        profile = profile_of(call.client, call.header, call.protocol, self.profiles)
        found = classify(seen, profile, call.endpoint, self.rules)
        turn = None
        if found.housekeeping is None and not counting:
            turn = Turn(
                call.client, call.session, call.agent, seen.fingerprint, seen.tail
            )
        now = moment.timestamp()
        known = self.sessions.recall(turn, seen, now) if turn else None
        facts = Facts(
            protocol=call.protocol,
            requested_model=asked.model,
            client=profile.id,
            project=project,
            own_credential=bool(call.credentials.own),
            stays_here=asked.stays_here,
            native_only=call.endpoint is Endpoint.COMPACT,
            stands_for=asked.stands_for,
            asked_mode=asked.mode,
            route_class=found.route_class,
            evidence=found.evidence,
            tools=bool(seen.tools),
            forced_tool=seen.forced_tool,
            images=seen.images,
            documents=seen.documents,
            thinking=seen.thinking,
            structured=seen.structured,
            stream=asked.stream,
            size=seen.size,
            output=seen.output,
            continues=seen.continues,
            made_calls=known.made_calls if known else None,
            warm=known.warm if known else {},
            raised=known.raised if known else None,
            moment=moment,
        )
        return Survey(facts, turn)
