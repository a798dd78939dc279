"""A stage for scenarios: scripted providers, one real gateway, requests as lines of it.

A scenario reads as a conversation. It casts providers, pushes what they will say, lets
a client ask, and looks at what was told::

    async with stage(tmp_path, Actor("first"), Actor("second")) as play:
        play["first"].push(refuse(429, retry_after="30"))
        told = await play.ask(CHAT)
        assert told.calls == ("first", "second")
        assert told.outcomes == ("rate_limited", "ok")
        assert told.body == play["second"].sent[-1]

Everything is loopback; time limits are a scenario's own (`Limits`), so none sleeps.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import aiohttp
from foreign import ask
from loopback import Serving, serving
from raw_wire import until
from upstream import ScriptedUpstream

from app.commands.routing import Explanation
from proxy.health import Health
from proxy.ledger import Event
from proxy.model import Protocol
from proxy.routing import Condition
from proxy.upstream import Limits

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = Protocol
CLIENTS = (MESSAGES, RESPONSES, CHAT, GEMINI)
"""The protocols that clients speak."""

NOBODY = "http://127.0.0.1:9"
"""An address where nobody listens."""


@dataclass(frozen=True, slots=True)
class Role:
    """A model of a provider; `price` is of a million input tokens, None unknown.

    Output costs five times as much, cached input a tenth. `more` are lines for its
    table, such as `claude_code_safe = "yes"`.
    """

    id: str = "scripted-large"
    lane: str | None = "claude/premium"
    price: str | None = "3"
    context: int = 200_000
    more: str = ""

    def entry(self) -> str:
        """Its table in `config.toml`."""
        lines = [
            "[[providers.models]]",
            f'id = "{self.id}"',
            f"context = {self.context}",
            "max_output = 64000",
        ]
        if self.lane is not None:
            lines.append(f'lane = "{self.lane}"')
        if self.price is not None:
            fresh = float(self.price)
            lines += [
                f'price.input = "{fresh:g}"',
                f'price.output = "{fresh * 5:g}"',
                f'price.cache_read = "{fresh / 10:g}"',
                f'price.cache_write = "{fresh * 1.25:g}"',
            ]
        return "\n".join([*lines, self.more])


@dataclass(frozen=True, slots=True)
class Actor:
    """A provider in the play, in the order of the user's file.

    `url` is its address where no scripted provider shall stand behind it; `tables` are
    put behind its entry, such as a dialect; `strict` refuses what a vendor would.
    """

    id: str
    speaks: tuple[Protocol, ...] = CLIENTS
    roles: tuple[Role, ...] = (Role(),)
    place: str = "provider"
    key: str = "env:SCRIPTED_KEY"
    url: str | None = None
    more: str = ""
    tables: str = ""
    strict: bool = False

    def entry(self, url: str) -> str:
        """Its tables in `config.toml`."""
        spoken = ", ".join(f'"{each}"' for each in self.speaks)
        head = (
            f'[[providers]]\nid = "{self.id}"\nbase_url = "{url}"\n'
            f'protocols = [{spoken}]\nkey = "{self.key}"\nplace = "{self.place}"\n'
            f"{self.more}\n{self.tables}"
        )
        return "\n".join([head, *(role.entry() for role in self.roles), ""])


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one request: to the client, to the providers, on record.

    `calls` are the providers that were called, in order; who could not be reached is in
    the row alone. `layers` are the sentences of its explanation.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    calls: tuple[str, ...]
    row: Event
    layers: tuple[str, ...]

    @property
    def chain(self) -> tuple[str, ...]:
        """The providers of all attempts, in order."""
        return tuple(each.provider for each in self.row.attempts)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """How each attempt ended: `ok` or the failure's kind."""
        return tuple(each.outcome for each in self.row.attempts)

    @property
    def marks(self) -> tuple[str, ...]:
        """What each attempt's route meant beside the first."""
        return tuple(each.mark for each in self.row.attempts)

    @property
    def retries(self) -> tuple[bool, ...]:
        """Which attempts asked the same route once more."""
        return tuple(each.retry for each in self.row.attempts)

    @property
    def explained(self) -> str:
        """The explanation as one text."""
        return " ".join(self.layers)


@dataclass(slots=True)
class Stage:
    """A play that is on: a gateway, its providers by name, and what it knows."""

    gateway: Serving
    health: Health
    actors: dict[str, ScriptedUpstream] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ScriptedUpstream:
        """The scripted provider of that id."""
        return self.actors[name]

    @property
    def calls(self) -> tuple[str, ...]:
        """All providers called so far for an answer, in the order of their calls."""
        seen = [(s.time, name) for name, up in self.actors.items() for s in up.asked]
        return tuple(name for _, name in sorted(seen))

    @property
    def condition(self) -> Condition:
        """What the gateway knows of routes, groups and keys just now."""
        return self.health.condition({}, time.time())

    def faults(self, name: str) -> int:
        """How many of a provider's calls count against its routes."""
        known = self.health._breakers._all.items()
        of_it = [each for route, each in known if route.startswith(f"{name}/")]
        return sum(fault for each in of_it for _, fault in each.calls)

    def well_again(self) -> None:
        """Forget what the gateway has learnt of routes, so that a stage may serve on.

        What was pushed and not said is for the scenario to have used up.
        """
        vars(self.health).update(vars(Health()))

    async def ask(
        self,
        client: Protocol = MESSAGES,
        *,
        stream: bool = True,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> Told:
        """Let a client ask and hear the answer to its end, proper or not.

        `more` are as for `foreign.ask` (model, text, tools, fields of the body); `body`
        goes in place of the made one.
        """
        path, made = ask(client, stream=stream, **more)  # type: ignore[arg-type]
        before = len(self.calls)
        status, heard, got = await self.gateway.post(
            path, made if body is None else body, **(headers or {})
        )
        return await self._told(status, heard, got, before)

    @contextlib.asynccontextmanager
    async def asking(
        self, client: Protocol = MESSAGES, *, stream: bool = True, **more: object
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A request whose answer's head has come; leaving early hangs up."""
        path, made = ask(client, stream=stream, **more)  # type: ignore[arg-type]
        url, headers = self.gateway.url + path, self.gateway.headers()
        async with self.gateway.session.post(url, headers=headers, json=made) as answer:
            yield answer
            answer.close()

    async def newest(self) -> Event:
        """The row of the request that ended last, once there is one."""
        await until(lambda: bool(self.gateway.events()))
        return self.gateway.events()[0]

    async def _told(
        self, status: int, heard: Mapping[str, str], got: bytes, before: int
    ) -> Told:
        why = await self.gateway.door.call(
            "explain", Explanation, id=heard["x-turnout-request"]
        )
        assert why.event is not None
        calls = self.calls[before:]
        return Told(status, heard, got, calls, why.event, why.layers)


@contextlib.asynccontextmanager
async def stage(
    home: Path,
    *actors: Actor,
    mode: str = "direct",
    settings: str = "",
    rules: str = "",
    limits: Limits | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """Put up providers and a gateway for the length of the block.

    `settings` are lines of `[gateway]`, `rules` tables behind the providers. `limits`
    go in place of the settings', which are whole seconds.
    """
    async with contextlib.AsyncExitStack() as stack:
        config = f'[gateway]\nmode = "{mode}"\n{settings}\n'
        playing: dict[str, ScriptedUpstream] = {}
        for actor in actors:
            if actor.url is None:
                scripted = ScriptedUpstream(speaks=actor.speaks, strict=actor.strict)
                playing[actor.id] = await stack.enter_async_context(scripted)
            url = actor.url or playing[actor.id].url
            config += actor.entry(url)
        for name in ("app.assemble.limits", "app.gateway.limits"):
            if limits is not None:
                stack.enter_context(mock.patch(name, return_value=limits))
        gateway = await stack.enter_async_context(
            serving(home / "h", config + rules, environ)
        )
        yield Stage(gateway, gateway.health, playing)
