"""Decides where a request goes and says why; pure, no clock, no I/O, no randomness.

`decide` is the rule while requests are not classified: a pin; else the ready providers
that list the asked name, then those that take any name; else their first models. A
provider is asked in the client's own protocol where it speaks that, else in its own
first one, by translation. `offline` and `direct` work; the other modes are known by
name and act as `direct`, saying so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from proxy.catalogue import Billing, KeyRef, Place, Provider, Route
from proxy.catalogue import Model as CatalogueModel
from proxy.model import Protocol
from proxy.practice import PRACTICE_MODEL, PRACTICE_PROVIDER_ID
from proxy.routing.modes import Mode
from proxy.translation.needs import obstacles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proxy.catalogue import Catalogue
    from proxy.model import Request

MAX_ATTEMPTS = 3
"""Provider calls one request may cost at most."""

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


class ReasonCode(StrEnum):
    """Why a candidate was rejected; each has one sentence in `REASONS`."""

    OFFLINE = "offline"
    TRUST = "trust"
    NOT_READY = "not_ready"
    NATIVE_ONLY = "native_only"
    NOT_CARRIED = "not_carried"
    NOT_LISTED = "not_listed"
    NOT_PINNED = "not_pinned"
    NO_CREDENTIAL = "no_credential"
    CREDENTIAL_ELSEWHERE = "credential_elsewhere"
    CREDENTIAL_FOREIGN = "credential_foreign"
    ATTEMPT_LIMIT = "attempt_limit"


REASONS: Mapping[ReasonCode, str] = {
    ReasonCode.OFFLINE: "its model does not run on this machine and the mode is "
    "offline",
    ReasonCode.TRUST: "its model does not run on this machine and the request's trust "
    "level keeps it here",
    ReasonCode.NOT_READY: "the provider is not ready",
    ReasonCode.NATIVE_ONLY: "what was asked for exists in the client's protocol only, "
    "and it does not speak that",
    ReasonCode.NOT_CARRIED: "the request depends on something that cannot be carried "
    "into its protocol",
    ReasonCode.NOT_LISTED: "it does not list the model that was asked for",
    ReasonCode.NOT_PINNED: "the request pins another route",
    ReasonCode.NO_CREDENTIAL: "it passes the client's own credential on, and this "
    "request brought none",
    ReasonCode.CREDENTIAL_ELSEWHERE: "the client's own credential is offered to one "
    "provider only",
    ReasonCode.CREDENTIAL_FOREIGN: "it takes the client's own credential only, and the "
    "client speaks another vendor's protocol",
    ReasonCode.ATTEMPT_LIMIT: "a request costs at most three provider calls",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What `decide` looks at.

    `own_credential` says that the client brought a credential of its own beside the
    gateway key, `stays_here` that its trust level keeps the request on this machine,
    `native_only` that no other protocol has what it asks for. `request` is what it
    says, read; None where only providers of its own protocol matter, and nobody has
    had to read it. `stands_for` is what an alias asks for, None where the requested
    model is none.
    """

    protocol: Protocol
    requested_model: str
    own_credential: bool = False
    stays_here: bool = False
    native_only: bool = False
    request: Request | None = None
    stands_for: str | None = None

    @property
    def wanted(self) -> str:
        """The model's name to look for; '' where any model will do."""
        return self.requested_model if self.stands_for is None else self.stands_for


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

PRACTICE = Provider(
    id=PRACTICE_PROVIDER_ID,
    name="Practice (simulated, no model, no network)",
    base_url="",
    protocols=(
        Protocol.MESSAGES,
        Protocol.RESPONSES,
        Protocol.CHAT,
        Protocol.GEMINI,
    ),
    key=KeyRef("none"),
    billing=Billing.LOCAL,
    place=Place.THIS_MACHINE,
    any_model=True,
    models=(
        CatalogueModel(
            id=PRACTICE_MODEL,
            display_name="Practice echo (simulated)",
            lane="practice/small",
            tools=True,
        ),
    ),
)
"""The built-in provider: it answers where none is configured."""


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


class StoredDecision(msgspec.Struct, frozen=True):
    """What the ledger keeps of a decision: names and sentences.

    `lane` and `billing` are those of the route that was `chosen`. The ledger reads
    these three by name for a request that its gateway did not live to finish.
    """

    mode: str
    requested_model: str
    reason: str
    chosen: str | None
    lane: str | None
    standby: tuple[str, ...]
    rejected: tuple[tuple[str, str, str], ...]
    billing: str | None = None


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


def read_decision(text: str) -> StoredDecision:
    """Return the stored decision. Raises `msgspec.DecodeError` on anything else."""
    return msgspec.json.decode(text, type=StoredDecision)


def explain(decision: StoredDecision) -> tuple[str, ...]:
    """Return what led to the decision, one sentence for each thing looked at."""
    layers = [f"The client asked for {decision.requested_model or 'no model'}."]
    note = mode_note(Mode(decision.mode)) if decision.mode in set(Mode) else ""
    layers.append(note or f"The mode was {decision.mode}.")
    if decision.chosen is None:
        layers.append("No route could be taken.")
    else:
        lane = f" in lane {decision.lane}" if decision.lane else ""
        layers.append(f"Turnout chose {decision.chosen}{lane}. {decision.reason}")
    if decision.standby:
        layers.append(f"Standing by, in order: {', '.join(decision.standby)}.")
    layers.extend(
        f"{route} was rejected: {sentence}." for route, _, sentence in decision.rejected
    )
    return tuple(layers)


def no_route_sentence(decision: Decision) -> str:
    """Return the sentence a client gets when no route is left."""
    losers = "; ".join(f"{r.route}: {r.sentence}" for r in decision.rejected)
    asked = decision.requested_model or "no model"
    return f"No route can take this request for {asked} ({losers})."
