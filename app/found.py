"""Asks the user's own model servers which models they have and with how much room.

It asks those that `config.toml` names and no others: at the start, when that file
changes, and while requests go there; never while nothing happens. It holds no request
up, and chooses nothing: `app.local_servers` reads the answers.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.local_servers import LocalServer, Told, server_of, with_told
from proxy.catalogue.address import is_loopback
from proxy.catalogue.provider import AuthStyle
from proxy.routing.reasons import ReasonCode
from proxy.tasks import spawn
from proxy.upstream import Outgoing, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proxy.catalogue import Catalogue, Provider
    from proxy.routing.decision import Rejected
    from proxy.secrets import Secrets
    from proxy.upstream import Upstream

LOOK_SECONDS: Final = 1.0
"""How long one look at a server may take in all."""

EVERY_SECONDS: Final = 60.0
"""The least time between two looks that requests to a server give rise to."""

MOST_BYTES: Final = 2 * 1024 * 1024
"""The longest answer that is read; one with more models tells nothing."""

_OK: Final = 200

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watched:
    """A server that is asked, and what it told last; None where it has told nothing.

    `looked` is when a request last gave rise to a look, in monotonic seconds.
    """

    provider: Provider
    server: LocalServer
    told: Told | None = None
    looked: float | None = None
    task: asyncio.Task[None] | None = None


class LocalModels:
    """What is known of the models that run on the user's machines.

    Belongs to one loop. `look` at the start and whenever the configuration changes;
    `finished` after each request; `merged` gives the catalogue to route by; `close` at
    the end.
    """

    def __init__(
        self,
        upstream: Upstream,
        secrets: Secrets,
        monotonic: Callable[[], float],
        offline: Callable[[], bool],
        changed: Callable[[], None],
    ) -> None:
        """Ask nobody yet.

        While `offline` says so, only servers on this machine are asked. `changed` is
        called when a look that `used` led to found something new, so that the catalogue
        is merged again.
        """
        self._upstream = upstream
        self._secrets = secrets
        self._monotonic = monotonic
        self._offline = offline
        self._changed = changed
        self._watched: dict[str, _Watched] = {}
        self._merged: tuple[Catalogue, Catalogue] | None = None

    def merged(self, catalogue: Catalogue) -> Catalogue:
        """Return `catalogue` with what the servers told.

        The same value comes back until something new was told, so that what is derived
        from a catalogue is derived once. `look` comes first where providers changed.
        """
        if self._merged is not None and self._merged[0] is catalogue:
            return self._merged[1]
        told = {name: each.told for name, each in self._watched.items() if each.told}
        merged = with_told(catalogue, told)
        self._merged = (catalogue, merged)
        return merged

    async def look(self, catalogue: Catalogue) -> None:
        """Ask every server of `catalogue`, all at once; takes at most `LOOK_SECONDS`.

        What a server told before holds while its address is the same and it does not
        answer.
        """
        before, self._watched = self._watched, {}
        for provider in catalogue.providers:
            server = server_of(provider)
            if server is None:
                continue
            old = before.pop(provider.id, None)
            kept = old is not None and old.provider.base_url == provider.base_url
            self._watched[provider.id] = _Watched(
                provider,
                server,
                told=old.told if old and kept else None,
                looked=old.looked if old and kept else None,
            )
            _cancel(old)
        for gone in before.values():
            _cancel(gone)
        self._merged = None
        await asyncio.gather(*(self._ask(each) for each in self._watched.values()))

    def finished(self, tried: Iterable[str], rejected: Iterable[Rejected]) -> None:
        """Take note of a request that is over.

        `tried` are the ids of the providers that were called, `rejected` the losers of
        its decision: what was too short for it may have more room by now.
        """
        short = (
            each.route.partition("/")[0]
            for each in rejected
            if each.code in {ReasonCode.CONTEXT_TOO_SMALL, ReasonCode.OUTPUT_TOO_SMALL}
        )
        for provider_id in {*tried, *short}:
            self.used(provider_id)

    def used(self, provider_id: str) -> None:
        """Take note that a request went to a provider, or was too long for it.

        Its server is looked at in the background, unless that happened in the last
        `EVERY_SECONDS`. Best called when the answer has ended: a model is often loaded
        by the request itself. Returns at once; other providers' ids mean nothing.
        """
        watched = self._watched.get(provider_id)
        if watched is None:
            return
        now = self._monotonic()
        if watched.looked is not None and now - watched.looked < EVERY_SECONDS:
            return
        watched.looked = now
        _cancel(watched)
        watched.task = spawn(self._ask_again(watched), f"local models {provider_id}")

    def close(self) -> None:
        """End the looks that are under way; nothing is asked any more."""
        for watched in self._watched.values():
            _cancel(watched)
        self._watched = {}

    async def _ask_again(self, watched: _Watched) -> None:
        if await self._ask(watched):
            self._changed()

    async def _ask(self, watched: _Watched) -> bool:
        """Ask one server; return whether it told something new."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                answers = await asyncio.gather(
                    *(self._get(watched, path) for path in watched.server.paths)
                )
        except TimeoutError:
            return False
        heard = tuple(answer for answer in answers if answer is not None)
        if len(heard) < len(answers):
            # It may be starting or busy; what it told before is the best there is.
            return False
        told = watched.server.read(heard)
        if told == watched.told:
            return False
        watched.told, self._merged = told, None
        _log.info(
            "models found at %s: %d",
            watched.provider.id,
            len(told.found),
            extra={"event": "local_models_found"},
        )
        return True

    async def _get(self, watched: _Watched, path: str) -> bytes | None:
        """Return a server's answer; None where there is none that counts."""
        provider = watched.provider
        url = f"{provider.base_url.removesuffix('/v1')}{path}"
        headers = (
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            *self._credential(provider),
        )
        call = Outgoing("GET", url, headers, b"", provider.id)
        here = self._offline() or is_loopback(url)
        try:
            async with self._upstream.send(
                call, offline=here, first_byte=LOOK_SECONDS
            ) as answer:
                if answer.status != _OK:
                    return None
                body = await answer.read(MOST_BYTES + 1)
        except UpstreamError:
            return None
        return body if len(body) <= MOST_BYTES else None

    def _credential(self, provider: Provider) -> tuple[tuple[str, str], ...]:
        """Return the header with the key that the user gave for this very server."""
        key = self._secrets.held(provider.key)
        if key is None:
            return ()
        style = provider.auth_style(provider.protocols[0])
        if style is AuthStyle.BEARER:
            return (("Authorization", f"Bearer {key}"),)
        return ((style.value, key),)


def _cancel(watched: _Watched | None) -> None:
    if watched is not None and watched.task is not None:
        watched.task.cancel()
