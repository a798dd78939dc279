from collections.abc import Mapping

import pytest

from proxy.catalogue import (
    ASSUMED,
    Compatibility,
    ConfigProblem,
    Model,
    Provider,
    Safety,
    known_providers,
    read_providers,
)
from proxy.catalogue.compatibility import (
    overlaid,
    read_compatibility,
    read_model_compatibility,
    taken_at_word,
)
from proxy.catalogue.problems import TableReader

EXPERIMENTAL, NO, YES = Safety.EXPERIMENTAL, Safety.NO, Safety.YES
WARY = Compatibility(claude_code=EXPERIMENTAL, codex=EXPERIMENTAL, source="a person")


def reader(table: Mapping[str, object]) -> tuple[TableReader, list[ConfigProblem]]:
    problems: list[ConfigProblem] = []
    return TableReader(table, "", problems), problems


def read(**entry: object) -> Provider:
    table = {"providers": [{"key": "env:A_KEY", **entry}]}
    (provider,), problems = read_providers(table, known_providers())
    assert problems == ()
    return provider


def model_of(provider: Provider, name: str) -> Model:
    model = provider.find_model(name)
    assert model is not None
    return model


def test_every_word_is_read() -> None:
    found, problems = reader(
        {
            "compatibility": {
                "streaming": False,
                "parallel_tools": True,
                "forced_tools": False,
                "thinking": True,
                "structured": False,
                "claude_code_safe": "no",
                "codex_safe": "experimental",
                "source": "tried by hand",
            }
        }
    )
    named = read_compatibility(found)
    assert (problems, found.sound) == ([], True)
    assert overlaid(ASSUMED, named) == Compatibility(
        streaming=False,
        parallel_tools=True,
        forced_tools=False,
        thinking=True,
        structured=False,
        claude_code=NO,
        codex=EXPERIMENTAL,
        source="tried by hand",
    )


def test_what_is_not_named_stays_and_the_source_is_the_user() -> None:
    assert overlaid(WARY, {}) is WARY
    changed = overlaid(WARY, {"codex": YES})
    assert (changed.claude_code, changed.codex) == (EXPERIMENTAL, YES)
    assert changed.source == "config.toml"
    assert taken_at_word(WARY).claude_code is YES


def test_the_two_words_may_stand_in_the_model_s_own_table() -> None:
    found, _ = reader(
        {"codex_safe": "no", "compatibility": {"codex_safe": "yes", "thinking": True}}
    )
    assert read_model_compatibility(found) == {"codex": NO, "thinking": True}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"compatibility": {"codex_safe": "experimantal"}}, 'mean "experimental"'),
        ({"compatibility": {"codex_safe": True}}, "must be text"),
        ({"compatibility": {"codx_safe": "no"}}, "mean `codex_safe`"),
        ({"compatibility": {"thinking": "yes"}}, "true or false"),
        ({"compatibility": "yes"}, "must be a table"),
        ({"claude_code_safe": "maybe"}, "Known: yes, experimental, no"),
    ],
)
def test_a_wrong_word_makes_the_entry_unsound(
    table: dict[str, object], says: str
) -> None:
    found, problems = reader(table)
    read_model_compatibility(found)
    assert not found.sound
    assert says in str(problems[0])


def test_a_provider_of_the_user_s_own_is_safe_by_his_word() -> None:
    own = read(
        id="mine",
        base_url="https://mine.example",
        protocols=["openai-chat"],
        models=[{"id": "m"}, {"id": "n", "claude_code_safe": "no"}],
    )
    assert own.compatibility == ASSUMED
    assert model_of(own, "m").compatibility == ASSUMED
    assert model_of(own, "n").compatibility.claude_code is NO
    assert model_of(own, "n").compatibility.codex is YES


def test_a_model_added_to_a_known_provider_is_as_safe_as_it_unless_he_says() -> None:
    groq = read(
        id="groq",
        models=[
            {"id": "silent"},
            {"id": "able", "tools": True},
            {"id": "half", "claude_code_safe": "yes"},
            {"id": "unable", "tools": False},
        ],
    )
    safe = {
        name: (found.claude_code, found.codex)
        for name in ("silent", "able", "half", "unable")
        for found in (model_of(groq, name).compatibility,)
    }
    assert safe == {
        "silent": (EXPERIMENTAL, EXPERIMENTAL),
        "able": (YES, YES),
        "half": (YES, EXPERIMENTAL),
        "unable": (EXPERIMENTAL, EXPERIMENTAL),
    }


def test_tools_of_a_listed_model_are_not_a_word_on_its_safety() -> None:
    small = {"id": "llama-3.1-8b-instant", "tools": True}
    groq = read(id="groq", models=[small])
    assert model_of(groq, "llama-3.1-8b-instant").compatibility.claude_code is NO


def test_the_user_s_word_on_a_provider_holds_for_all_its_models() -> None:
    groq = read(id="groq", compatibility={"claude_code_safe": "yes"})
    assert groq.compatibility.claude_code is YES
    assert groq.compatibility.codex is EXPERIMENTAL
    assert {model.compatibility.claude_code for model in groq.models} == {YES}
    small = model_of(groq, "llama-3.1-8b-instant")
    assert small.compatibility.codex is NO


def test_his_word_on_a_model_goes_before_the_one_on_its_provider() -> None:
    groq = read(
        id="groq",
        compatibility={"codex_safe": "yes"},
        models=[{"id": "openai/gpt-oss-20b", "codex_safe": "no"}],
    )
    assert model_of(groq, "openai/gpt-oss-20b").compatibility.codex is NO
    assert model_of(groq, "openai/gpt-oss-120b").compatibility.codex is YES
