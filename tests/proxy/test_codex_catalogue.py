"""The catalogue in the form that Codex 0.169 was seen to accept."""

import json

import pytest

from proxy.codex_catalogue import INSTRUCTIONS, Entry, codex_catalogue

# A catalogue without one of these was seen to be refused as a whole.
REQUIRED = {
    "slug",
    "display_name",
    "supported_reasoning_levels",
    "shell_type",
    "visibility",
    "supported_in_api",
    "priority",
    "base_instructions",
    "support_verbosity",
    "truncation_policy",
    "supports_parallel_tool_calls",
    "experimental_supported_tools",
}


def rows(*entries: Entry) -> list[dict[str, object]]:
    told = json.loads(codex_catalogue(entries))
    assert told.keys() == {"models"}
    models: list[dict[str, object]] = told["models"]
    return models


def test_an_entry_is_whole() -> None:
    (row,) = rows(Entry("claude-x", "Claude X", 200_000, vision=True))
    assert row.keys() >= REQUIRED
    assert not {key for key in REQUIRED if row[key] is None}
    assert (row["slug"], row["display_name"]) == ("claude-x", "Claude X")
    assert (row["context_window"], row["max_context_window"]) == (200_000, 200_000)
    assert row["input_modalities"] == ["text", "image"]
    assert row["truncation_policy"] == {"mode": "tokens", "limit": 10_000}


def test_nobody_is_left_without_instructions() -> None:
    """Codex sends the entry's words and none of its own."""
    (row,) = rows(Entry("claude-x", "Claude X"))
    assert row["base_instructions"] == INSTRUCTIONS
    assert "apply_patch" in INSTRUCTIONS
    assert "AGENTS.md" in INSTRUCTIONS
    assert row["input_modalities"] == ["text"]


@pytest.mark.parametrize(
    "name",
    ["gpt-6.1-terra", "gpt-5.3-codex", "codex-mini-latest", "o3", "openai/gpt-6-sol"],
)
def test_models_codex_ships_with_keep_their_own_instructions(name: str) -> None:
    assert rows(Entry(name, name)) == []


def test_models_codex_has_never_met_are_listed_in_order() -> None:
    names = ["turnout-auto", "openai/gpt-oss-120b", "ollama-x", "gemini-x"]
    listed = rows(*(Entry(name, name) for name in names))
    assert [row["slug"] for row in listed] == names
    ranks = [row["priority"] for row in listed]
    assert ranks == sorted(ranks, key=str)
    assert len(set(map(str, ranks))) == len(names)


@pytest.mark.parametrize(
    ("efforts", "levels", "usual"),
    [
        ((), ["low", "medium", "high"], "medium"),
        (("low", "high", "max"), ["low", "high"], "low"),
        (("none", "medium"), ["none", "medium"], "medium"),
        (None, [], None),
    ],
)
def test_levels_codex_can_read(
    efforts: tuple[str, ...] | None, levels: list[str], usual: str | None
) -> None:
    told = json.loads(codex_catalogue([Entry("m", "M", efforts=efforts)]))
    (row,) = told["models"]
    assert [level["effort"] for level in row["supported_reasoning_levels"]] == levels
    assert all(level["description"] for level in row["supported_reasoning_levels"])
    assert row["default_reasoning_level"] == usual
