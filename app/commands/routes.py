"""The command about routes: how each is, and why one cannot be taken now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from app.commands.client_names import profile_named
from app.routing_now import RoutingNow, routing_now
from app.services import Services
from proxy.catalogue import Billing, Place, Safety
from proxy.health import GroupOutlook, RouteOutlook, State
from proxy.model import Protocol
from proxy.money import Price
from proxy.routing import Facts
from proxy.routing.listed import Listed, listed, routes_for


class RouteHealth(StrEnum):
    """How a route is: `trial` is a first call after a rest, which will tell."""

    WELL = "well"
    RESTS = "rests"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One route: `id` is `provider/model`, with `*` for names it does not list.

    `ready` says that a request can be sent there now, `code` and `why` why not.
    `quality` is 0 to 100, None where nothing is known of the model; `price` the one
    that holds now for a short prompt, None where it is untracked. `until` is when its
    rest ends. Latencies are milliseconds to the first byte, None while too few were
    measured; `quota_share` is how much of its quota is used, from 0 to 1, None where
    the provider does not say. `translated` is True where requests of the client in
    question are written anew for it.
    """

    id: str
    ready: bool
    code: str
    why: str
    place: Place
    lane: str | None
    quality: int | None
    billing: Billing
    price: Price | None
    tracked: bool
    claude_code_safe: Safety
    codex_safe: Safety
    health: RouteHealth
    until: datetime | None
    latency_p50_ms: int | None
    latency_p90_ms: int | None
    quota_group: str
    quota_share: float | None
    translated: bool = False


@dataclass(frozen=True, slots=True)
class RouteList:
    """Every route; `client` is whose requests were asked about, '' for nobody's."""

    routes: tuple[RouteRow, ...]
    client: str = ""


async def routes(
    services: Services,
    *,
    client: Annotated[
        str | None,
        Meta(description="As a request with tools of this client sees them."),
    ] = None,
) -> RouteList:
    """List every route: whether it can be taken now, its price, quality and health."""
    profile = profile_named(services, client) if client else None
    spoken = profile.protocols[:1] if profile else ()
    protocol = spoken[0] if spoken else Protocol.CHAT
    now = services.clock.now()
    # A client that is signed in by itself is taken to be so here.
    facts = Facts(
        protocol,
        "",
        client=profile.id if profile else "unknown",
        own_credential=True,
        tools=profile is not None,
        moment=now,
    )
    known = await routing_now(services)
    ways = routes_for(known.catalogue, protocol if profile else None)
    found = listed(
        ways,
        facts,
        known.catalogue,
        known.condition,
        known.policy,
        translates=profile is not None,
    )
    rows = tuple(_row(each, known, now) for each in found)
    return RouteList(rows, profile.id if profile else "")


def _row(each: Listed, known: RoutingNow, now: datetime) -> RouteRow:
    route, model, able = each.route, each.route.model, each.route.compatibility
    own, group = _route_outlook(known, route.name), _group_outlook(known, each)
    rest = max(own.seconds, group.seconds, _key_seconds(known, route.provider.id))
    shares = [w.share for w in group.windows if w.route in {"", route.name}]
    latency = own.latency
    return RouteRow(
        id=route.name,
        ready=each.code is None,
        code=each.code or "",
        why=f"{each.why[:1].upper()}{each.why[1:]}." if each.why else "",
        place=route.place,
        lane=route.lane,
        quality=each.quality,
        billing=route.billing,
        price=model.rates.price(0, now) if model and model.rates else None,
        tracked=bool(model and model.rates),
        claude_code_safe=able.claude_code,
        codex_safe=able.codex,
        health=_health(own, rest),
        until=now + timedelta(seconds=rest) if rest > 0 else None,
        latency_p50_ms=latency.p50 if latency else None,
        latency_p90_ms=latency.p90 if latency else None,
        quota_group=route.quota_group,
        quota_share=max(shares, default=None),
        translated=each.translated,
    )


def _health(own: RouteOutlook, rest: float) -> RouteHealth:
    if rest > 0:
        return RouteHealth.RESTS
    return RouteHealth.WELL if own.state is State.CLOSED else RouteHealth.TRIAL


def _route_outlook(known: RoutingNow, name: str) -> RouteOutlook:
    found = (each for each in known.outlook.routes if each.route == name)
    return next(found, RouteOutlook(name))


def _group_outlook(known: RoutingNow, each: Listed) -> GroupOutlook:
    name = each.route.quota_group
    found = (group for group in known.outlook.groups if group.group == name)
    return next(found, GroupOutlook(name))


def _key_seconds(known: RoutingNow, provider: str) -> float:
    return max(
        (key.seconds for key in known.outlook.keys if key.provider == provider),
        default=0.0,
    )
