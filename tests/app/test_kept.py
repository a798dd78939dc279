"""How providers are lasts over a restart, and nothing depends on it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.kept import MOST_BYTES, keep_health, load_health
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
    keep_health(path, Health())
    keep_health(path, _limited())
    assert _loaded(path).condition({}, NOW + 1).groups["a"].seconds == 899


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_it_is_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    keep_health(path, _limited())
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
    keep_health(tmp_path / "gone" / "health.json", _limited())
    assert _loaded(tmp_path / "gone" / "health.json").last_failure("a") == ""
