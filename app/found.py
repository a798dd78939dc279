"""Asks the user's own model servers which models they have and with how much room.

It asks those that `config.toml` names and no others: at the start, when that file
changes, while requests go there, and every few seconds while one of them gives no
answer, so that it can be used soon after it was started. Where all answer and nothing
happens, nothing is asked and no timer runs. It holds no request up, and chooses
nothing: `app.local_servers` reads the answers.
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
    from collections.abc import Awaitable, Callable, Iterable

    from proxy.catalogue import Catalogue, Provider
    from proxy.routing.decision import Rejected
    from proxy.secrets import Secrets
    from proxy.upstream import Upstream

LOOK_SECONDS: Final = 1.0
"""How long one look at a server may take in all."""

EVERY_SECONDS: Final = 60.0
"""The least time between two looks that requests to a server give rise to."""

AGAIN_SECONDS: Final = 5.0
"""The time between two looks at a server that gives no answer."""

MOST_BYTES: Final = 2 * 1024 * 1024
"""The longest answer that is read; one with more models tells nothing."""

_OK: Final = 200
_NOT_YET: Final = frozenset({502, 503, 504})
"""What a server that is starting says, or a proxy in front of one that is not there."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watched:
    """A server that is asked, and what it told last; None where it has told nothing.

    `looked` is when a request last gave rise to a look, in monotonic seconds. A
    `silent` one gave no answer when it was last asked: it is asked again and again.
    """

    provider: Provider
    server: LocalServer
    told: Told | None = None
    looked: float | None = None
    silent: bool = False
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """One answer's body, None where it does not count; or silence."""

    body: bytes | None = None
    silent: bool = False


_SILENCE: Final = _Heard(silent=True)


class LocalModels:
    """What is known of the models that run on the user's machines.

    Belongs to one loop. `look` at the start and whenever the configuration changes;
    `finished` after each request; `merged` gives the catalogue to route by; `close` at
    the end. A server that is silent is asked every `AGAIN_SECONDS` until it answers.
    """

    def __init__(
        self,
        upstream: Upstream,
        secrets: Secrets,
        monotonic: Callable[[], float],
        offline: Callable[[], bool],
        changed: Callable[[], None],
        *,
        back: Callable[[str], None] = lambda _: None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Ask nobody yet.

        While `offline` says so, only servers on this machine are asked. `changed` is
        called when a look in the background found something new, so that the catalogue
        is merged again; `back` with a provider's id when its server was silent and
        answers, after that. `pause` waits for so many seconds.
        """
        self._upstream = upstream
        self._secrets = secrets
        self._monotonic = monotonic
        self._offline = offline
        self._changed = changed
        self._back = back
        self._pause = pause
        self._waiting: asyncio.Task[None] | None = None
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
                silent=old.silent if old and kept else False,
            )
            _cancel(old)
        for gone in before.values():
            _cancel(gone)
        self._merged = None
        every = tuple(self._watched.values())
        before_it = [each for each in every if each.silent]
        await asyncio.gather(*(self._ask(each) for each in every))
        self._tell_of(before_it)
        self._wait_for_the_silent()

    def finished(
        self,
        tried: Iterable[str],
        rejected: Iterable[Rejected],
        unreached: Iterable[str] = (),
    ) -> None:
        """Take note of a request that is over.

        `tried` are the ids of the providers that were called, `rejected` the losers of
        its decision: what was too short for it may have more room by now. `unreached`
        are the providers that it could not be sent to.
        """
        for provider_id in unreached:
            if watched := self._watched.get(provider_id):
                watched.silent = True
        self._wait_for_the_silent()
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
        if self._waiting is not None:
            self._waiting.cancel()

    # --- who is silent ---

    def _silent(self) -> list[_Watched]:
        return [each for each in self._watched.values() if each.silent]

    def _wait_for_the_silent(self) -> None:
        """See to it that they are asked again, where there are any."""
        waits = self._waiting is not None and not self._waiting.done()
        if not waits and self._silent():
            self._waiting = spawn(self._ask_the_silent(), "silent local servers")

    async def _ask_the_silent(self) -> None:
        """Ask who is silent until nobody is."""
        while self._silent():
            await self._pause(AGAIN_SECONDS)
            silent = self._silent()
            if any(await asyncio.gather(*(self._ask(each) for each in silent))):
                self._changed()
            self._tell_of(silent)

    def _tell_of(self, before: Iterable[_Watched]) -> None:
        """Tell of those who were silent and are not any more."""
        for each in before:
            if not each.silent:
                _log.info(
                    "the server of %s answers",
                    each.provider.id,
                    extra={"event": "local_server_answers"},
                )
                self._back(each.provider.id)

    # --- how one is asked ---

    async def _ask_again(self, watched: _Watched) -> None:
        if await self._ask(watched):
            self._changed()
        self._wait_for_the_silent()

    async def _ask(self, watched: _Watched) -> bool:
        """Ask one server; return whether it told something new."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                answers = await self._answers(watched)
        except TimeoutError:
            answers = (_SILENCE,)
        watched.silent = any(answer.silent for answer in answers)
        bodies = [answer.body for answer in answers if answer.body is not None]
        if len(bodies) < len(watched.server.paths):
            # It may be starting or busy; what it told before is the best there is.
            return False
        told = watched.server.read(tuple(bodies))
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

    async def _answers(self, watched: _Watched) -> tuple[_Heard, ...]:
        """Return a server's answers; who was silent is asked for one thing first."""
        first, *rest = watched.server.paths
        heard = []
        if watched.silent:
            heard.append(await self._get(watched, first))
            if heard[0].silent:
                return tuple(heard)
        else:
            rest = [first, *rest]
        heard += await asyncio.gather(*(self._get(watched, path) for path in rest))
        return tuple(heard)

    async def _get(self, watched: _Watched, path: str) -> _Heard:
        """Return a server's answer to one question."""
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
                    return _Heard(silent=answer.status in _NOT_YET)
                body = await answer.read(MOST_BYTES + 1)
        except UpstreamError:
            return _SILENCE
        return _Heard(body if len(body) <= MOST_BYTES else None)

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
