"""Looks at everything at once and within a few seconds; it only reads.

It must not start a part that the user did not agree to, and a part that fails or hangs
takes nothing from the others: it becomes a sentence.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Mapping,
)
from dataclasses import dataclass, replace
from typing import Final

from discovery.clients import find_clients
from discovery.docker import look_at_containers
from discovery.findings import Findings, KeyFound, KeySource
from discovery.forges import find_forges
from discovery.keys import (
    Look,
    keyring_names,
    keys_in_environment,
    keys_in_keyring,
    keys_in_shell_files,
)
from discovery.logins import logins
from discovery.parts import SPOKEN, Part
from discovery.routers import find_routers
from discovery.servers import Around, find_servers
from discovery.surroundings import Surroundings
from proxy.catalogue import Catalogue
from proxy.tasks import spawn

SECONDS: Final = 3.0
"""How long the whole look takes at most."""

_OF_A_PART = 2.8  # seconds, so that a part ends by itself before its time is over
_OF_THE_KEYRING = 2.0  # seconds


Tell = Callable[[Findings], None]
"""Takes everything that a part has found so far."""
Work = Callable[[Tell], Coroutine[object, None, Findings]]
"""Looks at one part; what it told so far is kept if it does not end in time."""


async def scan(
    surroundings: Surroundings,
    own_port: int,
    *,
    catalogue: Catalogue,
    only: Part | None = None,
    shell_files: bool = False,
    docker: bool = False,
    hosts: Collection[str] = (),
    keyring: Look | None = None,
) -> Findings:
    """Return everything that is found within `SECONDS`; parameters as `scan_parts`."""
    found = {
        part: findings
        async for part, findings in scan_parts(
            surroundings,
            own_port,
            catalogue=catalogue,
            only=only,
            shell_files=shell_files,
            docker=docker,
            hosts=hosts,
            keyring=keyring,
        )
    }
    return together(found.get(part, Findings()) for part in Part)


def scan_parts(
    surroundings: Surroundings,
    own_port: int,
    *,
    catalogue: Catalogue,
    only: Part | None = None,
    shell_files: bool = False,
    docker: bool = False,
    hosts: Collection[str] = (),
    keyring: Look | None = None,
) -> AsyncGenerator[tuple[Part, Findings]]:
    """Give each part with what it found as soon as it is done, all within `SECONDS`.

    `own_port` is where Turnout listens; `catalogue` says what the configuration names
    already. `shell_files` and `docker` are consents for this one look. `hosts` are
    addresses of servers that the user named. `keyring` looks up our own entries by
    name, in a thread; without it the keyring is left alone.
    """
    view = _View(surroundings, own_port, catalogue, shell_files, tuple(hosts), keyring)
    works: dict[Part, Work] = {
        Part.SERVERS: view.servers,
        Part.KEYS: view.keys,
        Part.CLIENTS: view.clients,
        Part.ROUTERS: view.routers,
        Part.FORGES: view.forges,
    }
    if docker:
        works[Part.CONTAINERS] = view.containers
    if only is not None:
        works = {part: work for part, work in works.items() if part is only}
    return in_time(works, SECONDS)


async def in_time(
    works: Mapping[Part, Work], seconds: float
) -> AsyncGenerator[tuple[Part, Findings]]:
    """Run all works at once and yield each part's findings, the quickest first.

    A work that fails, or that does not end within `seconds`, gives what it told until
    then and a sentence. Nothing goes on when the iteration ends.
    """
    told = dict.fromkeys(works, Findings())
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    tasks = {
        spawn(work(_keeper(told, part)), f"discovery {part}"): part
        for part, work in works.items()
    }
    pending = set(tasks)
    try:
        while pending:
            done, pending = await asyncio.wait(
                pending,
                timeout=max(0.0, end - loop.time()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                yield tasks[task], _outcome(task, tasks[task], told)
            if not done:
                break
        for task in pending:
            part = tasks[task]
            yield part, _with_problem(told[part], _late(part, seconds))
    finally:
        for task in tasks:
            task.cancel()


def together(parts: Iterable[Findings]) -> Findings:
    """Return several parts' findings as one, in their order."""
    whole = Findings()
    for part in parts:
        whole = Findings(
            servers=whole.servers + part.servers,
            keys=whole.keys + part.keys,
            clients=whole.clients + part.clients,
            routers=whole.routers + part.routers,
            containers=whole.containers + part.containers,
            forges=whole.forges + part.forges,
            problems=whole.problems + part.problems,
        )
    return whole


def _keeper(told: dict[Part, Findings], part: Part) -> Tell:
    def keep(findings: Findings) -> None:
        told[part] = findings

    return keep


def _outcome(
    task: asyncio.Task[Findings], part: Part, told: Mapping[Part, Findings]
) -> Findings:
    error = task.exception()
    if error is None:
        return task.result()
    # The kind only: the text of an error may quote what was read.
    kind = type(error).__name__
    sentence = f"Looking for {SPOKEN[part]} failed ({kind}); the rest is complete."
    return _with_problem(told[part], sentence)


def _late(part: Part, seconds: float) -> str:
    what = SPOKEN[part]
    return f"Looking for {what} took longer than {seconds:g} s; there may be more."


def _with_problem(findings: Findings, sentence: str) -> Findings:
    return replace(findings, problems=(*findings.problems, sentence))


@dataclass(frozen=True, slots=True)
class _View:
    """The parts of one look and what they start from."""

    surroundings: Surroundings
    own_port: int
    catalogue: Catalogue
    shell_files: bool
    hosts: tuple[str, ...]
    keyring: Look | None

    async def servers(self, tell: Tell) -> Findings:
        """Look for model servers."""
        findings = Findings()
        async for server in find_servers(
            self.surroundings,
            self.own_port,
            hosts=self.hosts,
            used=self.catalogue,
            around=Around(seconds=_OF_A_PART),
        ):
            findings = Findings(servers=(*findings.servers, server))
            tell(findings)
        return findings

    async def keys(self, tell: Tell) -> Findings:
        """Look for keys and sign-ins, in the keyring last: it may wait for a person."""
        found = await asyncio.to_thread(self._plain_keys)
        tell(Findings(keys=found))
        if self.keyring is None:
            return Findings(keys=found)
        kept, problem = await self._kept_keys(self.keyring)
        every = Findings(keys=(*found, *kept))
        return _with_problem(every, problem) if problem else every

    def _plain_keys(self) -> tuple[KeyFound, ...]:
        found = [*keys_in_environment(self.surroundings)]
        if self.shell_files:
            found += keys_in_shell_files(self.surroundings)
        found += logins(self.surroundings)
        return tuple(with_use(key, self.catalogue) for key in found)

    async def _kept_keys(self, look: Look) -> tuple[list[KeyFound], str]:
        """Return the keys in the keyring and the sentence that says what went wrong."""
        over = threading.Event()
        found: list[KeyFound] = []
        refs = (provider.key for provider in self.catalogue.providers)
        named = [ref.name for ref in refs if ref.kind == "keyring"]
        names = [*named, *keyring_names()]

        def ask(name: str) -> str | None:
            # Nobody waits any more: a person must not be asked once again.
            if over.is_set():
                raise LookupError
            return look(name)

        def collect() -> None:
            every = keys_in_keyring(names, ask)
            found.extend(with_use(key, self.catalogue) for key in every)

        try:
            async with asyncio.timeout(_OF_THE_KEYRING):
                await asyncio.to_thread(collect)
        except LookupError as refused:
            why = refused.args[0] if refused.args else "it cannot be asked"
            return found, f"Keys in the system keyring are not shown: {why}."
        except TimeoutError:
            sentence = "the system keyring did not answer in time; unlock it first"
            return found, f"Keys in it are not shown: {sentence}."
        finally:
            over.set()
        return found, ""

    async def clients(self, _tell: Tell) -> Findings:
        """Look for coding tools."""

        def look() -> Findings:
            found = find_clients(
                self.surroundings, self.own_port, shell_files=self.shell_files
            )
            return Findings(clients=found)

        return await asyncio.to_thread(look)

    async def routers(self, _tell: Tell) -> Findings:
        """Look for other programs that write clients' settings."""
        return Findings(
            routers=await asyncio.to_thread(find_routers, self.surroundings)
        )

    async def containers(self, _tell: Tell) -> Findings:
        """Look for containers of model servers; the user agreed to ask Docker."""
        seen = await look_at_containers(self.surroundings)
        problems = (seen.problem,) if seen.problem else ()
        return Findings(containers=seen.containers, problems=problems)

    async def forges(self, _tell: Tell) -> Findings:
        """Look for code forges: remotes of the named folder, accounts of `tea`."""
        return Findings(forges=await asyncio.to_thread(find_forges, self.surroundings))


def with_use(key: KeyFound, catalogue: Catalogue) -> KeyFound:
    """Return the key marked as used where the configuration names it."""
    if key.source is KeySource.LOGIN:
        provider = catalogue.provider(key.provider)
        return replace(key, used=provider is not None and provider.key.kind == "client")
    names = {str(provider.key) for provider in catalogue.providers}
    reference = key.reference or f"env:{key.variable}"
    return replace(key, used=reference in names)
