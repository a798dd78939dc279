"""Asks the providers one free request each, all at once, and looks at keys and prices.

It sends a provider's key to that very provider only, keeps none, and makes no call that
costs anything. Offline only providers on this machine are asked.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.doctor.ground import (
    PricesGround,
    Probed,
    ProviderGround,
    ProvidersGround,
    ShellKey,
)
from app.doctor.looks.desktop import UNIT
from proxy.catalogue.address import is_loopback
from proxy.catalogue.provider import AuthStyle
from proxy.headers import ANTHROPIC_VERSION
from proxy.model import Protocol
from proxy.prices.freshness import Freshness, age_days, freshness
from proxy.routing import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.services import Services
    from proxy.catalogue import Provider
    from proxy.recorder import Clock
    from proxy.upstream import Upstream

GROUPS = Path("/proc/self/cgroup")
"""Where Linux names the control groups of a process."""

SECONDS = 3.0
"""How long all providers together may take."""

_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Asked:
    """What one provider's answer came to, and how far our clock is ahead of its."""

    probed: Probed
    ahead: timedelta | None = None


async def look_at_providers(
    services: Services, *, shell_files: bool
) -> tuple[ProvidersGround, timedelta | None]:
    """Return how the providers are, and how far our clock is ahead of theirs."""
    providers = services.config.current.catalogue.providers
    offline = services.config.current.mode is Mode.OFFLINE
    await services.secrets.prefetch(each.key for each in providers)
    asked = await _all_asked(services, providers, offline=offline)
    failures = _last_failures(services)
    grounds = tuple(
        ProviderGround(
            id=each.id,
            key=str(each.key),
            why_not=services.secrets.why_not(each.key),
            probed=asked[each.id].probed if each.id in asked else None,
            last_failure=failures.get(each.id, ""),
            here=is_loopback(each.base_url),
        )
        for each in providers
    )
    shells = await asyncio.to_thread(_shells, services) if shell_files else None
    asking = services.surroundings.terminal
    ahead = [each.ahead for each in asked.values() if each.ahead is not None]
    # Several agree or one is off by itself: the nearest to ours is the fairest.
    told = ProvidersGround(
        providers=grounds,
        offline=offline,
        unit=services.gateway is not None and in_unit(),
        shells=shells,
        terminal=tuple(key.variable for key in asking.keys) if asking else (),
        prices=_prices(services),
    )
    return told, min(ahead, key=abs, default=None)


def in_unit(groups: Path = GROUPS) -> bool:
    """Say whether this process belongs to our own systemd unit, by its control group.

    The variables that systemd sets would not do: whole desktop sessions inherit them.
    """
    try:
        return f"/{UNIT.name}" in groups.read_text()
    except OSError:
        return False


def _last_failures(services: Services) -> dict[str, str]:
    live = services.state.snapshot() if services.state else None
    return {each.id: each.last_failure for each in live.providers} if live else {}


async def _all_asked(
    services: Services, providers: Sequence[Provider], *, offline: bool
) -> dict[str, Asked]:
    """Return provider id -> what it answered, for those that may be asked."""
    from proxy.upstream import Limits, Upstream

    wanted = [each for each in providers if _may_ask(each, services, offline=offline)]
    if not wanted:
        return {}
    limits = Limits(first_byte=SECONDS, silence=SECONDS)
    upstream = Upstream(services.surroundings.environ, limits)
    try:
        told = await asyncio.gather(
            *(_ask(upstream, services, each, offline=offline) for each in wanted)
        )
    finally:
        await upstream.close()
    return {each.id: answer for each, answer in zip(wanted, told, strict=True)}


def _may_ask(provider: Provider, services: Services, *, offline: bool) -> bool:
    # Without the key that it needs the answer would be a refusal, and prove nothing.
    if not provider.probe_url or provider.key.kind == "client":
        return False
    here = is_loopback(provider.base_url)
    return services.secrets.ready(provider.key) and (here or not offline)


async def _ask(
    upstream: Upstream, services: Services, provider: Provider, *, offline: bool
) -> Asked:
    from proxy.upstream import Outgoing, UpstreamError

    headers = (
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        *_credential(services, provider),
    )
    call = Outgoing("GET", provider.probe_url, headers, b"", provider.id)
    clock = services.clock
    began = clock.monotonic()
    here = offline or is_loopback(provider.base_url)
    try:
        async with (
            asyncio.timeout(SECONDS),
            upstream.send(call, offline=here, first_byte=SECONDS) as answer,
        ):
            ahead = _ahead(answer.header("Date"), clock)
            await answer.read(_MOST_BYTES)
            ms = round((clock.monotonic() - began) * 1000)
            return Asked(Probed(status=answer.status, ms=ms), ahead)
    except UpstreamError as error:
        return Asked(Probed(trouble=error.failure.message))
    except TimeoutError:
        said = f"{provider.id} did not answer within {SECONDS:g} seconds."
        return Asked(Probed(trouble=said))


def _credential(services: Services, provider: Provider) -> Iterable[tuple[str, str]]:
    key = services.secrets.held(provider.key)
    if key is None:
        return ()
    spoken = provider.protocols[0]
    style = provider.auth_style(spoken)
    if style is AuthStyle.BEARER:
        return (("Authorization", f"Bearer {key}"),)
    if spoken is Protocol.MESSAGES:  # refused without it, whatever the key
        return ((style.value, key), ("anthropic-version", ANTHROPIC_VERSION))
    return ((style.value, key),)


def _ahead(date: str, clock: Clock) -> timedelta | None:
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    if told.tzinfo is None:  # RFC 9110 says that it is UTC all the same
        told = told.replace(tzinfo=UTC)
    return clock.now() - told


def _shells(services: Services) -> tuple[ShellKey, ...]:
    """Return where shells set the variables that config.toml names."""
    from discovery.shell_files import assignments

    keys = [each.key for each in services.config.current.catalogue.providers]
    named = {key.name for key in keys if key.kind == "env"}
    return tuple(
        ShellKey(each.name, each.where, each.at_login)
        for each in assignments(services.surroundings)
        if each.name in named
    )


def _prices(services: Services) -> PricesGround:
    now: datetime = services.clock.now()
    models = [
        (model, freshness(model.rates, model.id, now))
        for each in services.config.current.catalogue.providers
        for model in each.models
    ]
    aged = [model for model, told in models if told in _OLD and model.rates]
    days = [age_days(model.rates, now) for model in aged if model.rates]
    count = [told for _, told in models].count
    return PricesGround(
        models=len(models),
        stale=count(Freshness.STALE),
        unverified=count(Freshness.UNVERIFIED),
        untracked=count(Freshness.UNTRACKED),
        oldest_days=max((each for each in days if each is not None), default=None),
        problem=services.config.price_problem,
    )


_OLD = frozenset({Freshness.STALE, Freshness.UNVERIFIED})
