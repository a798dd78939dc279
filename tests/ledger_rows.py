"""Ledger rows for tests, with everything but the id filled in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from proxy.ledger import Attempt, ConsentKind, Finished, NewConsent, Routed
from proxy.model import Usage
from proxy.money import Price

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRICE = Price(
    input=Decimal("3.00"),
    output=Decimal("15.00"),
    cache_read=Decimal("0.30"),
    cache_write=Decimal("3.75"),
)


def noon() -> datetime:
    """Return a clock's time that never moves."""
    return NOON


def routed(request: str, **changes: Any) -> Routed:
    """Return a routed row."""
    row = Routed(
        id=request,
        run="run-a",
        time=NOON,
        client="claude-code",
        protocol="anthropic-messages",
        route_class="fallback_safe",
        requested_model="claude-sonnet-5-5",
        mode="direct",
        stream=True,
        decision='{"chosen":"anthropic/claude-sonnet-5-5"}',
        session="session-1",
    )
    return replace(row, **changes)


def finished(request: str, **changes: Any) -> Finished:
    """Return a finished row of a successful, priced request."""
    row = Finished(
        id=request,
        run="run-a",
        time=NOON,
        duration_ms=1234,
        status="success",
        project="turnout",
        provider="anthropic",
        model="claude-sonnet-5-5",
        lane="claude/standard",
        billing="metered",
        attempts=(
            Attempt(
                provider="anthropic",
                model="claude-sonnet-5-5",
                protocol="anthropic-messages",
                outcome="ok",
                status=200,
                duration_ms=1200,
            ),
        ),
        usage=Usage(
            input_tokens=10,
            cache_read_tokens=100,
            cache_write_tokens=0,
            output_tokens=20,
        ),
        price=PRICE,
        price_snapshot="snapshot-1",
        cost_nano=360_000,
        first_byte_ms=300,
        stop_reason="end_turn",
    )
    return replace(row, **changes)


def consent(id_: str, **changes: Any) -> NewConsent:
    """Return a yes that is to be recorded."""
    row = NewConsent(
        id=id_,
        time=NOON,
        kind=ConsentKind.WIRE_CLIENT,
        subject="claude-code",
        scope="~/.claude/settings.json",
        detail="Point Claude Code at this gateway.",
    )
    return replace(row, **changes)
