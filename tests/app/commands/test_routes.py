"""The list of routes: what can be taken now, and why the rest cannot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.commands.routes import RouteHealth, RouteRow, routes
from app.failure import CommandFailed, Exit
from app.kept import KeptHealth
from app.services import Services
from proxy.catalogue import Place, Route, Safety
from proxy.errors import Failure, FailureKind
from proxy.health import (
    GroupOutlook,
    Health,
    KeyOutlook,
    Outlook,
    Quantiles,
    RouteOutlook,
    State,
    WindowOutlook,
)
from proxy.routing import Condition, Mode, RouteClass, Rule, Tier
from proxy.routing.condition import Rest, RestKind

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LARGE = "scripted/scripted-large"


def by_name(rows: tuple[RouteRow, ...]) -> dict[str, RouteRow]:
    return {row.id: row for row in rows}


async def test_every_route_is_listed_with_what_decides(alone: Services) -> None:
    rows = by_name((await routes(alone)).routes)
    assert set(rows) == {LARGE, "scripted/*"}
    row = rows[LARGE]
    assert (row.ready, row.code, row.why) == (True, "", "")
    assert (row.place, row.lane, row.quality) == (
        Place.PROVIDER,
        "claude/premium",
        85,
    )
    assert row.price is not None
    assert str(row.price.input) == "3.00"
    assert row.tracked
    assert (row.health, row.until, row.quota_share) == (RouteHealth.WELL, None, None)
    assert rows["scripted/*"].quality is None
    assert rows["scripted/*"].price is None


async def test_a_missing_key_and_a_ceiling_are_told(alone: Services) -> None:
    current = alone.config.current
    gateway = replace(current.settings, price_ceiling="0.50")
    alone.config.current = replace(current, settings=gateway)
    rows = by_name((await routes(alone)).routes)
    assert rows["scripted/*"].code == "price_unknown"
    assert rows["scripted/*"].why == (
        "Its price is unknown and there is a price ceiling."
    )
    assert rows[LARGE].ready
    unset = replace(alone, secrets=type(alone.secrets)({}))
    (row, _) = (await routes(unset)).routes
    assert not row.ready
    assert row.code == "not_ready"
    assert "SCRIPTED_KEY" in row.why
    assert row.why.endswith(".")


async def test_offline_rules_out_what_is_elsewhere(alone: Services) -> None:
    current = alone.config.current
    offline = replace(current.settings, mode=Mode.OFFLINE)
    alone.config.current = replace(current, settings=offline)
    assert {row.code for row in (await routes(alone)).routes} == {"offline"}


async def test_a_client_sees_what_is_safe_for_it(alone: Services) -> None:
    known = alone.config.current.catalogue
    first = known.providers[0]
    able = replace(first.models[0].compatibility, claude_code=Safety.EXPERIMENTAL)
    model = replace(first.models[0], compatibility=able)
    providers = (replace(first, models=(model,)), *known.providers[1:])
    alone.config.current = replace(
        alone.config.current, catalogue=replace(known, providers=providers)
    )
    told = await routes(alone, client="claude-code-laptop")
    assert told.client == "claude-code"
    row = by_name(told.routes)[LARGE]
    assert row.code == "tools_experimental"
    assert "not switched on" in row.why
    assert row.translated
    codex = by_name((await routes(alone, client="codex")).routes)[LARGE]
    assert codex.ready
    assert not codex.translated
    assert by_name((await routes(alone)).routes)[LARGE].ready


async def test_a_rule_of_the_user_holds_for_the_client_asked_about(
    alone: Services,
) -> None:
    rules = (Rule(client="codex", mode=Mode.OFFLINE),)
    alone.config.current = replace(alone.config.current, rules=rules)
    codex = by_name((await routes(alone, client="codex")).routes)[LARGE]
    assert codex.code == "offline"
    assert by_name((await routes(alone)).routes)[LARGE].ready


async def test_an_unknown_client_is_misuse(alone: Services) -> None:
    with pytest.raises(CommandFailed) as failed:
        await routes(alone, client="nobody")
    assert failed.value.exit == Exit.USAGE
    assert "claude-code" in failed.value.message


async def test_a_running_gateway_tells_how_routes_are(
    services: Services, gateway: Any
) -> None:
    rest = Rest(RestKind.BREAKER, 40.0, "it failed 3 times in a row")
    config = services.config.current
    gateway.routing = replace(
        gateway.routing,
        catalogue=config.catalogue,
        policy=config.policy,
        condition=Condition(routes={LARGE: rest}),
        outlook=Outlook(
            routes=(
                RouteOutlook(
                    LARGE, State.OPEN, 40.0, rest.sentence, Quantiles(400, 900, 20)
                ),
                RouteOutlook("scripted/*", State.HALF_OPEN),
            ),
            groups=(
                GroupOutlook(
                    "scripted",
                    windows=(
                        WindowOutlook("5 h", 0.4),
                        WindowOutlook("tokens", 0.7, LARGE),
                        WindowOutlook("tokens", 0.9, "scripted/other"),
                    ),
                ),
            ),
        ),
    )
    rows = by_name((await routes(services)).routes)
    row = rows[LARGE]
    assert (row.ready, row.code) == (False, "breaker_open")
    assert row.why == (
        "It failed lately and is left alone for a while: it failed 3 times in a row."
    )
    assert row.health is RouteHealth.RESTS
    assert row.until == NOW + timedelta(seconds=40)
    assert (row.latency_p50_ms, row.latency_p90_ms) == (400, 900)
    assert row.quota_share == 0.7
    other = rows["scripted/*"]
    assert other.health is RouteHealth.TRIAL
    assert other.quota_share == 0.4


async def test_a_refused_key_rests_every_route_of_its_provider(
    services: Services, gateway: Any
) -> None:
    config = services.config.current
    gateway.routing = replace(
        gateway.routing,
        catalogue=config.catalogue,
        policy=config.policy,
        condition=Condition(not_ready={"scripted": "its key was refused"}),
        outlook=Outlook(keys=(KeyOutlook("scripted", 300.0, "its key was refused"),)),
    )
    told = (await routes(services)).routes
    assert {row.health for row in told} == {RouteHealth.RESTS}
    assert {row.code for row in told} == {"not_ready"}


async def test_without_a_gateway_the_kept_health_counts(alone: Services) -> None:
    health = Health()
    known = alone.config.current.catalogue.providers[0]
    route = Route(known, known.models[0], "scripted-large", known.protocols[0])
    limited = Failure(FailureKind.RATE_LIMITED, "It answered 429.", 429, 900.0)
    health.ended(route, limited, now=NOW.timestamp())
    KeptHealth(alone.paths.kept_health, health).last()
    row = by_name((await routes(alone)).routes)[LARGE]
    assert (row.ready, row.code) == (False, "quota_exhausted")
    assert row.until is not None
    assert row.until > NOW


async def test_a_tier_of_a_rule_rules_no_route_out(alone: Services) -> None:
    rules = (Rule(route_class=RouteClass.FALLBACK_SAFE, tier=Tier.PREMIUM),)
    alone.config.current = replace(alone.config.current, rules=rules)
    assert all(row.ready for row in (await routes(alone)).routes)
