"""Values of keys never show more than their last characters, in any line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.masking import masked_line, shown_secret

CANARY = "canary-0123456789-abcd"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f'  "ANTHROPIC_API_KEY": "{CANARY}",', '  "ANTHROPIC_API_KEY": "...abcd",'),
        (
            f"export OPENAI_API_KEY={CANARY} # mine",
            "export OPENAI_API_KEY=...abcd # mine",
        ),
        (f"token: '{CANARY}'", "token: '...abcd'"),
        (f'curl -H "Authorization: Bearer {CANARY}"', None),
        (f'"apiKeyHelper": "echo {CANARY}"', '"apiKeyHelper": "...abcd"'),
        (f'"url": "https://x.example/v1?key={CANARY}&a=1"', None),
        (f"base: http://127.0.0.1:3456/k/{CANARY}/v1", None),
        (f"https://me:{CANARY}@host/x", "https://...@host/x"),
        (f"plain words and sk-{CANARY} in them", None),
        (
            f'"ANTHROPIC_CUSTOM_HEADERS": "a: {CANARY}\\nx-turnout-key: tnt_...wxyz"',
            None,
        ),
        (f'"ANTHROPIC_AUTH_TOKEN": "{CANARY}', '"ANTHROPIC_AUTH_TOKEN": "...abcd'),
    ],
)
def test_a_key_is_blotted_out(line: str, shown: str | None) -> None:
    found = masked_line(line)
    assert CANARY not in found
    assert "canary" not in found
    if shown is not None:
        assert found == shown


@pytest.mark.parametrize(
    "line",
    [
        '"theme": "dark",',
        "max_tokens: 64000",
        '"primaryApiKey": true,',
        'key = "env:OPENAI_API_KEY"',
        "apiKey: ${OPENAI_API_KEY}",
        '"apiKey": "{env:TURNOUT_KEY}"',
        "// a comment about a key",
        "key = 'keyring:openai'",
        '"apiKeyHelper": "/opt/turnout keys show claude-code"',
        '"apiKeyHelper": "/opt/turnout keys show claude-code --home /t"',
    ],
)
def test_what_is_no_key_stays(line: str) -> None:
    assert masked_line(line) == line


@given(st.text(max_size=80))
def test_any_line_can_be_masked_and_masking_twice_hides_no_less(line: str) -> None:
    assert isinstance(masked_line(masked_line(line)), str)


@given(
    st.sampled_from(["API_KEY", "authToken", "client_secret", "password"]),
    st.sampled_from(['"{}": "{}"', "{}={}", "{}: '{}'", "{} = {},"]),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=16, max_size=40),
)
def test_a_named_value_never_shows(name: str, shape: str, tail: str) -> None:
    secret = f"canary{tail}"
    assert secret[:-4] not in masked_line(shape.format(name, secret))


def test_a_short_secret_shows_nothing() -> None:
    assert shown_secret("hunter2") == "..."
