"""What people say, what tools return and how time passes, for scenarios of choosing.

It holds no expectations; what should happen stands in the scenarios.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from loopback import Serving
from scenarios.stage import CHAT, MESSAGES, RESPONSES, Actor, Role
from upstream import Answer, say
from upstream.reply import Reply, with_header

from app.commands.keys import NewKey

RENAME = "Please rename the variable total to sum in this line."
WRITE = "Write a function that parses a date from a string."
THINK = "Prove that this invariant holds and find the race condition."
WORK = "Run the tests and fix all failing ones until everything is green."
WORDS = "hm, okay"

OKAY = say("Okay.")
SESSION = {"x-claude-code-session-id": "one"}

Json = dict[str, Any]


@dataclass(slots=True)
class Clock:
    """The gateway's clock, which a scenario puts forward; monotonic time stays true."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        """The moment it shows, in UTC."""
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def put_forward(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self.ahead += timedelta(seconds=seconds)


@contextlib.contextmanager
def the_clock(clock: Clock) -> Iterator[None]:
    """Let gateways that start within this block go by `clock`."""
    with mock.patch("app.assemble.SystemClock", return_value=clock):
        yield


def works(name: str = "work", more: str = "", *, times: float = 1) -> Actor:
    """A provider with a model of each tier, dearer the stronger they are.

    `more` are lines of its entry, `times` how dear it is beside others of these.
    """
    prices = {"small": ("tiny", 0.1), "standard": ("plain", 1), "premium": ("grand", 5)}
    roles = tuple(
        Role(model, f"acme/{tier}", f"{price * times:g}")
        for tier, (model, price) in prices.items()
    )
    return Actor(name, (MESSAGES, RESPONSES, CHAT), roles, more=more)


async def key_of(gateway: Serving, client: str) -> dict[str, str]:
    """The headers of another client than Claude Code: its own gateway key."""
    made = await gateway.door.call("keys new", NewKey, name=client)
    return {"x-turnout-key": made.key}


def loop(calls: Iterable[Mapping[str, object]], said: str = WORK) -> list[Json]:
    """A conversation in which a tool was called so many times, each with its result."""
    turns: list[Json] = [{"role": "user", "content": said}]
    for number, arguments in enumerate(calls):
        call: Json = {
            "type": "tool_use",
            "id": f"toolu_{number}",
            "name": "weather",
            "input": dict(arguments),
        }
        back: Json = {
            "type": "tool_result",
            "tool_use_id": f"toolu_{number}",
            "content": f"mild, for the {number}. time",
        }
        turns += [
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [back]},
        ]
    return turns


def under(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """The answer under headers of its provider's own."""

    def change(reply: Reply) -> Reply:
        for name, value in headers.items():
            reply = with_header(reply, name, value)
        return reply

    return Answer(answer.parts, answer.tokens, change=change)
