"""What a request that came now would be decided by: configuration, prices and health.

It only looks: inside a gateway at what acts there, elsewhere at the same files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.kept import load_health
from proxy.health import Health

if TYPE_CHECKING:
    from app.services import Services
    from proxy.catalogue import Catalogue
    from proxy.health import Outlook
    from proxy.routing import Condition, Policy


@dataclass(frozen=True, slots=True)
class RoutingNow:
    """Everything beside a request that decides where it goes, at one moment."""

    catalogue: Catalogue
    policy: Policy
    condition: Condition
    outlook: Outlook


async def routing_now(services: Services) -> RoutingNow:
    """Return how routing is now; without a gateway, how the next one would begin.

    What the user's own model servers have is known to a gateway only.
    """
    if services.gateway is not None:
        return services.gateway.routing_now()
    current = services.config.current
    now = services.clock.now().timestamp()
    await services.secrets.prefetch(provider.key for provider in current.providers)
    not_ready = {
        provider.id: services.secrets.why_not(provider.key)
        for provider in current.providers
    }
    health = Health()
    load_health(services.paths.kept_health, health, now)
    return RoutingNow(
        current.catalogue,
        current.policy,
        health.condition(not_ready, now),
        health.overview(now),
    )
