"""secrets_seen: what must never be replaced, told by its name and by its shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.clients.secrets_seen import looks_secret
from wizard.formats import ABSENT, Json

# Put together here, so that no scanner takes this file for a leak.
CANARY = "example-not-a-secret-canary"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTHROPIC_API_KEY", "my-own-words"),
        ("ANTHROPIC_AUTH_TOKEN", CANARY),
        ("apiKey", CANARY),
        ("openai-api-key", CANARY),
        ("x-api-key", CANARY),
        ("Authorization", CANARY),
        ("client_secret", CANARY),
        ("experimental_bearer_token", CANARY),
        ("note", f"sk-{CANARY}"),
        ("note", "AIza" + "canaryExampleNotASecret"),
        ("note", "ghp_" + "canaryExampleNotASecret"),
        ("note", "eyJ" + "canaryExample" + "." + "canaryExample"),
        ("ANTHROPIC_CUSTOM_HEADERS", f"Accept: x\nAuthorization: Bearer {CANARY}"),
        ("base_url", f"https://me:{CANARY}@example.com/"),
        ("base_url", "https://example.com/v1?key=hunter2canary"),
        ("base_url", "https://example.com/v1?beta=1&api_key=hunter2canary"),
        ("base_url", "https://example.com/v1?access-token=hunter2canary#x"),
        ("base_url", "https://example.com/blob?sv=1&sig=hunter2canary"),
        ("base_url", "https://example.com/k/examplenotasecretcanary/v1"),
        ("options", {"headers": {"x-api-key": CANARY}}),
        ("args", ["--flag", f"sk-{CANARY}"]),
        ("models", [{"name": "x", "apiKey": CANARY}]),
    ],
)
def test_a_secret_is_seen_by_name_or_shape(name: str, value: Json) -> None:
    assert looks_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTHROPIC_MODEL", "claude-sonnet-5-5"),
        ("ANTHROPIC_BASE_URL", "https://api.example.com/v1"),
        ("base_url", "https://example.com/v1?beta=1&max_tokens=9"),
        ("base_url", "https://example.com/v1?key=${EXAMPLE_KEY}"),
        ("base_url", "https://example.com/v1?key=none"),
        ("base_url", "https://example.com/k/short/v1"),
        ("base_url", "https://example.com/k/${EXAMPLE_GATEWAY_KEY}/v1"),
        ("ANTHROPIC_AUTH_TOKEN", ""),
        ("ANTHROPIC_AUTH_TOKEN", "PROXY_MANAGED"),
        ("apiKey", "ollama"),
        ("apiKey", "$OPENAI_API_KEY"),
        ("apiKey", "${OPENAI_API_KEY}"),
        ("apiKey", "{env:OPENAI_API_KEY}"),
        ("apiKey", "{file:~/.secrets/key}"),
        ("apiKey", "${{ secrets.OPENAI }}"),
        ("apiKey", "op://vault/item/field"),
        ("apiKeyHelper", "/usr/local/bin/show-key"),
        ("env_key", "OPENAI_API_KEY"),
        ("max_tokens", "4000"),
        ("key_file", "/etc/key"),
        ("monkey", "banana"),
        ("keyboard", "qwerty"),
        ("task", "sk-etch a house"),
        ("token", None),
        ("token", True),
        ("", "words"),
    ],
)
def test_a_setting_a_reference_and_a_placeholder_are_none(
    name: str, value: Json
) -> None:
    assert not looks_secret(name, value)


def test_what_is_absent_is_no_secret() -> None:
    assert not looks_secret("ANTHROPIC_API_KEY", ABSENT)


@given(st.text(max_size=30), st.text())
def test_nothing_raises(name: str, value: str) -> None:
    looks_secret(name, value)
