"""What lasts over a restart comes back, and damage costs nothing but itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FailureKind
from proxy.health.breaker import (
    FAULTS,
    FRESH,
    LONGEST_ASKED,
    Breaker,
    End,
    Ended,
    fold,
)
from proxy.health.memory import Memory, read_memory, write_memory
from proxy.health.quota import Held, KeyRefusal, Resting

NOW = 1_795_000_000.0
OPEN = Breaker(
    level=2,
    since=NOW,
    until=NOW + 10,
    kind=FailureKind.UPSTREAM_ERROR,
    status=503,
)
WHOLE = Memory(
    breakers={"a/m": OPEN},
    routes={"b/m": Resting(NOW, NOW + 30, told=True)},
    groups={"b": Resting(NOW, NOW + 7_999, window="5-hour window")},
    keys={"c": KeyRefusal(401, NOW, NOW + 120, routes=("c/m",))},
    windows=(Held("b", "", "5-hour window", 0.91, NOW, NOW + 7_999, told=True),),
)


def test_what_was_written_is_read() -> None:
    assert read_memory(write_memory(WHOLE), NOW + 1) == WHOLE


def test_what_is_over_is_left_out_but_a_breaker_stays_half_open() -> None:
    later = read_memory(write_memory(WHOLE), NOW + 10_000)
    assert later == Memory(breakers={"a/m": OPEN})


def test_a_probe_dies_with_its_gateway() -> None:
    probing = Breaker(level=1, since=NOW, until=NOW + 5, probe=NOW + 6)
    found = read_memory(write_memory(Memory(breakers={"a/m": probing})), NOW + 7)
    assert found.breakers["a/m"].probe is None


def _changed(part: str, name: str, **values: Any) -> bytes:
    document = json.loads(write_memory(WHOLE))
    document[part][name].update(values)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("part", "name", "values"),
    [
        ("breakers", "a/m", {"level": 10**9}),
        ("breakers", "a/m", {"level": -1}),
        ("breakers", "a/m", {"until": 1e300}),
        ("breakers", "a/m", {"since": NOW + 1e6, "until": NOW + 1e6 + 5}),
        ("routes", "b/m", {"until": 1e300}),
        ("routes", "b/m", {"strikes": 10**9}),
        ("groups", "b", {"window": "x" * 1_000}),
        ("keys", "c", {"until": 1e300}),
        ("keys", "c", {"strikes": 10**9}),
    ],
)
def test_an_entry_that_makes_no_sense_is_left_out(
    part: str, name: str, values: dict[str, Any]
) -> None:
    found = read_memory(_changed(part, name, **values), NOW)
    assert name not in getattr(found, part)
    others = {"breakers", "routes", "groups", "keys"} - {part}
    assert all(getattr(found, each) == getattr(WHOLE, each) for each in others)


def test_a_name_that_no_file_can_hold_costs_only_itself() -> None:
    odd = Memory(breakers={"a/\ud800": OPEN, "a/m": OPEN})
    assert read_memory(write_memory(odd), NOW).breakers == {"a/m": OPEN}


@pytest.mark.parametrize("share", [-1, 1.5])
def test_a_share_that_is_none_is_left_out(share: float) -> None:
    document = json.loads(write_memory(WHOLE))
    document["windows"][0]["share"] = share
    assert read_memory(json.dumps(document).encode(), NOW).windows == ()


def test_too_many_and_too_long_names_are_left_out() -> None:
    many = {f"a/{number}": OPEN for number in range(600)}
    found = read_memory(write_memory(Memory(breakers={"x" * 400: OPEN, **many})), NOW)
    assert len(found.breakers) == 511


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 9_000,
        b'{"version":2,"groups":{}}',
        b'{"groups":{"a":{"since":NaN,"until":1}}}',
        b'{"breakers":{"a":{"level":1,"kind":"no_such_kind"}}}',
    ],
)
def test_a_damaged_file_is_a_fresh_start(data: bytes) -> None:
    assert read_memory(data, NOW) == Memory()


@given(st.integers(0, 600), st.binary(max_size=4))
def test_no_damage_breaks_the_reading(at: int, damage: bytes) -> None:
    data = write_memory(WHOLE)
    found = read_memory(data[:at] + damage + data[at + len(damage) :], NOW)
    for breaker in found.breakers.values():
        assert breaker.until - breaker.since <= 3_601


def test_a_breaker_that_was_prolonged_comes_back() -> None:
    fault = Ended(End.FAULT, FailureKind.UPSTREAM_ERROR, 503)
    breaker = FRESH
    for _ in range(FAULTS):
        breaker = fold(breaker, fault, NOW)
    asked = Ended(End.FAULT, FailureKind.UPSTREAM_ERROR, 503, LONGEST_ASKED)
    prolonged = fold(breaker, asked, NOW + 4)
    assert prolonged.until == NOW + 4 + LONGEST_ASKED
    kept = write_memory(Memory(breakers={"a/m": prolonged}))
    assert read_memory(kept, NOW + 10).breakers == {"a/m": prolonged}
