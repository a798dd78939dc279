"""Every capability of Turnout as one typed function; the shells offer only these."""

from app.commands import (
    clients,
    gateway,
    keys,
    logs,
    policies,
    prices,
    providers,
    routes,
    routing,
    simulate,
    spend,
)
from app.commands.command import Command, Effect

COMMANDS: tuple[Command, ...] = (
    Command("status", gateway.status, Effect.READ),
    Command("mode", gateway.mode, Effect.CHANGE),
    Command(
        "events",
        spend.events,
        Effect.READ,
        rows="events",
        follow="since",
        newest_first=True,
    ),
    Command("explain", routing.explain, Effect.READ),
    Command("simulate", simulate.simulate, Effect.READ),
    Command("routes", routes.routes, Effect.READ, rows="routes"),
    Command("policies", policies.policies, Effect.READ),
    Command("spend", spend.spend, Effect.READ),
    Command("providers", providers.providers, Effect.READ, rows="providers"),
    Command("models", providers.models, Effect.READ, rows="models"),
    Command("prices", prices.prices, Effect.READ, rows="prices"),
    Command("prices refresh", prices.refresh, Effect.CHANGE, asks="asks"),
    Command("prices undo", prices.undo, Effect.CHANGE),
    Command("keys new", keys.new, Effect.CHANGE),
    Command("keys list", keys.list_keys, Effect.READ, rows="keys"),
    Command("keys show", keys.show, Effect.READ),
    Command("keys store", keys.store, Effect.CHANGE),
    Command("keys revoke", keys.revoke, Effect.CHANGE),
    Command("settings", clients.settings, Effect.CHANGE),
    Command("try", routing.try_prompt, Effect.SPEND),
    Command("logs", logs.logs, Effect.READ, rows="lines", follow="since"),
    Command("restart", gateway.restart, Effect.CHANGE),
    Command("stop", gateway.stop, Effect.CHANGE),
    Command("version", gateway.version, Effect.READ),
)
"""The explicit list: nothing registers itself by being imported."""
