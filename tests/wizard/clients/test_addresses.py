"""addresses: what points at this machine, whose key it holds, a key in the path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.clients.addresses import local_address, ours, with_path_key
from wizard.formats import ABSENT, Json

KEY = "tnt_exampleNotASecret0000"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        (
            "http://127.0.0.1:8787/k/tnt_exampleNotASecret0000/v1",
            "http://127.0.0.1:8787",
        ),
        ("HTTP://LocalHost:4000/v1", "http://localhost:4000"),
        ("http://localhost.:4000", "http://localhost.:4000"),
        ("http://router.localhost", "http://router.localhost"),
        ("https://[::1]:3456/v1", "https://[::1]:3456"),
        ("http://[::ffff:127.0.0.1]:1", "http://[::ffff:127.0.0.1]:1"),
        ("http://0.0.0.0:4000", "http://0.0.0.0:4000"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("ws://127.0.0.1:15721/x", "ws://127.0.0.1:15721"),
        ("http://user:word@127.0.0.1:9", "http://127.0.0.1:9"),
        (" 127.0.0.1:3456 ", "http://127.0.0.1:3456"),
        ("localhost:3456/v1", "http://localhost:3456"),
        ("curl http://127.0.0.1:3456/key", "http://127.0.0.1:3456"),
        ({"a": ["no", {"b": "http://localhost:1/"}]}, "http://localhost:1"),
    ],
)
def test_an_address_of_this_machine_is_found(value: Json, found: str) -> None:
    assert local_address(value) == found


@pytest.mark.parametrize(
    "value",
    [
        "",
        "https://api.anthropic.com",
        "https://127.0.0.1.example.com/v1",
        "https://localhost.example.com",
        "https://example.com/127.0.0.1",
        "http://127.0.0.1@example.com/",
        "http://192.168.1.2:4000",
        "http://[fe80::1]:4000",
        "http://127.0.0.1:notaport",
        "http://[broken",
        "localhost",
        "a note about localhost:80 here",
        None,
        True,
        8787,
        [],
    ],
)
def test_any_other_value_names_none(value: Json) -> None:
    assert local_address(value) == ""


def test_what_is_absent_names_nothing_and_holds_nothing() -> None:
    assert local_address(ABSENT) == ""
    assert not ours(ABSENT)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (KEY, True),
        (f"Accept: x\nx-turnout-key: {KEY}", True),
        (f"http://127.0.0.1:8787/k/{KEY}/v1", True),
        ({"headers": {"x-turnout-key": KEY}}, True),
        ([1, None, KEY], True),
        ("tnt_", False),
        ("tnt_short", False),
        ("sk-ant-example-not-a-secret", False),
        (12, False),
    ],
)
def test_a_key_of_ours_is_known(value: Json, answer: bool) -> None:
    assert ours(value) is answer


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787/k/K"),
        ("http://127.0.0.1:8787/", "http://127.0.0.1:8787/k/K"),
        ("http://127.0.0.1:8787/v1", "http://127.0.0.1:8787/k/K/v1"),
        ("http://127.0.0.1:8787/v1/", "http://127.0.0.1:8787/k/K/v1"),
    ],
)
def test_the_key_is_the_first_of_the_path(url: str, found: str) -> None:
    assert with_path_key(url, "K") == found


def test_an_address_with_its_key_is_ours_and_shown_without_it() -> None:
    url = with_path_key("http://127.0.0.1:8787/v1", KEY)
    assert ours(url)
    assert KEY not in local_address(url)


@given(st.recursive(st.none() | st.booleans() | st.text(), st.lists, max_leaves=8))
def test_nothing_raises(value: Json) -> None:
    local_address(value)
    ours(value)


@given(st.text(alphabet="htps:/.127[]@%#?localhost0 ", max_size=40))
def test_no_odd_address_raises(text: str) -> None:
    found = local_address(text)
    assert not found or "@" not in found
