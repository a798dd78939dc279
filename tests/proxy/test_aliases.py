"""Names that stand for modes and models."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.aliases import MODE_NAMES, alias_mode, real_name, shown_mode, shown_model
from proxy.routing import Mode


def test_every_mode_has_a_name_and_a_title() -> None:
    assert set(MODE_NAMES) == set(Mode)
    names = [name for name, _ in MODE_NAMES.values()]
    titles = [title for _, title in MODE_NAMES.values()]
    assert len({*names}) == len({*titles}) == len(Mode)


@pytest.mark.parametrize("mode", Mode)
def test_a_mode_is_asked_for_by_its_names(mode: Mode) -> None:
    name, _ = MODE_NAMES[mode]
    assert alias_mode(name) is mode
    assert alias_mode(shown_mode(mode)) is mode
    assert alias_mode(f"turnout-{mode}") is mode
    assert shown_mode(mode).startswith("claude-turnout-")


@pytest.mark.parametrize(
    "name",
    ["", "auto", "direct", "offline", "turnout-", "claude-turnout", "TURNOUT-AUTO"],
)
def test_other_names_are_no_mode(name: str) -> None:
    assert alias_mode(name) is None


@pytest.mark.parametrize(
    ("provider", "model", "shown"),
    [
        ("anthropic", "claude-opus-5-5", "claude-opus-5-5"),
        ("openrouter", "anthropic/claude-opus-5-5", "anthropic/claude-opus-5-5"),
        (
            "groq",
            "openai/gpt-oss-120b",
            "claude-turnout/groq/openai/gpt-oss-120b",
        ),
        ("gemini", "gemini-3.5-flash", "claude-turnout/gemini/gemini-3.5-flash"),
    ],
)
def test_what_the_picker_shows(provider: str, model: str, shown: str) -> None:
    assert shown_model(provider, model) == shown


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True), st.text())
def test_every_shown_name_leads_back(provider: str, model: str) -> None:
    shown = shown_model(provider, model)
    assert shown.startswith(("claude", "anthropic"))
    assert real_name(shown) in {model, f"{provider}/{model}"}
    assert alias_mode(shown) is None or shown == model


@given(st.text())
def test_a_name_of_no_list_stands_for_itself(name: str) -> None:
    assert real_name(name) == name or name.startswith("claude-turnout/")


def test_the_bare_start_is_a_name_like_any_other() -> None:
    assert real_name("claude-turnout/") == "claude-turnout/"
