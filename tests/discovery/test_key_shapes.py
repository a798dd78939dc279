"""Keys are told by their form, and no more of them than their end is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_home import CANARY

from discovery.key_shapes import (
    HIDDEN,
    address_shown,
    is_elsewhere,
    is_gateway,
    is_on_this_machine,
    is_ours,
    is_secret_name,
    last4,
    origin_of,
    shape_of,
    shown,
)

FORMS = [
    ("sk-ant-api03-" + "example" * 13 + "xxAA", "anthropic"),
    ("sk-ant-oat01-" + "example" * 12, "anthropic"),
    ("sk-proj-" + "example" * 9 + "T3BlbkFJ" + "example" * 9, "openai"),
    ("sk-" + "a" * 20 + "T3BlbkFJ" + "b" * 20, "openai"),
    ("sk-or-v1-" + "0a" * 32, "openrouter"),
    ("gsk_" + "e" * 52, "groq"),
    ("xai-" + "e" * 80, "xai"),
    ("csk-" + "e" * 48, "cerebras"),
    ("AIza" + "e" * 35, "gemini"),
    ("tgp_v1_" + "e" * 43, "together"),
    ("fw_" + "e" * 24, "fireworks"),
    ("ghp_" + "e" * 36, ""),
    ("hf_" + "e" * 34, ""),
    ("AKIA" + "E" * 16, ""),
    ("0a" * 16 + "." + "e" * 16, "zai"),
    ("nvapi-" + "e" * 64, ""),
    ("sk-" + "e" * 32, ""),
]


@pytest.mark.parametrize(("value", "provider"), FORMS)
def test_a_key_is_told_by_its_form(value: str, provider: str) -> None:
    shape = shape_of(value)
    assert shape is not None
    assert shape.provider == provider


def test_a_sign_in_is_no_key() -> None:
    shape = shape_of("sk-ant-oat01-" + "example" * 12)
    assert shape is not None
    assert shape.login


@pytest.mark.parametrize("value", ["", "example", "changeme", "sk-short", "0a" * 16])
def test_other_words_have_no_form(value: str) -> None:
    assert shape_of(value) is None


@given(st.text(max_size=40))
def test_only_the_end_of_a_long_key_is_shown(value: str) -> None:
    end = last4(value)
    assert value.endswith(end)
    assert len(end) == (4 if len(value) >= 12 else 0)


@pytest.mark.parametrize(
    "value",
    [
        "op://vault/item",
        "$(pass show key)",
        "pass:openai",
        "`cat key`",
        "${OTHER}",
        "$OTHER",
        "{env:KEY}",
        "keyring:openai",
    ],
)
def test_a_reference_is_not_a_key(value: str) -> None:
    assert is_elsewhere(value)


def test_a_key_is_not_a_reference() -> None:
    assert not any(is_elsewhere(value) for value, _ in FORMS)
    assert not is_elsewhere(CANARY)


def test_ours_begin_with_three_letters() -> None:
    assert is_ours("tnt_example")
    assert not is_ours(CANARY)


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("http://127.0.0.1:8787/v1", "http://127.0.0.1:8787"),
        ("https://user:word@models.example/x?key=y", "https://models.example"),
        ("http://[::1]:1/", "http://[::1]:1"),
        ("http://host:notaport/", ""),
        ("http://[", ""),
        ("ftp://host/", ""),
        ("plain", ""),
        ("", ""),
    ],
)
def test_an_address_has_an_origin(value: str, origin: str) -> None:
    assert origin_of(value) == origin


def test_an_address_shows_no_user_no_query_and_no_long_step() -> None:
    value = f"http://u:{CANARY}@127.0.0.1:8787/k/{CANARY}/v1?key={CANARY}#{CANARY}"
    assert address_shown(value) == f"http://127.0.0.1:8787/k/{HIDDEN}/v1"


@given(st.text())
def test_judging_an_address_never_fails(value: str) -> None:
    address_shown(value)
    origin_of(value)
    is_gateway(value, 8787)
    shown("NAME", value)


@pytest.mark.parametrize(
    ("value", "here"),
    [
        ("http://localhost:1/", True),
        ("http://127.0.0.2/", True),
        ("http://[::1]/", True),
        ("http://models.example/", False),
        ("http://127.models.example.com", False),
        ("no address", False),
    ],
)
def test_loopback_is_known_by_its_names(value: str, here: bool) -> None:
    assert is_on_this_machine(value) is here


def test_our_gateway_is_known_by_its_port() -> None:
    assert is_gateway("http://localhost:8787/v1", 8787)
    assert not is_gateway("http://localhost:3456/v1", 8787)
    assert not is_gateway("http://models.example:8787", 8787)
    assert not is_gateway("http://localhost", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTHROPIC_API_KEY", "short"),
        ("ANTHROPIC_CUSTOM_HEADERS", "x-key: short"),
        ("model", "gsk_" + "e" * 52),
        ("model", "e" * 32),
        ("model", "e " * 31),
        ("CONTENT", '{"key": "short"}'),
        ("model", "odd\x1b[2J"),
        ("model", f"weird://{CANARY}"),
    ],
)
def test_what_may_be_secret_is_hidden(name: str, value: str) -> None:
    assert shown(name, value) == HIDDEN


def test_what_is_plain_is_shown() -> None:
    assert shown("model", "claude-opus-5-5") == "claude-opus-5-5"
    assert shown("ANTHROPIC_BASE_URL", "http://[::1]:3/v1") == "http://[::1]:3/v1"
    assert is_secret_name("MY_TOKEN")
    assert not is_secret_name("MODEL")
