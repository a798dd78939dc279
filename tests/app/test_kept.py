"""How providers are lasts over a restart, and nothing depends on it."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import provider, serving

from app.kept import MOST_BYTES, KeptHealth, load_health
from app.settings.files import stamp_of
from proxy.catalogue.provider import Billing, KeyRef, Place, Provider, Route
from proxy.errors import Failure, FailureKind
from proxy.health import Health
from proxy.model import Protocol
from proxy.routing.condition import ALL_WELL

NOW = 1_795_000_000.0
PROVIDER = Provider(
    id="a",
    name="A",
    base_url="https://a.example",
    protocols=(Protocol.MESSAGES,),
    key=KeyRef("env", "A_KEY"),
    billing=Billing.METERED,
    place=Place.PROVIDER,
)
ROUTE = Route(PROVIDER, None, "m", Protocol.MESSAGES)
OTHER = Route(replace(PROVIDER, id="b"), None, "m", Protocol.MESSAGES)


def _limited() -> Health:
    health = Health()
    failure = Failure(FailureKind.RATE_LIMITED, "A answered 429.", 429, 900.0)
    health.ended(ROUTE, failure, now=NOW)
    return health


def _loaded(path: Path) -> Health:
    health = Health()
    load_health(path, health, NOW + 1)
    return health


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    KeptHealth(path, Health()).last()
    KeptHealth(path, _limited()).last()
    assert _loaded(path).condition({}, NOW + 1).groups["a"].seconds == 899


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_it_is_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    KeptHealth(path, _limited()).last()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("data", [None, b"", b"{", b'{"version":"1"}', b"\xff\x00"])
def test_a_broken_file_is_a_fresh_start(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "health.json"
    if data is not None:
        path.write_bytes(data)
    assert _loaded(path).condition({}, NOW + 1) == ALL_WELL


def test_a_flood_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    path.write_bytes(_limited().export() + b" " * MOST_BYTES)
    assert _loaded(path).condition({}, NOW + 1) == ALL_WELL


def test_a_folder_that_takes_no_file_stops_nothing(tmp_path: Path) -> None:
    KeptHealth(tmp_path / "gone" / "health.json", _limited()).last()
    assert _loaded(tmp_path / "gone" / "health.json").last_failure("a") == ""


def _limits(kind: FailureKind = FailureKind.RATE_LIMITED, wait: float = 900) -> Failure:
    return Failure(kind, "A did not answer.", 429, wait)


async def test_what_changes_is_kept_while_the_gateway_runs(tmp_path: Path) -> None:
    path, health = tmp_path / "health.json", Health()
    kept = KeptHealth(path, health)
    await kept.look(NOW)
    health.ended(ROUTE, _limits(), now=NOW)
    await kept.look(NOW)
    assert _loaded(path).condition({}, NOW + 1).groups["a"].seconds == 899
    stamp = stamp_of(path)
    await kept.look(NOW)
    kept.last()
    assert stamp_of(path) == stamp, "nothing has changed, so nothing is written"


async def test_two_gateways_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path, health, newer = tmp_path / "health.json", Health(), Health()
    kept = KeptHealth(path, health)
    health.ended(ROUTE, _limits(wait=60.0), now=NOW)
    await kept.look(NOW)
    successor = KeptHealth(path, newer)
    load_health(path, newer, NOW)
    health.ended(OTHER, _limits(), now=NOW)
    newer.ended(ROUTE, _limits(), now=NOW + 61)
    await successor.look(NOW + 61)
    await kept.hand_over(NOW + 61)
    await successor.look(NOW + 61)
    groups = newer.condition({}, NOW + 61).groups
    assert {name: rest.seconds for name, rest in groups.items()} == {"a": 900, "b": 839}
    # What the old one learns at its very end is not worth the new one's.
    await successor.look(NOW + 61)
    newer.ended(OTHER, _limits(wait=3_000), now=NOW + 901)
    await successor.look(NOW + 901)
    health.ended(ROUTE, _limits(wait=5.0), now=NOW + 902)
    kept.last()
    found = Health()
    load_health(path, found, NOW + 902)
    assert found.condition({}, NOW + 902).groups["b"].seconds == 2_999


async def test_two_gateways_come_to_rest(tmp_path: Path) -> None:
    path, one, two = tmp_path / "health.json", Health(), Health()
    gateways = KeptHealth(path, one), KeptHealth(path, two)
    one.ended(ROUTE, _limits(), now=NOW)
    two.ended(OTHER, _limits(), now=NOW)
    for each in gateways * 3:
        await each.look(NOW)
    stamp = stamp_of(path)
    for each in gateways * 3:
        await each.look(NOW)
    assert stamp_of(path) == stamp
    assert one.export() == two.export()


async def test_a_file_that_went_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    kept = KeptHealth(path, _limited())
    await kept.look(NOW)
    path.unlink()
    await kept.look(NOW)
    assert "a" in _loaded(path).condition({}, NOW + 1).groups


async def test_a_running_gateway_keeps_its_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.CONFIG_LOOK_SECONDS", 0.01)
    async with serving(tmp_path, provider("http://127.0.0.1:9")) as gateway:
        known = gateway.health
        moment = time.time()
        known.ended(ROUTE, _limits(), now=moment)
        found = Health()
        async with asyncio.timeout(10):
            while "a" not in found.condition({}, moment).groups:
                await asyncio.sleep(0.01)
                load_health(gateway.paths.kept_health, found, moment)
