"""Finds the model servers of this machine, and of hosts that the user names.

It only looks: what is asked costs nothing, loads no model and wakes none. It must not
go to any other machine by itself, nor believe a port: `discovery.fingerprints` judges
what answers.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from discovery.answers import Answer, Answers
from discovery.findings import Confidence, ServerFound
from discovery.fingerprints import FIRST, LAST, LISTS, NEXT, identify, is_ourselves
from discovery.knock import FAR, IDENTITY_BYTES, LIST_BYTES, NEAR, Knocker, knocking
from discovery.listening import Listener, listeners
from discovery.ports import (
    Target,
    every_port,
    local_targets,
    named_port,
    named_targets,
    told_ports,
)
from discovery.server_models import MORE, models_of
from discovery.server_words import PROVIDERS, gives, is_gateway, notes
from discovery.surroundings import Surroundings
from proxy.catalogue import Catalogue, Place
from proxy.catalogue.address import is_loopback, origin
from proxy.tasks import spawn

SECONDS: Final = 3.0
"""How long the whole look takes at most."""

_LISTENING_SECONDS: Final = 1.0
_NAME_SECONDS: Final = 0.5
_MAY_LIST: Final = frozenset({200, 401, 403})


@dataclass(frozen=True, slots=True)
class Around:
    """What a look starts from: the ports, the sockets that listen, its seconds.

    `ports` is None for the usual ones and those that servers' settings name.
    `listening` may block; it is called in a thread.
    """

    ports: tuple[int, ...] | None = None
    listening: Callable[[], tuple[Listener, ...]] = listeners
    seconds: float = SECONDS


THIS_MACHINE: Final = Around()


async def find_servers(
    surroundings: Surroundings,
    own_port: int,
    *,
    hosts: Collection[str] = (),
    used: Catalogue,
    around: Around = THIS_MACHINE,
) -> AsyncGenerator[ServerFound, None]:
    """Give each model server as it is found; ends within `SECONDS`.

    Only this machine's loopback addresses are asked, and `hosts`: URLs that the user
    gave for this look, of which those that `proxy.catalogue.address.objection` refuses
    are left out. `own_port` is our gateway's, which is not asked. `used` is the
    catalogue that says which servers the configuration names.
    """
    async with knocking(around.seconds) as knocker:
        look = _Look(knocker, used)
        ports = _ports(surroundings, own_port, hosts, around)
        sockets = spawn(_listening(around), "discovery sockets")
        pending = {
            spawn(look.port(port, sockets), f"discovery port {port}") for port in ports
        }
        for host in hosts:
            targets = named_targets(host)
            pending |= {spawn(look.far(each), "discovery host") for each in targets}
        pending.add(spawn(look.others(ports, own_port, sockets), "discovery others"))
        try:
            while pending:
                done, pending = await asyncio.wait(
                    pending, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    for server in task.result():
                        yield server
        finally:
            await _end({*pending, sockets})


def _ports(
    surroundings: Surroundings,
    own_port: int,
    hosts: Iterable[str],
    around: Around,
) -> tuple[int, ...]:
    mine = (port for port in map(named_port, hosts) if port and port != own_port)
    if around.ports is None:
        return every_port((*told_ports(surroundings), *mine), own_port)
    return tuple(dict.fromkeys((*around.ports, *mine)))


async def _listening(around: Around) -> tuple[Listener, ...]:
    """Return the sockets that listen, none where the system takes too long to tell."""
    try:
        async with asyncio.timeout(min(_LISTENING_SECONDS, around.seconds)):
            return await asyncio.to_thread(around.listening)
    except TimeoutError:
        return ()


async def _end(tasks: Collection[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


class _Look:
    """One look: it asks addresses and makes findings of what they say."""

    def __init__(self, knocker: Knocker, used: Catalogue) -> None:
        """Ask with `knocker`; `used` are the providers of the configuration."""
        self._knocker = knocker
        self._used = used

    async def port(
        self, port: int, sockets: asyncio.Task[tuple[Listener, ...]]
    ) -> tuple[ServerFound, ...]:
        """Return the servers at a port of this machine: one, or two that differ."""
        four, six = await asyncio.gather(
            *(self._server(target) for target in local_targets(port))
        )
        if four is None and six is None:
            return ()
        heard = await asyncio.shield(sockets)
        is_open = any(each.open_to_network for each in heard if each.port == port)
        found = [_with_notes(each, is_open=is_open) for each in (four, six) if each]
        if len(found) == 2 and replace(found[1], address=found[0].address) == found[0]:
            return (found[0],)
        return tuple(found)

    async def others(
        self,
        known: Collection[int],
        own_port: int,
        sockets: asyncio.Task[tuple[Listener, ...]],
    ) -> tuple[ServerFound, ...]:
        """Return the servers at ports where a model server's process listens."""
        heard = await asyncio.shield(sockets)
        ports = {
            each.port
            for each in heard
            if each.known and not each.inner and each.port not in {*known, own_port}
        }
        found = await asyncio.gather(*(self.port(port, sockets) for port in ports))
        return tuple(server for servers in found for server in servers)

    async def far(self, target: Target) -> tuple[ServerFound, ...]:
        """Return the server at an address that the user gave."""
        found = await self._server(target)
        return (_with_notes(found, is_open=False),) if found else ()

    async def _server(self, target: Target) -> ServerFound | None:
        by_path = await self._heard(target)
        answers = Answers(by_path, named=target.named)
        who = identify(answers)
        if who is None:
            return None
        place = Place.PROVIDER
        if not is_gateway(who.kind, who.name):
            place = await _place(target)
        models = models_of(who.kind, answers, place)
        return ServerFound(
            kind=who.kind,
            name=who.name,
            address=target.base,
            version=who.version,
            state=who.state,
            place=place,
            confidence=who.confidence,
            models=models,
            provider=PROVIDERS.get(who.kind, ""),
            gives=gives(who.kind, who.name, who.state, models),
            used=_is_used(target, self._used),
        )

    async def _heard(self, target: Target) -> dict[str, Answer]:
        """Return all answers of one address; it is left at its first silence."""
        heard: dict[str, Answer] = {}
        await self._ask(target, (FIRST,), heard)
        if not heard or is_ourselves(Answers(heard)):
            return heard
        await self._ask(target, NEXT, heard)
        who = identify(Answers(heard, named=target.named))
        if who is None or who.confidence is not Confidence.SURE:
            if heard[FIRST].status in _MAY_LIST and heard[FIRST].is_json:
                await self._ask(target, (LAST,), heard)
        elif who.kind in MORE:
            await self._ask(target, MORE[who.kind], heard)
        return heard

    async def _ask(
        self, target: Target, paths: tuple[str, ...], heard: dict[str, Answer]
    ) -> None:
        limits = FAR if target.named else NEAR
        answers = await asyncio.gather(
            *(
                self._knocker.get(
                    f"{target.base}{path}",
                    LIST_BYTES if path in LISTS else IDENTITY_BYTES,
                    limits,
                )
                for path in paths
            )
        )
        pairs = zip(paths, answers, strict=True)
        heard.update({path: answer for path, answer in pairs if answer is not None})


def _with_notes(found: ServerFound, *, is_open: bool) -> ServerFound:
    said = notes(
        found.kind, found.name, found.state, found.models, open_to_network=is_open
    )
    return replace(found, notes=said)


async def _place(target: Target) -> Place:
    """Return where a server runs, by the addresses that its host's name stands for."""
    if not target.named:
        return Place.THIS_MACHINE
    _, host, port = origin(target.base)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_NAME_SECONDS):
            found = await loop.getaddrinfo(host, port)
    except (TimeoutError, OSError, UnicodeError):
        return Place.PROVIDER
    addresses = [_address(entry[4][0]) for entry in found]
    if all(each.is_loopback for each in addresses):
        return Place.THIS_MACHINE
    near = all(each.is_private for each in addresses)
    return Place.MY_NETWORK if near else Place.PROVIDER


def _address(text: str | int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(str(text).partition("%")[0])


def _is_used(target: Target, catalogue: Catalogue) -> bool:
    """Say whether a provider of the configuration has this very address."""
    here = is_loopback(target.base)
    _, host, port = origin(target.base)
    for provider in catalogue.providers:
        _, its_host, its_port = origin(provider.base_url)
        same = is_loopback(provider.base_url) if here else its_host == host
        if same and its_port == port:
            return True
    return False
