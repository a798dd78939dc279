"""Decides where a request goes and says why; pure, no clock, no I/O, no randomness.

`decide` is the rule while requests are not classified: a pin; else the ready providers
that list the asked name, then those that take any name; else their first models. A
provider is asked in the client's own protocol where it speaks that, else in its own
first one, by translation. `offline` and `direct` work; the other modes are known by
name and act as `direct`, saying so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from proxy.catalogue import Place, Provider, Route
from proxy.model import Protocol
from proxy.practice import PRACTICE_MODEL
from proxy.routing.builtin import MAX_ATTEMPTS, PRACTICE
from proxy.routing.facts import Facts
from proxy.routing.modes import Mode
from proxy.routing.reasons import REASONS, ReasonCode
from proxy.routing.stored import StoredDecision
from proxy.translation.needs import obstacles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proxy.catalogue import Catalogue

ROUTE_CLASS = "fallback_safe"
"""The class every request has until classification is built."""


AVAILABLE_MODES = (Mode.DIRECT, Mode.OFFLINE)
"""The modes that act as named; the rest act as `direct` until routing is built."""

GREYED_REASON = "routing by cost and quality is not built into this version yet"


def effective_mode(mode: Mode) -> Mode:
    """Return the mode that really acts when `mode` is asked for."""
    return mode if mode in AVAILABLE_MODES else Mode.DIRECT


def mode_note(mode: Mode) -> str:
    """Return the sentence that says a greyed mode acts as `direct`, or ''."""
    if mode in AVAILABLE_MODES:
        return ""
    return f"Mode {mode} acts as direct: {GREYED_REASON}."


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that was not taken and why."""

    route: str
    code: ReasonCode
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The routes to try in order, first one chosen, the rest standby, and the losers.

    `reason` is the sentence that says why the first route won.
    """

    mode: Mode
    requested_model: str
    reason: str
    attempts: tuple[Route, ...]
    rejected: tuple[Rejected, ...]


_VENDOR_NAMES = ("claude", "gpt-", "codex", "gemini")


def decide(
    facts: Facts,
    catalogue: Catalogue,
    not_ready: Mapping[str, str],
    mode: Mode,
) -> Decision:
    """Choose the routes for one request.

    `not_ready` maps the id of a provider that cannot be called now to the sentence
    that says why; a provider that is absent, or has '', is ready. Providers are
    considered in the order of the user's file.
    """
    acting = effective_mode(mode)
    pin = _pinned(facts.wanted, catalogue)
    if pin is not None:
        candidates = [_pin_candidate(pin, facts)]
        reason = "The request pins this route."
    elif not catalogue.providers:
        protocol = _spoken(PRACTICE, facts.protocol)
        candidates = [Route(PRACTICE, PRACTICE.models[0], PRACTICE_MODEL, protocol)]
        reason = "No provider is configured, so the practice provider answers."
    else:
        candidates, reason = _by_name(facts, catalogue)
    judged = _Judge(facts, not_ready, acting)
    kept = judged.keep(candidates)
    if not kept and pin is None and catalogue.providers:
        kept = judged.keep(_first_models(facts, catalogue, candidates))
        reason = (
            "No ready provider lists the model that was asked for; the first ready "
            "provider's first model takes its place."
        )
    judged_ids = {route.provider.id for route in (*candidates, *kept)}
    rejected = (*judged.rejected, *_bystanders(catalogue, pin, judged_ids))
    return Decision(mode, facts.requested_model, reason, tuple(kept), rejected)


def _spoken(provider: Provider, protocol: Protocol) -> Protocol:
    """Return the protocol to speak with a provider: the client's, or its own first."""
    return protocol if protocol in provider.protocols else provider.protocols[0]


def _pinned(requested: str, catalogue: Catalogue) -> tuple[Provider, str] | None:
    head, slash, tail = requested.partition("/")
    if not slash or not tail:
        return None
    for provider in (*catalogue.providers, PRACTICE):
        if provider.id == head:
            return provider, tail
    return None


def _pin_candidate(pin: tuple[Provider, str], facts: Facts) -> Route:
    provider, model_id = pin
    if provider is PRACTICE:
        # It has one model, and that answers whatever name is practised with.
        model_id = PRACTICE_MODEL
    spoken = _spoken(provider, facts.protocol)
    return Route(provider, provider.find_model(model_id), model_id, spoken)


def _by_name(facts: Facts, catalogue: Catalogue) -> tuple[list[Route], str]:
    listing: list[Route] = []
    taking: list[Route] = []
    for provider in catalogue.providers:
        model = provider.find_model(facts.wanted)
        spoken = _spoken(provider, facts.protocol)
        route = Route(provider, model, facts.wanted, spoken)
        if model is not None:
            listing.append(route)
        elif provider.any_model and _may_be_known(facts, spoken):
            taking.append(route)
    return [*listing, *taking], (
        "It is the first ready provider that takes the model that was asked for."
    )


def _may_be_known(facts: Facts, spoken: Protocol) -> bool:
    """Tell whether a provider that takes any name may be asked for this one.

    A vendor's own name is meant for those who speak that vendor's protocol: to a local
    server `claude-opus-5-5` says nothing.
    """
    name = facts.wanted
    if spoken is facts.protocol:
        return bool(name)
    return bool(name) and not name.startswith(_VENDOR_NAMES)


def _first_models(
    facts: Facts, catalogue: Catalogue, tried: Iterable[Route]
) -> list[Route]:
    seen = {route.provider.id for route in tried}
    return [
        Route(
            provider,
            provider.models[0],
            provider.models[0].id,
            _spoken(provider, facts.protocol),
        )
        for provider in catalogue.providers
        if provider.models and provider.id not in seen
    ]


class _Judge:
    """Applies the hard filters in one place and remembers every loser."""

    def __init__(self, facts: Facts, not_ready: Mapping[str, str], mode: Mode) -> None:
        self._facts = facts
        self._not_ready = not_ready
        self._mode = mode
        self._credential_taken = False
        self.rejected: list[Rejected] = []

    def keep(self, candidates: Iterable[Route]) -> list[Route]:
        """Return the routes that pass every filter, at most `MAX_ATTEMPTS`."""
        kept: list[Route] = []
        for route in candidates:
            lost = self._objection(route)
            if lost is None and len(kept) == MAX_ATTEMPTS:
                lost = ReasonCode.ATTEMPT_LIMIT, ""
            if lost is None:
                self._credential_taken |= route.provider.key.kind == "client"
                kept.append(route)
            else:
                code, detail = lost
                said = f"{REASONS[code]}: {detail}" if detail else REASONS[code]
                self.rejected.append(Rejected(route.name, code, said))
        return kept

    def _objection(self, route: Route) -> tuple[ReasonCode, str] | None:
        """Return why a route is out, with what there is to say about it."""
        facts, foreign = self._facts, route.protocol is not self._facts.protocol
        if foreign and facts.native_only:
            return ReasonCode.NATIVE_ONLY, ""
        if facts.stays_here and route.place is not Place.THIS_MACHINE:
            return ReasonCode.TRUST, ""
        if self._mode is Mode.OFFLINE and route.place is not Place.THIS_MACHINE:
            return ReasonCode.OFFLINE, ""
        if route.provider.key.kind == "client":
            code = self._credential(foreign=foreign)
            if code is not None:
                return code, ""
        if why := self._not_ready.get(route.provider.id):
            return ReasonCode.NOT_READY, why
        if foreign and facts.request is not None:
            found = obstacles(facts.request, route.protocol, route.dialect)
            if found:
                said = " ".join(each.sentence for each in found)
                return ReasonCode.NOT_CARRIED, said.rstrip(".")
        return None

    def _credential(self, *, foreign: bool) -> ReasonCode | None:
        if foreign:
            return ReasonCode.CREDENTIAL_FOREIGN
        if not self._facts.own_credential:
            return ReasonCode.NO_CREDENTIAL
        return ReasonCode.CREDENTIAL_ELSEWHERE if self._credential_taken else None


def _bystanders(
    catalogue: Catalogue, pin: tuple[Provider, str] | None, judged: set[str]
) -> tuple[Rejected, ...]:
    """Return the providers that never became candidates, with the reason."""
    code = ReasonCode.NOT_LISTED if pin is None else ReasonCode.NOT_PINNED
    return tuple(
        Rejected(provider.id, code, REASONS[code])
        for provider in catalogue.providers
        if provider.id not in judged
    )


def write_decision(decision: Decision) -> str:
    """Return the JSON text the ledger stores for a decision."""
    first = decision.attempts[0] if decision.attempts else None
    stored = StoredDecision(
        mode=decision.mode,
        requested_model=decision.requested_model,
        reason=decision.reason,
        chosen=first.name if first else None,
        lane=first.lane if first else None,
        standby=tuple(route.name for route in decision.attempts[1:]),
        rejected=tuple((r.route, r.code, r.sentence) for r in decision.rejected),
        billing=first.billing if first else None,
    )
    return msgspec.json.encode(stored).decode()


def no_route_sentence(decision: Decision) -> str:
    """Return the sentence a client gets when no route is left."""
    losers = "; ".join(f"{r.route}: {r.sentence}" for r in decision.rejected)
    asked = decision.requested_model or "no model"
    return f"No route can take this request for {asked} ({losers})."
