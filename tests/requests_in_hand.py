"""Requests half way through the gateway, and the doubles around them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from proxy.catalogue import Billing, KeyRef, Model, Place, Provider, Route
from proxy.exchange import Body, Call, Exchange
from proxy.guard import Endpoint
from proxy.headers import Credentials
from proxy.ledger.rows import Finished, Routed
from proxy.model import Protocol
from proxy.money import Price
from proxy.prices.rates import Rate, Rates, Source, SourceType
from proxy.projects import Peer
from proxy.routing import Choice, Decision, Facts, Mark, Mode

WHEN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SOURCE = Source(SourceType.MANUAL_REVIEW, "a price list", WHEN)
PRICE = Price(input=Decimal(3), output=Decimal(15))


def rates(price: Price | None) -> Rates | None:
    """One price that always holds, by somebody's word."""
    return Rates((Rate(price),), SOURCE) if price else None


def provider(
    billing: Billing = Billing.METERED, price: Price | None = PRICE
) -> Provider:
    """A provider with one model."""
    return Provider(
        id="scripted",
        name="Scripted",
        base_url="http://127.0.0.1:9",
        protocols=(Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT),
        key=KeyRef("none"),
        billing=billing,
        place=Place.PROVIDER,
        any_model=False,
        models=(Model(id="scripted-large", lane="claude/premium", rates=rates(price)),),
    )


def route(billing: Billing = Billing.METERED, price: Price | None = PRICE) -> Route:
    """A way to that model."""
    made = provider(billing, price)
    return Route(made, made.models[0], "scripted-large", Protocol.MESSAGES)


ROUTE = route()


def call(
    protocol: Protocol = Protocol.MESSAGES,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    arrived: float = 0.0,
    peer: Peer | None = None,
    body: bytes = b'{"model": "scripted-large"}',
) -> Call:
    """An admitted call."""
    return Call(
        id="req_1",
        endpoint=Endpoint.MESSAGES,
        protocol=protocol,
        query="",
        headers=headers,
        credentials=Credentials(),
        body=Body(body),
        client="claude-code",
        arrived=arrived,
        peer=peer,
    )


@dataclass(slots=True)
class Collected:
    """A way back that keeps what is sent."""

    started: bool = False
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    ended: bool = False
    aborted: bool = False

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Keep the head."""
        self.started, self.status, self.headers = True, status, tuple(headers)

    async def write(self, data: bytes) -> None:
        """Keep a piece."""
        self.body += data

    async def end(self) -> None:
        """Note the end."""
        self.ended = True

    def abort(self) -> None:
        """Note the break."""
        self.aborted = True

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((v for k, v in self.headers if k.lower() == name), None)


def exchange(
    of: Call | None = None, *, stream: bool = True, way: Route | None = ROUTE
) -> Exchange:
    """A routed request."""
    return Exchange(
        call=of or call(),
        outlet=Collected(),
        decision=Decision(
            Mode.DIRECT,
            "scripted-large",
            "Because.",
            (Choice(ROUTE, Mark.NONE, None, None),),
            (),
        ),
        model="scripted-large",
        model_span=(10, 26),
        stream=stream,
        offline=False,
        facts=Facts(Protocol.MESSAGES, "scripted-large"),
        route=way,
        calling=way is not None,
    )


@dataclass(slots=True)
class FixedClock:
    """Time that stands still until a test moves it."""

    moment: float = 0.0

    def now(self) -> datetime:
        """Always the same."""
        return WHEN

    def monotonic(self) -> float:
        """Seconds."""
        return self.moment


@dataclass(slots=True)
class PaperLedger:
    """A ledger that keeps rows in lists; `slow` makes a commit wait."""

    routed_rows: list[Routed] = field(default_factory=list)
    rows: list[Finished] = field(default_factory=list)
    slow: asyncio.Event | None = None

    def routed(self, row: Routed) -> None:
        """Keep a row."""
        self.routed_rows.append(row)

    def hurry(self) -> None:
        """Nothing lingers here."""

    async def finish(self, row: Finished, timeout: float) -> bool:
        """Keep a row, perhaps later."""
        if self.slow is not None:
            await self.slow.wait()
        self.rows.append(row)
        return timeout > 0
