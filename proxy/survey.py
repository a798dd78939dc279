"""Gathers what `decide` looks at from a call; it sends nothing and chooses nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proxy.classes import Classified, classify
from proxy.glance import glance
from proxy.guard import Endpoint
from proxy.profiles import profile_of
from proxy.routing import Facts
from proxy.sessions import NOTHING, Asking, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from proxy.asked import Asked
    from proxy.classes import ClassRules
    from proxy.exchange import Call
    from proxy.glance import Glance
    from proxy.profiles import Profile
    from proxy.sessions import Recalled, Sessions


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
        here = Turn(call.client, call.session, call.agent, seen.fingerprint, seen.tail)
        known = self.sessions.recall(here, seen, moment.timestamp())
        found = self._kept(seen, known) or classify(
            seen, profile, call.endpoint, self.rules
        )
        turn: Turn | None = None
        if found.housekeeping is not None or counting:
            known = NOTHING
        else:
            asked_for = Asking(found.route_class, found.evidence, hash(seen.human))
            turn = replace(here, asked=asked_for)
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
            made_calls=known.made_calls,
            warm=known.warm,
            raised=known.raised,
            moment=moment,
        )
        return Survey(facts, turn)

    def _kept(self, seen: Glance, known: Recalled) -> Classified | None:
        """Return the class that a step with tools keeps, None where it is told anew.

        It is what its person asked for, also where that is no longer in the request,
        and most requests are such steps: the text is not weighed again.
        """
        asked = known.asked
        if asked is None or not seen.continues:
            return None
        if seen.human and hash(seen.human) != asked.text:
            return None
        if seen.size.tokens >= self.rules.long_context_tokens:
            return None
        return Classified(asked.route_class, asked.evidence)
