"""One cell at work: a client of one protocol asks a provider of another one.

The gateway is a whole one, and so are the sockets on both its sides. The provider
refuses what its vendor would refuse.
"""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
from fidelity import said_chat, said_gemini, said_messages, said_responses
from fidelity.heard import heard
from fidelity.terms import PROVIDERS, WORDS, Ask, Got, Heard, Json, NotApplicable
from loopback import Serving, serving
from sdk_types import accumulated, check_answer, check_stream
from stream_order import CHECKS, events_of
from upstream import ScriptedUpstream, Seen, Step
from upstream.rules import PROTOCOLS
from upstream.turns import Script

from proxy.ledger import Event
from proxy.ledger.reader import Reader
from proxy.model import Protocol

SAID: dict[Protocol, ModuleType] = {
    Protocol.MESSAGES: said_messages,
    Protocol.RESPONSES: said_responses,
    Protocol.CHAT: said_chat,
    Protocol.GEMINI: said_gemini,
}
MAX_OUTPUT = 64_000
_PROVIDER = """
[[providers]]
id = "on-{word}"
base_url = "{url}"
protocols = ["{protocol}"]
key = "env:SCRIPTED_KEY"
place = "provider"
"""
# The scripted provider takes in Chat what OpenAI takes, and a file has to say so.
_OPENAI = """
[providers.dialect.openai-chat]
developer_role = true
refusals = true
limit_field = "max_completion_tokens"
custom_tools = true
allowed_tools = true
file_ids = true
cache_key = true
verbosity = true
labels = true
user = true
"""
_MODEL = """
[[providers.models]]
id = "{id}"
lane = "claude/premium"
context = 1000000
max_output = 64000
sampling = {sampling}
{more}"""


class Refusal(Exception):
    """The gateway said why the provider cannot take the request; sent nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one request, on both sides.

    `whole` is false where the connection broke before the body's end. `seen` is what
    the provider received last, None where nothing was sent to it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    seen: Seen | None
    event: Event | None

    @property
    def losses(self) -> frozenset[str]:
        """What was named as lost: in the answer's head or in the record."""
        told = self.headers.get("x-turnout-losses", "")
        known = {each.strip() for each in told.split(",") if each.strip()}
        return frozenset(known | set(self.event.losses if self.event else ()))

    @property
    def untouched(self) -> bool:
        """Whether the client has the provider's own bytes."""
        return self.seen is not None and bytes(self.seen.sent) == self.body

    @property
    def heard(self) -> Heard:
        """What the provider received."""
        assert self.seen is not None
        return heard(PROTOCOLS[self.seen.ask], self.seen.json)


@dataclass(slots=True)
class Site:
    """A gateway and its record."""

    gateway: Serving
    ledger: Reader

    async def send(
        self, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes, bool]:
        """Post a body; the answer, and whether it came to its end."""
        got, whole = b"", True
        url = self.gateway.url + path
        # As a file: aiohttp warns of large bodies that are bytes.
        data = io.BytesIO(body)
        headers = {**headers, "content-length": str(len(body))}
        async with self.gateway.session.post(url, data=data, headers=headers) as answer:
            try:
                async for piece in answer.content.iter_any():
                    got += piece
            except aiohttp.ClientPayloadError:
                whole = False
            return answer.status, answer.headers, got, whole


@dataclass(slots=True)
class World:
    """Gateways before a scripted provider that speaks everything, on one loop.

    Each of `sites` knows one provider, so that what it refuses goes nowhere else;
    the one of None knows them all.
    """

    upstream: ScriptedUpstream
    sites: Mapping[Protocol | None, Site]

    def fresh(self) -> None:
        """Forget what cells before this one have left."""
        self.upstream._queue.clear()
        for site in self.sites.values():
            site.gateway.forget_faults()


@asynccontextmanager
async def world(home: Path) -> AsyncIterator[World]:
    """Serve for the length of the block."""
    async with ScriptedUpstream(strict=True) as upstream, AsyncExitStack() as open_:
        entries = {each: _entry(upstream.url, each) for each in PROVIDERS}
        configs: dict[Protocol | None, str] = {None: "".join(entries.values())}
        sites = {}
        for known, config in (configs | entries).items():
            place = home / (WORDS[known] if known else "all")
            gateway = await open_.enter_async_context(serving(place, config))
            ledger = open_.enter_context(closing(Reader(gateway.paths.database)))
            sites[known] = Site(gateway, ledger)
        yield World(upstream, sites)


def _entry(url: str, protocol: Protocol) -> str:
    word = WORDS[protocol]
    entry = _PROVIDER.format(word=word, url=url, protocol=protocol)
    if protocol is Protocol.CHAT:
        entry += _OPENAI
    # Whoever fails first is followed by the one that comes behind it.
    shared = [f"shared-{word}", f"shared-{WORDS[_before(protocol)]}"]
    # As the vendor's models of today.
    more = 'thinking = "levels"\n' if protocol is Protocol.GEMINI else ""
    for name in (model_of(protocol), *shared):
        entry += _MODEL.format(id=name, sampling="true", more=more)
    steady = model_of(protocol, "steady")
    return entry + _MODEL.format(id=steady, sampling="false", more=more)


def model_of(protocol: Protocol, kind: str = "model") -> str:
    """A model's name at the provider of that protocol.

    From the third generation on Gemini's models want their signatures back.
    """
    word = WORDS[protocol]
    return f"gemini-3-{kind}" if protocol is Protocol.GEMINI else f"{kind}-{word}"


def _before(protocol: Protocol) -> Protocol:
    return PROVIDERS[PROVIDERS.index(protocol) - 1]


@dataclass(slots=True)
class Lane:
    """A client and a provider, and what the cell found lost between them."""

    world: World
    client: Protocol
    provider: Protocol
    stream: bool
    lost: set[str] = field(default_factory=set)
    roams: bool = False

    @property
    def site(self) -> Site:
        """The gateway in use: the one that knows all providers where it roams."""
        return self.world.sites[None if self.roams else self.provider]

    @property
    def native(self) -> bool:
        """Whether both speak alike, so that nothing is translated."""
        return self.client is self.provider

    @property
    def model(self) -> str:
        """The provider's model."""
        return model_of(self.provider)

    def only(self, word: str, *, clients: str = "", providers: str = "") -> None:
        """Leave the cell, for the reason `word`, unless it is one of those."""
        if clients and WORDS[self.client] not in clients.split():
            raise NotApplicable(word)
        if providers and WORDS[self.provider] not in providers.split():
            raise NotApplicable(word)

    def foreign(self, word: str = "native_lane") -> None:
        """Leave the cell where the native lane changes nothing on purpose."""
        if self.native:
            raise NotApplicable(word)

    def arrives(self, found: object, told: Told, *, or_loses: str = "") -> None:
        """Says that something came through, or that its loss was named."""
        if found:
            assert or_loses not in told.losses, f"{or_loses} named, and yet it came"
            return
        assert or_loses in told.losses, f"lost without a word: {told.losses}"
        self.lost.add(or_loses)

    async def ask(
        self, ask: Ask | None = None, *steps: Step | Script, model: str = ""
    ) -> Told:
        """Ask for an answer in the client's own words; `steps` are what it says."""
        written = SAID[self.client].request(
            ask or Ask(), model or self.model, stream=self.stream
        )
        return await self.send(*written, *steps)

    async def send(
        self, path: str, body: Json | bytes, *steps: Step | Script, **headers: str
    ) -> Told:
        """Send a body as it is."""
        upstream = self.world.upstream
        upstream.push(*steps)
        before = len(upstream.requests)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, heads, answer, whole = await self.site.send(
            path, data, self._headers(**headers)
        )
        new = [each for each in upstream.requests[before:] if each.ask in PROTOCOLS]
        row = self.site.ledger.event(heads.get("x-turnout-request", ""))
        told = Told(status, heads, answer, whole, new[-1] if new else None, row)
        refused = [each.refused for each in new if each.refused is not None]
        assert not refused, f"the vendor would refuse it: {refused}"
        if 400 <= status < 500 and not new and b"Nothing was sent" in answer:
            raise Refusal(sentence(answer))
        return told

    def got(self, told: Told) -> Got:
        """The answer as the client has it; sound in form and order."""
        assert told.status == 200, told.body
        assert told.whole
        reader = SAID[self.client]
        if told.untouched:
            # Not ours: it only has to be what the provider has sent.
            found: Got = reader.got(self._kept(told.body.replace(b"\r\n", b"\n")))
        else:
            found = reader.got(self._checked(told.body))
        return found

    def _checked(self, body: bytes) -> Json:
        if not self.stream:
            check_answer(self.client, body)
        else:
            CHECKS[self.client](body)
            check_stream(self.client, body)
        return self._kept(body)

    def _kept(self, body: bytes) -> Json:
        """The answer as the client keeps it."""
        if not self.stream:
            whole: Json = json.loads(body)
            return whole
        datas = [data for _, data in events_of(body)]
        match self.client:
            case Protocol.GEMINI:
                return said_gemini.joined(datas)
            case Protocol.CHAT:
                return said_chat.joined([each for each in datas if each != "[DONE]"])
            case Protocol.RESPONSES:
                last: Json = datas[-1]["response"]
                return last
            case _:
                return accumulated(self.client, body)

    def _headers(self, **more: str) -> dict[str, str]:
        said = SAID[self.client]
        key = self.site.gateway.key
        shown = f"Bearer {key}" if said.KEY == "authorization" else key
        named = {name.replace("_", "-"): value for name, value in more.items()}
        kind = {"content-type": "application/json"}
        return {**kind, said.KEY: shown, **said.HEADERS, **named}


def sentence(body: bytes) -> str:
    """The words of an error, in any protocol."""
    found: Any = json.loads(body)["error"]["message"]
    return str(found)
