"""A client is known by its key, then by headers, then by its user agent."""

from collections.abc import Callable

import pytest

import resources
from proxy.model import Protocol
from proxy.profiles import (
    Profile,
    ToolSafety,
    profile_of,
    read_profiles,
    shipped_profiles,
)

_IDS = {
    *("claude-code", "claude-desktop", "codex", "opencode", "openclaw", "gemini-cli"),
    *("qwen-code", "continue", "aider", "n8n", "unknown"),
}


def _headers(**headers: str) -> Callable[[str], str | None]:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return named.get


def _find(client: str, protocol: Protocol = Protocol.CHAT, **headers: str) -> str:
    found = profile_of(client, _headers(**headers), protocol, shipped_profiles())
    return found.id


def test_the_shipped_profiles() -> None:
    profiles = shipped_profiles()
    assert set(profiles) == _IDS
    assert {f"clients/{each}.toml" for each in _IDS} == set(resources.names("clients"))
    assert profiles["claude-code"].tool_safety is ToolSafety.CLAUDE_CODE
    assert profiles["claude-desktop"].tool_safety is ToolSafety.CLAUDE_CODE
    assert profiles["codex"].tool_safety is ToolSafety.CODEX
    assert all(profile.default_mode is None for profile in profiles.values())


def test_patterns_are_written_the_way_they_are_compared() -> None:
    for profile in shipped_profiles().values():
        for rule in profile.housekeeping:
            for phrase in (*rule.human, *rule.system):
                assert phrase == " ".join(phrase.lower().split())
        for part in (*profile.agents, *profile.headers):
            assert part == part.lower()


@pytest.mark.parametrize(
    ("client", "found"),
    [
        ("codex", "codex"),
        ("claude-code-laptop", "claude-code"),
        ("Claude Code", "claude-code"),
        ("claude_desktop-2", "claude-desktop"),
        ("codexer", "unknown"),
        ("unknown", "unknown"),
        ("my key", "unknown"),
    ],
)
def test_a_key_named_like_a_profile_decides(client: str, found: str) -> None:
    assert _find(client) == found


@pytest.mark.parametrize(
    ("agent", "protocol", "found"),
    [
        ("claude-cli/2.1.329 (external, cli)", Protocol.MESSAGES, "claude-code"),
        (
            "claude-cli/2.1.329 (external, claude-desktop)",
            Protocol.MESSAGES,
            "claude-desktop",
        ),
        ("codex_exec/0.169.0 (Debian 12)", Protocol.RESPONSES, "codex"),
        ("opencode/1.18.33 ai-sdk/5", Protocol.CHAT, "opencode"),
        ("GeminiCLI-tui/0.61.0/gemini (linux; x64)", Protocol.GEMINI, "gemini-cli"),
        ("QwenCode/0.15.10 (linux; x64)", Protocol.CHAT, "qwen-code"),
        ("ls/JS 5.23.2", Protocol.CHAT, "continue"),
        ("ls/JS 5.23.2", Protocol.GEMINI, "unknown"),
        ("litellm/1.109.1", Protocol.CHAT, "aider"),
        ("curl/8", Protocol.CHAT, "unknown"),
    ],
)
def test_a_user_agent_tells(agent: str, protocol: Protocol, found: str) -> None:
    assert _find("key", protocol, user_agent=agent) == found


def test_the_key_beats_the_headers_and_they_beat_the_user_agent() -> None:
    told = {"user_agent": "opencode/1", "x_claude_code_session_id": "s"}
    assert _find("key", Protocol.CHAT, **told) == "claude-code"
    assert _find("qwen-code", Protocol.CHAT, **told) == "qwen-code"
    assert _find("key") == "unknown"


def test_everybody_has_the_housekeeping_of_unknown_clients() -> None:
    one = 'id = "one"\nname = "One"\n[[housekeeping]]\nkind = "title"\nhuman = ["a"]'
    unknown = 'id = "unknown"\nname = "?"\n[[housekeeping]]\nkind = "probe"'
    profiles = read_profiles([one, unknown])
    kinds = {
        name: [rule.kind for rule in profile.housekeeping]
        for name, profile in profiles.items()
    }
    assert kinds == {"one": ["title", "probe"], "unknown": ["probe", "title"]}
    assert all(type(profile) is Profile for profile in profiles.values())


@pytest.mark.parametrize(
    "text",
    [
        'id = "x"',
        'id = "x"\nname = "X"\nmistake = 1',
        'id = "x"\nname = "X"\ntool_safety = "always"',
        "not toml at all",
    ],
)
def test_an_unsound_file_is_a_fault(text: str) -> None:
    with pytest.raises(ValueError):
        read_profiles([text])
