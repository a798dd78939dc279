"""Commands made up for tests of the shells, and a state that is moved by hand."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, cast

import msgspec
from still_state import STILL

from app.commands.command import Command, Effect
from app.failure import CommandFailed
from app.services import Services
from app.state import Changes, Snapshot

EARLY = datetime(2026, 11, 21, 8, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Painted:
    name: str
    colour: Colour
    coats: int
    price: Decimal
    when: datetime
    tags: tuple[str, ...] = ()


async def paint(
    services: Services,
    name: str,
    colour: Colour = Colour.RED,
    *,
    coats: Annotated[int, msgspec.Meta(ge=1, le=9, description="How many")] = 1,
) -> Painted:
    """Paint a thing."""
    return Painted(name, colour, coats, Decimal("0.10"), EARLY, ("a", "b"))


async def peek(services: Services, *, name: str | None = None) -> Painted:
    """Look at a thing."""
    return Painted(name or "nothing", Colour.BLUE, 0, Decimal(0), EARLY)


async def refuse(services: Services) -> Painted:
    """Say no."""
    raise CommandFailed("It is shut", "The shop is shut.", "Come back.", 3)


async def stumble(services: Services) -> Painted:
    """Fall over."""
    raise RuntimeError("canary-secret-text")


COMMANDS = (
    Command("paint", paint, Effect.CHANGE),
    Command("things peek", peek, Effect.READ),
    Command("refuse", refuse, Effect.CHANGE),
    Command("stumble", stumble, Effect.READ),
)


class Live:
    """A state that a test moves by hand."""

    def __init__(self) -> None:
        self.changes = Changes()

    def snapshot(self) -> Snapshot:
        return replace(STILL, revision=self.changes.revision)

    async def changed(self, revision: int) -> None:
        await self.changes.after(revision)


def services(state: Live | None) -> Services:
    empty = cast("Any", None)
    return Services(
        empty, empty, empty, empty, empty, state, None, "0", "turnout", empty
    )
