"""Other routers are known by their marks; what they keep is not read."""

from pathlib import Path

import pytest
from made_home import CANARY, around, program, put

from discovery.findings import Confidence
from discovery.routers import ROUTERS, find_routers, router_at

MARKS = [
    ("cc-switch", ".cc-switch/cc-switch.db", "x"),
    ("claude-code-router", ".claude-code-router/config.json", "{}"),
    ("opencodex", ".opencodex/config.json", "{}"),
    ("opencodex", ".codex/config.toml", "[model_providers.opencodex]\nname = 'x'"),
    ("litellm", ".litellm/claude_configure_state.json", "{}"),
    ("baseten-switch", ".config/baseten-switch/gateway.yaml", "a: b"),
    ("baseten-switch", ".codex/baseten.config.toml", "a = 1"),
    ("quotio", "Library/Application Support/Quotio/config.yaml", "a: b"),
    ("vibeproxy", ".config/vibeproxy/config.yaml", "a: b"),
    ("cli-proxy-api", ".cli-proxy-api/config.yaml", "a: b"),
    ("ollama-launch", ".codex/ollama-launch.config.toml", "a = 1"),
    ("ollama-launch", ".codex/config.toml", "[model_providers.ollama-launch]"),
]


@pytest.mark.parametrize(("router", "name", "text"), MARKS)
def test_a_router_is_known_by_its_own_file(
    tmp_path: Path, router: str, name: str, text: str
) -> None:
    put(tmp_path / name, text)
    (found,) = find_routers(around(tmp_path))
    assert (found.id, found.confidence) == (router, Confidence.SURE)
    assert found.where == f"~/{name}"
    assert found.sentence.startswith(f"{found.name} also writes th")
    assert found.writes


def test_every_router_has_a_mark_here() -> None:
    assert {router.id for router in ROUTERS} == {router for router, _, _ in MARKS}


def test_an_empty_home_has_none(tmp_path: Path) -> None:
    assert find_routers(around(tmp_path)) == ()


@pytest.mark.parametrize(
    "name", [".cc-switch", ".claude-code-router", ".opencodex", ".cli-proxy-api"]
)
def test_an_empty_folder_is_a_hint(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (found,) = find_routers(around(tmp_path))
    assert found.confidence is Confidence.HINT


def test_an_empty_file_is_no_mark(tmp_path: Path) -> None:
    put(tmp_path / ".litellm/claude_configure_state.json")
    assert find_routers(around(tmp_path)) == ()


def test_a_program_is_likely(tmp_path: Path) -> None:
    program(tmp_path, "ccr")
    (found,) = find_routers(around(tmp_path))
    assert (found.id, found.confidence) == ("claude-code-router", Confidence.LIKELY)


def test_the_sentence_names_the_files(tmp_path: Path) -> None:
    put(tmp_path / ".cc-switch/cc-switch.db", "x")
    put(tmp_path / ".opencodex/config.json", "x")
    first, second = find_routers(around(tmp_path))
    assert "~/.claude/settings.json, ~/.codex/config.toml" in first.sentence
    assert second.sentence == "opencodex also writes this file: ~/.codex/config.toml."


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://127.0.0.1:3456/v1", "claude-code-router"),
        ("http://localhost:15721", "cc-switch"),
        ("http://localhost:8787", ""),
        ("http://localhost", ""),
        ("https://models.example:3456", ""),
        ("nonsense", ""),
    ],
)
def test_an_address_hints_at_a_router(address: str, name: str) -> None:
    assert router_at(address) == name


def test_what_a_router_keeps_is_not_told(tmp_path: Path) -> None:
    for _, name, text in MARKS:
        put(tmp_path / name, f"{text}\n# {CANARY}")
    assert CANARY not in repr(find_routers(around(tmp_path)))
