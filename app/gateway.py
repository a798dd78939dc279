"""The running gateway as an object: what commands ask of it, what the server asks it.

It is put together in `app.assemble`; it opens nothing itself and knows no Qt.
"""

from __future__ import annotations

import asyncio
import logging
import secrets as random
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec

from app import drift_watch
from app.commands.routing import TryResult, usage_of
from app.found import LocalModels
from app.problems import problems
from app.rewiring import wire_again
from app.routing_now import RoutingNow
from app.trial import Collected, trial_call
from proxy.answers import json_answer
from proxy.catalogue import Route
from proxy.errors import FailureKind, Refused
from proxy.guard import Policy, allowed_hosts
from proxy.health import UNREACHED
from proxy.keys import KeyRing
from proxy.ledger import LedgerError
from proxy.listing import model_answer, models_answer, shape_of
from proxy.model import Usage
from proxy.pipeline import Config
from proxy.practice import PRACTICE_MODEL, PRACTICE_PROVIDER_ID
from proxy.routing import Mode
from proxy.server import Site
from proxy.upstream import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.assemble import Host
    from app.drift_watch import DriftWatch
    from app.kept import KeptHealth
    from app.live import LiveState
    from app.services import Services
    from app.settings import ConfigStore, Settings
    from app.stopping import Stop
    from proxy.answers import Plain
    from proxy.catalogue import Catalogue
    from proxy.counting import Estimator
    from proxy.exchange import Exchange
    from proxy.guard import Admission
    from proxy.health import Health
    from proxy.ledger import Ledger
    from proxy.metrics import Metrics
    from proxy.model import Protocol
    from proxy.pipeline import Pipeline
    from proxy.projects import Projects
    from proxy.recorder import Clock
    from proxy.secrets import Secrets
    from proxy.server import GatewayServer
    from proxy.upstream import Upstream

CONFIG_LOOK_SECONDS = 1.0
"""How often the configuration file's time and size are looked at."""

_log = logging.getLogger(__name__)

EVENTS_LIMIT = 50
MAX_EVENTS = 1000


class _Health(msgspec.Struct, frozen=True):
    status: str
    version: str
    mode: str
    unsaved: int


class Gateway:
    """One serving gateway.

    `pipeline`, `server`, `live`, `services`, `estimator`, `condition`, `kept`,
    `metrics` and `wired` are set once, right after it is made, because they refer to
    each other.
    """

    pipeline: Pipeline
    server: GatewayServer
    live: LiveState
    services: Services
    estimator: Estimator
    condition: Health
    kept: KeptHealth
    metrics: Metrics
    wired: DriftWatch

    def __init__(  # noqa: PLR0913 - the parts of a gateway, all named
        self,
        *,
        config: ConfigStore,
        secrets: Secrets,
        ledger: Ledger,
        upstream: Upstream,
        projects: Projects,
        clock: Clock,
        host: Host,
        stop: Stop,
        command: str,
        port: int,
    ) -> None:
        """Keep the parts; see the class."""
        self.upstream = upstream
        self.projects = projects
        self._config = config
        self._secrets = secrets
        self._ledger = ledger
        self._clock = clock
        self._host = host
        self._stop = stop
        self._command = command
        self._port = port
        # Not the one it serves on where the command line named another.
        self._first_port = config.current.settings.port
        self._keys_unread = False
        self._policy = Policy(allowed_hosts(port), KeyRing(()), command)
        self.found = LocalModels(
            upstream,
            secrets,
            clock.monotonic,
            self._is_offline,
            self._apply,
            back=self._is_back,
        )
        self._looked_at: Catalogue | None = None

    # --- what commands ask ---

    async def config_changed(self) -> None:
        """Let the configuration as it is now act on the next request."""
        self._apply()
        await self.look_around()

    async def restart(self) -> None:
        """Ask for a planned restart."""
        self._host.restart()

    async def stop(self) -> None:
        """Ask for the end of the gateway and its keeper."""
        self._host.stop_all()

    async def reload_keys(self) -> None:
        """Read the gateway keys again; a ledger that cannot be read is asked later."""
        self._keys_unread = True
        try:
            ring = KeyRing(await self._ledger.keys())
        except LedgerError:
            _log.error("the gateway keys cannot be read from the ledger")
            return
        self._keys_unread = False
        self._policy = Policy(self._policy.hosts, ring, self._policy.command)

    async def try_prompt(
        self, prompt: str, model: str | None, protocol: Protocol
    ) -> TryResult:
        """Send one prompt down a client's way and tell what came of it."""
        asked = model or self._first_model(protocol)
        call = trial_call(
            self._new_id(), prompt, asked, protocol, self._clock.monotonic()
        )
        answer = Collected()
        try:
            await self.pipeline.serve(call, answer)
        except Refused as refused:
            return TryResult(
                call.id, "", "", Usage(), None, None, 0, "error", refused.message
            )
        event = await self._ledger.event(call.id)
        error = answer.failure(event.error_kind if event else None)
        text = "" if error else answer.text(protocol)
        if event is None:
            return TryResult(
                call.id, "", text, Usage(), None, None, 0, "unsaved", error
            )
        return TryResult(
            request=call.id,
            route=f"{event.provider}/{event.model}" if event.provider else "",
            text=text,
            usage=usage_of(event),
            cost_nano=event.cost_nano,
            first_byte_ms=event.first_byte_ms,
            duration_ms=event.duration_ms or 0,
            status=event.status,
            error=error,
        )

    def routing_now(self) -> RoutingNow:
        """Return what a request that came now would be decided by."""
        config, now = self.pipeline.config, self._clock.now().timestamp()
        return RoutingNow(
            config.catalogue,
            config.policy,
            self.condition.condition(config.not_ready, now),
            self.condition.overview(now),
        )

    # --- what the server asks ---

    def site(self) -> Site:
        """Return what the server serves beside model calls."""
        return Site(
            policy=lambda: self._policy,
            new_id=self._new_id,
            health=self._health,
            models=self._models,
            events=self._events,
            monotonic=self._clock.monotonic,
            metrics=self._counted,
        )

    def _counted(self) -> bytes:
        return self.metrics.text(
            open_requests=self.server.open_requests, unsaved=self._ledger.unsaved
        )

    def route_of(self, name: str) -> Route | None:
        """Return the route of `provider/model` in the catalogue in force, if any."""
        provider_id, _, model_id = name.partition("/")
        provider = self.pipeline.config.catalogue.provider(provider_id)
        if provider is None:
            return None
        model = provider.find_model(model_id)
        return Route(provider, model, model_id, provider.protocols[0])

    def request_finished(self, request_id: str) -> None:
        """Tell the live views that a request is over."""
        del request_id
        self.live.request_finished()

    def request_over(self, x: Exchange) -> None:
        """Let the user's own servers be looked at, if the request went to one."""
        tried = (each.provider for each in x.attempts)
        unreached = (e.provider for e in x.attempts if e.error_kind in UNREACHED)
        self.found.finished(tried, x.decision.rejected, unreached)

    def _is_back(self, provider_id: str) -> None:
        """Let a server that was away be used at once; its breakers would wait."""
        self.condition.reached(provider_id, self._clock.now().timestamp())
        self.live.moved()

    def _health(self) -> bytes:
        return msgspec.json.encode(
            _Health(
                status="stopping" if self._stop.asked.is_set() else "ok",
                version=self.services.version,
                mode=self.pipeline.config.mode,
                unsaved=self._ledger.unsaved,
            )
        )

    def _models(
        self, admission: Admission, headers: Sequence[tuple[str, str]]
    ) -> Plain:
        target, config = admission.target, self.pipeline.config
        shape = shape_of(target.path, target.query, headers)
        offline = config.mode is Mode.OFFLINE
        known = (config.catalogue, config.not_ready)
        if admission.model is None:
            return json_answer(models_answer(shape, *known, offline=offline))
        body = model_answer(shape, admission.model, *known, offline=offline)
        if body is None:
            raise Refused(
                FailureKind.NOT_FOUND,
                404,
                "No model of that name can be asked for now. GET the list of models "
                "for those that can.",
            )
        return json_answer(body)

    async def _events(self, query: str) -> bytes:
        asked = parse_qs(query, keep_blank_values=True)
        text = asked.get("limit", [str(EVENTS_LIMIT)])[-1]
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1000:
            raise Refused(
                FailureKind.BAD_REQUEST,
                400,
                f"`limit` must be a whole number from 1 to {MAX_EVENTS}.",
            )
        since = asked.get("since", [None])[-1]
        try:
            events = await self._ledger.recent(int(text), since or None)
        except ValueError as error:
            raise Refused(FailureKind.BAD_REQUEST, 400, str(error)) from None
        return msgspec.json.encode(events)

    # --- configuration ---

    async def watch_config(self) -> None:
        """Pick edits and late keys up, for as long as the task lives.

        How providers are is kept as often, so that a killed gateway loses little of it.
        """
        while True:
            await asyncio.sleep(CONFIG_LOOK_SECONDS)
            if self._config.poll():
                await self._secrets.prefetch(
                    provider.key for provider in self._config.current.providers
                )
                self._apply()
                await self.look_around()
            elif self._not_ready() != self.pipeline.config.not_ready:
                # A keyring that was unlocked late, for one.
                self._apply()
            if self._keys_unread:
                await self.reload_keys()
            await self.kept.look(self._clock.now().timestamp())
            self.live.look_at_the_day()

    async def watch_wirings(self) -> None:
        """Notice what others do to clients' settings, for as long as the task lives."""
        while True:
            await asyncio.sleep(drift_watch.LOOK_SECONDS)
            if await self.wired.look():
                self.live.moved()

    async def wire_again(self) -> None:
        """Connect the clients again that the last Quit took back."""
        await wire_again(self.services, self.wired.not_rewired)
        await self.wired.look()
        self.live.moved()

    async def look_around(self) -> None:
        """Ask the user's own servers for their models, where providers have changed.

        The configuration acts before that: who goes offline does not wait for it.
        """
        catalogue = self._config.current.catalogue
        if catalogue != self._looked_at:
            self._looked_at = catalogue
            await self.found.look(catalogue)
            self._apply()

    def _is_offline(self) -> bool:
        return self._config.current.settings.mode is Mode.OFFLINE

    def pipeline_config(self) -> Config:
        """Return what the pipeline needs of the configuration in force."""
        current = self._config.current
        return Config(
            catalogue=self.found.merged(current.catalogue),
            policy=current.policy,
            not_ready=self._not_ready(),
        )

    def _not_ready(self) -> dict[str, str]:
        return {
            provider.id: self._secrets.why_not(provider.key)
            for provider in self._config.current.providers
        }

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong, as sentences: the configuration, then the record."""
        return (*self._moved_port(), *problems(self._config, self._ledger))

    def _moved_port(self) -> tuple[str, ...]:
        wanted = self._config.current.settings.port
        if wanted in {self._first_port, self._port}:
            return ()
        said = (
            f"The port {wanted} in config.toml holds from Turnout's next start; until "
            f"then it serves on port {self._port}. To change now: {self._command} "
            "stop, then start it again."
        )
        return (said,)

    def _apply(self) -> None:
        self.upstream.limits = limits(self._config.current.settings)
        self.pipeline.config = self.pipeline_config()
        self.live.moved()

    def _first_model(self, protocol: Protocol) -> str:
        for provider in self._config.current.providers:
            if protocol in provider.protocols and provider.models:
                return provider.models[0].id
        return f"{PRACTICE_PROVIDER_ID}/{PRACTICE_MODEL}"

    @staticmethod
    def _new_id() -> str:
        return f"req_{random.token_hex(10)}"


def limits(settings: Settings) -> Limits:
    """Return the time limits of provider calls that the settings give."""
    return Limits(settings.first_byte_seconds, settings.stream_silence_seconds)
