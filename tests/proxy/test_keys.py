"""Gateway keys: their form, their hash, and how one is found."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import keys
from proxy.keys import KeyRing, KeyRow, Scope, looks_valid, new_key

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = new_key(lambda size: bytes(range(size)))
OTHER = new_key(bytes)


def row(text: str, name: str = "claude-code", **changes: object) -> KeyRow:
    made = KeyRow(
        id=f"id-{name}",
        name=name,
        scope=Scope.CALL,
        hash=keys.hash(text),
        created=NOON,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@given(st.binary(min_size=32, max_size=32))
def test_any_random_bytes_make_a_valid_key(raw: bytes) -> None:
    key = new_key(lambda size: raw[:size])
    assert re.fullmatch(r"tnt_[0-9A-Za-z]{49}", key)
    assert looks_valid(key)


def test_all_32_bytes_are_in_the_key() -> None:
    def with_bit(bit: int) -> str:
        return new_key(lambda size: (1 << bit).to_bytes(size, "big"))

    assert len({with_bit(bit) for bit in range(256)}) == 256


def test_keys_are_random() -> None:
    assert len({new_key() for _ in range(100)}) == 100


def test_one_wrong_character_anywhere_is_noticed() -> None:
    for place in range(len(KEY)):
        other = "0" if KEY[place] != "0" else "1"
        assert not looks_valid(KEY[:place] + other + KEY[place + 1 :]), place


@pytest.mark.parametrize(
    "text",
    ["", "tnt_", KEY[:-1], KEY + "0", f" {KEY}", KEY.upper(), "sk-ant-" + KEY[7:]],
)
def test_what_has_another_form_is_no_key(text: str) -> None:
    assert not looks_valid(text)


@given(st.text(max_size=60))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert not looks_valid(text)
    assert KeyRing([row(KEY)]).find(text) is None


def test_digits_of_other_scripts_are_no_digits() -> None:
    assert not looks_valid(KEY[:10] + "\u0663" + KEY[11:])


def test_the_hash_is_sha_256_in_hex() -> None:
    assert keys.hash(KEY) == hashlib.sha256(KEY.encode()).hexdigest()


def test_each_key_finds_its_own_client() -> None:
    ring = KeyRing([row(KEY, "codex"), row(OTHER, "metrics", scope=Scope.READ)])
    found = ring.find(OTHER)
    assert found is not None
    assert (found.id, found.name, found.scope, found.created) == (
        "id-metrics",
        "metrics",
        Scope.READ,
        NOON,
    )
    assert ring.find(KEY) == row(KEY, "codex").identity
    assert len(ring) == 2


def test_a_well_formed_key_nobody_made_finds_nobody() -> None:
    assert KeyRing([row(KEY)]).find(OTHER) is None


def test_a_revoked_key_finds_nobody() -> None:
    ring = KeyRing([row(KEY, revoked=NOON)])
    assert ring.find(KEY) is None
    assert len(ring) == 0


def test_every_hash_is_compared_even_after_a_hit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def compare(known: bytes, wanted: bytes) -> bool:
        compared.append(known)
        return known == wanted

    monkeypatch.setattr("hmac.compare_digest", compare)
    ring = KeyRing([row(KEY, "a"), row(OTHER, "b")])
    assert ring.find(KEY) is not None
    assert len(compared) == 2


def test_no_representation_shows_a_hash() -> None:
    made = row(KEY)
    assert made.hash not in repr(made)
    assert made.hash not in repr(KeyRing([made]))
