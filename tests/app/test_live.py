"""The live state from a made-up ledger and configuration."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from app import live as module
from app.live import LiveState, Sources
from app.state import SpendToday
from proxy.catalogue import (
    Billing,
    Catalogue,
    KeyRef,
    Model,
    Place,
    Provider,
    Route,
    catalogue_of,
)
from proxy.catalogue.provider import LimitsDialect
from proxy.errors import Failure, FailureKind
from proxy.health import Health
from proxy.ledger import Event, Ledger, LedgerError
from proxy.model import Protocol
from proxy.pipeline import Config
from proxy.policies import shipped_policy
from proxy.reports import Share, SpendReport
from proxy.routing import Mode

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
REPORT = SpendReport(
    requests=3,
    billed_nano=10,
    covered_nano=20,
    local_requests=1,
    unknown_requests=1,
    by_client=(Share(name="codex", requests=3, billed_nano=10, covered_nano=20),),
)


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return 0.0


class FakeLedger:
    """Counts what it is asked; `broken` cannot be read."""

    def __init__(self) -> None:
        self.report = REPORT
        self.last: tuple[Event, ...] = ()
        self.unsaved = 0
        self.days: list[datetime] = []
        self.broken = False

    async def spend_today(self, start: datetime) -> SpendReport:
        self.days.append(start)
        if self.broken:
            raise LedgerError("It cannot be read now.")
        return self.report

    async def recent(self, limit: int) -> tuple[Event, ...]:
        return self.last[:limit]


class Scene:
    """A live state and everything it is read from."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.clock = Clock()
        self.health = Health()
        self.failures = self.health.failures
        self.config = Config(catalogue_of(()), shipped_policy(), {})
        self.problems: tuple[str, ...] = ()
        sources = Sources(
            version="1.2.3",
            port=8787,
            config=lambda: self.config,
            problems=lambda: self.problems,
            mode_note=lambda: "",
            open_requests=lambda: 4,
            command="/opt/turnout",
        )
        ledger = cast(Ledger, self.ledger)
        self.state = LiveState(sources, ledger, self.health, self.clock)

    def configure(
        self,
        *providers: Provider,
        mode: Mode = Mode.DIRECT,
        not_ready: Mapping[str, str] | None = None,
    ) -> None:
        given: Catalogue = catalogue_of(providers)
        found = {one.id: "" for one in providers} | dict(not_ready or {})
        self.config = Config(given, replace(shipped_policy(), mode=mode), found)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(module, "PAUSE", 0.02)
    return Scene()


def provider(name: str, place: Place = Place.PROVIDER, **more: Any) -> Provider:
    made = Provider(
        id=name,
        name=name.title(),
        base_url="http://127.0.0.1:9",
        protocols=(Protocol.MESSAGES,),
        key=KeyRef("none", ""),
        billing=Billing.METERED,
        place=place,
        any_model=True,
    )
    return replace(made, **more)


# --- readiness ------------------------------------------------------------------------


def readiness(scene: Scene) -> tuple[bool, str, str]:
    found = scene.state.snapshot().readiness
    return found.ready, found.sentence, found.todo


def test_without_a_provider_practice_answers_and_says_so(scene: Scene) -> None:
    ready, sentence, todo = readiness(scene)
    assert ready
    assert "simulated" in sentence
    assert "config.toml" in todo
    (practice,) = scene.state.snapshot().providers
    assert practice.id == "practice"


def test_a_ready_provider_is_named(scene: Scene) -> None:
    scene.configure(provider("one"), provider("two"), not_ready={"two": "no key"})
    assert readiness(scene) == (True, "Requests can be sent: one.", "")


@pytest.mark.parametrize(
    ("key", "why", "todo"),
    [
        (
            KeyRef("env", "ONE_KEY"),
            "environment variable ONE_KEY is not set where the gateway runs",
            (
                "Set ONE_KEY to the provider's key where Turnout is started, then "
                "/opt/turnout stop and start it again."
            ),
        ),
        (
            KeyRef("keyring", "one"),
            "the system keyring has no entry one",
            (
                "Put the provider's key into the system keyring (service turnout, user "
                "one), then /opt/turnout restart."
            ),
        ),
        (
            KeyRef("keyring", "one"),
            "the system keyring did not answer in 5 s",
            "Unlock the system keyring; the key is taken as soon as it answers.",
        ),
        (
            KeyRef("keyring", "one"),
            "this machine has no system keyring that Turnout can use",
            'Give the key as key = "env:NAME" in config.toml instead.',
        ),
    ],
)
def test_nobody_ready_names_what_to_mend(
    scene: Scene, key: KeyRef, why: str, todo: str
) -> None:
    scene.configure(provider("one", key=key), not_ready={"one": why})
    sentence = "No provider can take a request now."
    assert readiness(scene) == (False, sentence, todo)


def test_readiness_does_not_stay_green_while_every_call_fails(scene: Scene) -> None:
    scene.configure(provider("one"), provider("two"), provider("off"))
    scene.config = replace(scene.config, not_ready={"off": "no key"})
    scene.failures.met("one", Failure(FailureKind.CONNECT, "One was not reached."))
    assert readiness(scene) == (True, "Requests can be sent: one, two.", "")
    scene.failures.met("two", Failure(FailureKind.CONNECT, "Two was not reached."))
    assert readiness(scene) == (
        True,
        "Ready, but the last call failed: One was not reached.",
        "/opt/turnout explain last says what was tried.",
    )
    scene.failures.met("two", None)
    assert readiness(scene) == (True, "Requests can be sent: one, two.", "")


def test_offline_counts_only_what_is_on_this_machine(scene: Scene) -> None:
    far, near = provider("far"), provider("near", Place.THIS_MACHINE)
    scene.configure(far, near, mode=Mode.OFFLINE)
    assert readiness(scene) == (
        True,
        "Requests can be sent on this machine: near.",
        "",
    )
    scene.configure(far, mode=Mode.OFFLINE)
    ready, sentence, todo = readiness(scene)
    assert not ready
    assert "offline" in sentence
    assert "direct" in todo


def test_offline_a_model_may_be_nearer_than_its_provider(scene: Scene) -> None:
    near = Model(id="m", place=Place.THIS_MACHINE)
    mixed = provider("mixed", any_model=False, models=(near,))
    scene.configure(mixed, mode=Mode.OFFLINE)
    assert readiness(scene)[0]
    away = provider("away", Place.THIS_MACHINE, any_model=False)
    scene.configure(replace(away, models=(replace(near, place=Place.PROVIDER),)))
    policy = replace(shipped_policy(), mode=Mode.OFFLINE)
    scene.config = replace(scene.config, policy=policy)
    assert not readiness(scene)[0]


def test_a_stopping_gateway_is_not_ready(scene: Scene) -> None:
    before = scene.state.snapshot().revision
    scene.state.stop()
    found = scene.state.snapshot()
    assert found.stopping
    assert not found.readiness.ready
    assert found.revision > before


# --- what a snapshot says -------------------------------------------------------------


def test_a_snapshot_is_of_this_moment(scene: Scene) -> None:
    scene.configure(provider("one", key=KeyRef("client", "")))
    scene.failures.met("one", Failure(FailureKind.CONNECT, "It was not reached."))
    scene.problems = ("line 3: no",)
    scene.ledger.unsaved = 2
    found = scene.state.snapshot()
    assert (found.version, found.port, found.pid) == ("1.2.3", 8787, os.getpid())
    assert (found.mode, found.requests_open, found.unsaved) == ("direct", 4, 2)
    assert found.problems == ("line 3: no",)
    assert found.started == NOON
    (health,) = found.providers
    assert health.sentence == "Ready with the client's own login."
    assert health.last_failure == "It was not reached."
    assert found.today == SpendToday()


async def test_a_refresh_reads_the_day_and_the_last_request(scene: Scene) -> None:
    event = cast(Event, object())
    scene.ledger.last = (event,)
    await scene.state.refresh()
    found = scene.state.snapshot()
    assert found.last is event
    assert (found.today.requests, found.today.billed_nano) == (3, 10)
    assert [one.client for one in found.today.by_client] == ["codex"]


@pytest.mark.logs_trouble
async def test_a_ledger_that_cannot_be_read_leaves_what_was_known(scene: Scene) -> None:
    await scene.state.refresh()
    scene.ledger.broken = True
    await scene.state.refresh()
    assert scene.state.snapshot().today.requests == 3


# --- what rests, and what is nearly used up -------------------------------------------

TOLD = "anthropic-ratelimit-unified-5h-"
BUSY = Failure(FailureKind.UPSTREAM_ERROR, "It answered 503.", 503)


def route(given: Provider, model: str) -> Route:
    return Route(given, given.find_model(model), model, Protocol.MESSAGES)


def test_a_route_that_rests_is_told_with_its_end(scene: Scene) -> None:
    one = provider("one")
    scene.configure(one, provider("two"))
    for _ in range(3):
        scene.health.ended(route(one, "m"), BUSY, now=NOON.timestamp())
    first, second = scene.state.snapshot().providers
    (rest,) = first.rests
    assert (rest.route, rest.until) == ("one/m", NOON + timedelta(seconds=5))
    assert rest.sentence.startswith("it answered 503")
    assert first.ready
    assert second.rests == ()
    # Another model of it can still be called.
    assert readiness(scene)[1] == "Requests can be sent: one, two."


def test_a_quota_is_told_with_its_windows(scene: Scene) -> None:
    one = provider("one", limits=LimitsDialect.ANTHROPIC)
    scene.configure(one)
    resets = NOON + timedelta(hours=2)
    told = [
        (f"{TOLD}utilization", "0.61"),
        (f"{TOLD}reset", f"{resets.timestamp():.0f}"),
    ]
    moment = NOON.timestamp()
    scene.health.ended(route(one, "m"), None, headers=told, now=moment)
    (window,) = scene.state.snapshot().providers[0].quota
    assert (window.window, window.share) == ("5-hour window", 0.61)
    assert (window.resets, window.route) == (resets, "")


def test_a_quota_group_that_rests_is_its_provider_at_rest(scene: Scene) -> None:
    one, two = provider("one", quota="shared"), provider("two", quota="shared")
    other = provider("other")
    scene.configure(one, two, other)
    limited = Failure(FailureKind.RATE_LIMITED, "It answered 429.", 429, 90.0)
    scene.health.ended(route(one, "m"), limited, now=NOON.timestamp())
    found = scene.state.snapshot()
    for provided in found.providers[:2]:
        (rest,) = provided.rests
        assert (rest.route, rest.until) == ("", NOON + timedelta(seconds=90))
    assert found.providers[2].rests == ()
    assert found.readiness.sentence == (
        "Requests can be sent: other. one, two rest for a while."
    )
    scene.configure(one, two)
    assert scene.state.snapshot().readiness.sentence.startswith(
        "Ready, but every provider is left alone for a while: one is tried"
    )


def test_the_group_of_one_model_is_not_all_of_its_provider(scene: Scene) -> None:
    special = Model(id="special", quota="special")
    one = provider("one", models=(special, Model(id="plain")))
    scene.configure(one)
    limited = Failure(FailureKind.RATE_LIMITED, "It answered 429.", 429, 90.0)
    scene.health.ended(route(one, "special"), limited, now=NOON.timestamp())
    (health,) = scene.state.snapshot().providers
    assert [rest.route for rest in health.rests] == ["one/special"]


def test_a_refused_key_is_not_ready_and_says_when_it_is_tried(scene: Scene) -> None:
    one = provider("one", key=KeyRef("env", "ONE_KEY"))
    scene.configure(one)
    refused = Failure(FailureKind.AUTH, "It answered 401.", 401)
    scene.health.ended(route(one, "m"), refused, now=NOON.timestamp())
    (health,) = scene.state.snapshot().providers
    assert not health.ready
    assert health.sentence == "Not ready: it refused the key with 401."
    (rest,) = health.rests
    assert rest.route == ""
    assert rest.until > NOON
    ready, _, todo = readiness(scene)
    assert not ready
    assert todo == "Look after the account of one: it refused the key with 401."


def test_the_end_of_a_rest_is_a_change(scene: Scene) -> None:
    one = provider("one")
    scene.configure(one)
    for _ in range(3):
        scene.health.ended(route(one, "m"), BUSY, now=NOON.timestamp())
    before = scene.state.snapshot()
    assert before.time == NOON
    scene.state.look_at_the_day()
    assert scene.state.snapshot().revision == before.revision
    scene.clock.time = NOON + timedelta(seconds=6)
    scene.state.look_at_the_day()
    after = scene.state.snapshot()
    assert after.revision == before.revision + 1
    assert after.providers[0].rests == ()
    scene.state.look_at_the_day()
    assert scene.state.snapshot().revision == after.revision


# --- changes --------------------------------------------------------------------------


async def settled(scene: Scene) -> None:
    async with asyncio.timeout(5):
        while scene.state._looking:  # noqa: ASYNC110 - it is the task's own mark
            await asyncio.sleep(0.005)


async def test_many_requests_make_few_looks(scene: Scene) -> None:
    for _ in range(50):
        scene.state.request_finished()
        await asyncio.sleep(0)
    await settled(scene)
    assert 1 <= len(scene.ledger.days) <= 3


async def test_the_last_of_many_is_seen(scene: Scene) -> None:
    scene.state.request_finished()
    while not scene.ledger.days:  # noqa: ASYNC110 - the first look is under way
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    scene.ledger.report = replace(REPORT, requests=9)
    scene.state.request_finished()
    await settled(scene)
    assert scene.state.snapshot().today.requests == 9


async def test_once_it_stops_it_looks_into_no_ledger(scene: Scene) -> None:
    scene.state.request_finished()
    while not scene.ledger.days:  # noqa: ASYNC110 - the first look is under way
        await asyncio.sleep(0)
    scene.state.request_finished()
    scene.state.stop()
    await settled(scene)
    assert len(scene.ledger.days) == 1


@pytest.mark.logs_trouble
async def test_after_trouble_it_looks_again(scene: Scene) -> None:
    scene.ledger.broken = True
    scene.state.request_finished()
    await settled(scene)
    scene.ledger.broken = False
    scene.state.request_finished()
    await settled(scene)
    assert scene.state.snapshot().today.requests == 3


async def test_who_waits_is_woken(scene: Scene) -> None:
    revision = scene.state.snapshot().revision
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(scene.state.changed(revision))
        await asyncio.sleep(0)
        scene.state.moved()
    assert scene.state.snapshot().revision == revision + 1


async def test_midnight_begins_a_new_day_without_a_request(scene: Scene) -> None:
    await scene.state.refresh()
    scene.state.look_at_the_day()
    await settled(scene)
    assert len(scene.ledger.days) == 1
    scene.clock.time = NOON + timedelta(days=1)
    scene.ledger.report = SpendReport()
    scene.state.look_at_the_day()
    await settled(scene)
    assert scene.ledger.days[1] - scene.ledger.days[0] == timedelta(days=1)
    assert scene.state.snapshot().today == SpendToday()
    scene.state.look_at_the_day()
    await settled(scene)
    assert len(scene.ledger.days) == 2
