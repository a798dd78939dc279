"""The tables `[dialect.<protocol>]`: every flag, every fault, on what is known."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.catalogue import ConfigProblem, Provider, known_providers, read_providers
from proxy.catalogue.dialects import NO_DIALECTS, read_dialects
from proxy.catalogue.problems import TableReader
from proxy.model import Protocol
from proxy.wire.dialect import (
    UNKNOWN_DIALECTS,
    VENDOR_DIALECTS,
    Dialect,
    FormatWord,
    ReasoningWord,
    StrictTools,
)

CHAT = Protocol.CHAT
VENDOR = VENDOR_DIALECTS[CHAT]
FLAGS = [flag.name for flag in fields(Dialect)]


def another(value: object) -> object:
    """Return a value of the same kind that differs, as a TOML file would hold it."""
    match value:
        case StrEnum():
            return next(str(word) for word in type(value) if word is not value)
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value + 0.5
        case str():
            return f"{value}_x"
        case tuple():
            return [*value, "more"]
        case _:
            return {"extra_body": {"deep": [1, "two", True]}}


def read(
    table: object, base: Mapping[Protocol, Dialect] = NO_DIALECTS
) -> tuple[Mapping[Protocol, Dialect], bool, list[ConfigProblem]]:
    problems: list[ConfigProblem] = []
    reader = TableReader({"dialect": table}, "providers[0]", problems)
    found = read_dialects(reader, (CHAT, Protocol.MESSAGES), base)
    return found, reader.sound, problems


def entry(dialect: str, start: str = "") -> tuple[Provider | None, str]:
    text = start or (
        'id = "a"\nbase_url = "https://a.example"\nprotocols = ["openai-chat"]\n'
        'key = "none"\n'
    )
    table = tomllib.loads(f"[[providers]]\n{text}\n{dialect}")
    providers, problems = read_providers(table, known_providers())
    return (providers[0] if providers else None), " ".join(map(str, problems))


@pytest.mark.parametrize("name", FLAGS)
def test_each_flag_is_written_by_its_own_name_and_changes_nothing_else(
    name: str,
) -> None:
    written = another(getattr(VENDOR, name))
    found, sound, problems = read({CHAT: {name: written}})
    assert (sound, problems) == (True, [])
    got = getattr(found[CHAT], name)
    assert got != getattr(VENDOR, name)
    assert type(got) is type(getattr(VENDOR, name))
    assert json.loads(json.dumps(got)) == written
    assert replace(found[CHAT], **{name: getattr(VENDOR, name)}) == VENDOR


@pytest.mark.parametrize("name", FLAGS)
def test_each_flag_refuses_another_kind(name: str) -> None:
    wrong: object = 3 if isinstance(getattr(VENDOR, name), bool) else True
    found, sound, problems = read({CHAT: {name: wrong}})
    assert not sound
    assert getattr(found[CHAT], name) == getattr(VENDOR, name)
    (problem,) = problems
    assert problem.where == f"providers[0].dialect.openai-chat.{name}"
    assert problem.hint


def test_flags_as_a_file_spells_them() -> None:
    provider, said = entry(
        """
[providers.dialect.openai-chat]
limit_field = "max_tokens"
seed_field = ""
stop_limit = 0
least_temperature = 1e-8
strict_tools = "always"
output_format = "none"
efforts = ["low", "high"]
never = ["logprobs"]
always = { provider = { zdr = true } }
"""
    )
    assert said == ""
    assert provider is not None
    assert provider.dialect(CHAT) == replace(
        UNKNOWN_DIALECTS[CHAT],
        limit_field="max_tokens",
        seed_field="",
        stop_limit=0,
        least_temperature=1e-8,
        strict_tools=StrictTools.ALWAYS,
        output_format=FormatWord.NONE,
        efforts=("low", "high"),
        never=("logprobs",),
        always={"provider": {"zdr": True}},
    )


@pytest.mark.parametrize(
    ("dialect", "says"),
    [
        ("dialect = 3", "must be a table"),
        ("dialect = { openai-chat = 3 }", "must be a table"),
        ("dialect = { openai-caht = {} }", "Did you mean `openai-chat`?"),
        ("dialect = { gemini = {} }", "not in `protocols`"),
        ("dialect.openai-chat.limit_feild = 'x'", "Did you mean `limit_field`?"),
        ("dialect.openai-chat.reasoning = 'budget'", "Known: effort, thinking"),
        ("dialect.openai-chat.reasoning = 'efort'", 'Did you mean "effort"?'),
        ("dialect.openai-chat.stop_limit = -1", "out of range"),
        ("dialect.openai-chat.stop_limit = true", "must be a whole number"),
        ("dialect.openai-chat.least_temperature = 3", "from 0 to 2"),
        ("dialect.openai-chat.least_temperature = nan", "from 0 to 2"),
        ("dialect.openai-chat.limit_field = 'max tokens'", "do not belong there"),
        ("dialect.openai-chat.never = 'logprobs'", "list of plain words"),
        ("dialect.openai-chat.never = ['']", "list of plain words"),
        ("dialect.openai-chat.always = 'x'", "cannot be sent as JSON"),
        ("dialect.openai-chat.always = { a = 2026-01-01 }", "cannot be sent as JSON"),
        ("dialect.openai-chat.always = { a = [inf] }", "cannot be sent as JSON"),
    ],
)
def test_half_a_dialect_leaves_the_entry_out(dialect: str, says: str) -> None:
    provider, said = entry(dialect)
    assert provider is None
    assert says in said


def test_a_file_changes_single_flags_of_a_known_provider() -> None:
    known = known_providers()["groq"]
    assert known.dialect(CHAT) != VENDOR
    provider, said = entry(
        "dialect.openai-chat.stop_limit = 2", 'id = "groq"\nkey = "env:A"'
    )
    assert said == ""
    assert provider is not None
    assert provider.dialect(CHAT) == replace(known.dialect(CHAT), stop_limit=2)
    assert provider.dialect(Protocol.RESPONSES) == known.dialect(Protocol.RESPONSES)


def test_a_protocol_without_a_table_is_spoken_as_to_an_unknown_server() -> None:
    provider, _ = entry("")
    assert provider is not None
    assert provider.dialects == {}
    for protocol in Protocol:
        assert provider.dialect(protocol) is UNKNOWN_DIALECTS[protocol]


def test_two_tables_do_not_mix() -> None:
    found, sound, _ = read(
        {
            CHAT: {"reasoning": "none"},
            Protocol.MESSAGES: {"reasoning": "thinking"},
        }
    )
    assert sound
    assert found[CHAT].reasoning is ReasoningWord.NONE
    assert found[Protocol.MESSAGES].reasoning is ReasoningWord.THINKING
    assert found[Protocol.MESSAGES].limit_field == "max_tokens"


_values = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(), st.dates()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(list(Protocol)), st.text()),
        st.one_of(_values, st.dictionaries(st.sampled_from(FLAGS), _values)),
        max_size=4,
    )
)
def test_no_table_raises_and_a_sound_one_can_be_sent(table: dict[str, object]) -> None:
    found, sound, problems = read(table)
    assert sound or problems
    for dialect in found.values():
        json.dumps(asdict(dialect), allow_nan=False)


def _entry(provider_id: str, url: str, more: str = "") -> Provider:
    text = f"""
[[providers]]
id = "{provider_id}"
base_url = "{url}"
protocols = ["openai-chat"]
key = "env:EXAMPLE_KEY"
{more}"""
    (found,), problems = read_providers(tomllib.loads(text), known_providers())
    assert problems == ()
    return found


def test_an_unknown_server_of_chat_hears_no_words_of_openai_alone() -> None:
    dialect = _entry("mine", "https://llm.example/v1").dialect(CHAT)
    assert not dialect.custom_tools
    assert not dialect.allowed_tools
    assert not dialect.developer_role
    assert dialect.limit_field == "max_tokens"
    assert dialect.tools
    own = "[providers.dialect.openai-chat]\nimages = false\ncustom_tools = true\n"
    told = _entry("mine", "https://llm.example/v1", own).dialect(CHAT)
    assert told == replace(dialect, images=False, custom_tools=True)


@pytest.mark.parametrize(
    ("provider_id", "url"),
    [("openai", "https://llm.example/v1"), ("mine", "https://api.openai.com/v1")],
)
def test_openai_hears_all_of_its_own_words(provider_id: str, url: str) -> None:
    provider = _entry(provider_id, url)
    assert provider.dialect(CHAT) == VENDOR_DIALECTS[CHAT]
    # Nothing deviates, so that its clients' bodies are not read.
    assert provider.dialects == {}
