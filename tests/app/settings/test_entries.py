"""Fields of a provider's entry are set in the text and nothing else changes."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.failure import CommandFailed
from app.settings.entries import (
    Entry,
    has_fields,
    with_entry,
    without_entry,
    without_field,
)

KEY = Entry("anthropic", {"key": "env:ANTHROPIC_API_KEY"})


def test_an_entry_is_appended() -> None:
    assert with_entry(b"", KEY) == (
        b'[[providers]]\nid = "anthropic"\nkey = "env:ANTHROPIC_API_KEY"\n'
    )


def test_what_is_there_stays_and_the_line_ends_too() -> None:
    before = b"\xef\xbb\xbf# mine\r\n[gateway]\r\nport = 1 # p"
    after = with_entry(before, KEY)
    assert after == before + (
        b'\r\n\r\n[[providers]]\r\nid = "anthropic"\r\n'
        b'key = "env:ANTHROPIC_API_KEY"\r\n'
    )


def test_a_field_goes_below_the_id_of_its_own_entry() -> None:
    before = (
        b'[[providers]]\nid = "openai"\n\n[[providers]]\n  # c\n'
        b'  id = "anthropic" # d\n'
        b'  base_url = "http://127.0.0.1:1"\n\n  [[providers.models]]\n  id = "m"\n'
    )
    after = with_entry(before, KEY)
    line = b'  key = "env:ANTHROPIC_API_KEY"\n'
    assert after == before.replace(b"# d\n", b"# d\n" + line)
    assert with_entry(after, KEY) == after


def test_a_value_is_exchanged_and_its_comment_stays() -> None:
    before = b'[[providers]]\nid = "anthropic"\nkey = "client" # "mine" = x\n'
    after = with_entry(before, KEY)
    assert after == before.replace(b'"client"', b'"env:ANTHROPIC_API_KEY"')


def test_a_file_without_a_last_line_end() -> None:
    assert with_entry(b'[[providers]]\nid = "anthropic"', KEY) == (
        b'[[providers]]\nid = "anthropic"\nkey = "env:ANTHROPIC_API_KEY"'
    )


def test_a_field_is_taken_away() -> None:
    with_key = with_entry(b'[[providers]]\nid = "anthropic"\n# end\n', KEY)
    assert without_field(with_key, "anthropic", "key") == (
        b'[[providers]]\nid = "anthropic"\n# end\n'
    )
    assert without_field(with_key, "openai", "key") == with_key
    assert without_field(with_key, "anthropic", "billing") == with_key


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"# mine\n",
        b"[gateway]\nport = 1 # p\n",
        b'[gateway]\r\nport = 1\r\n\r\n[[providers]]\r\nid = "x"\r\n',
        b'\xef\xbb\xbf[[providers]]\nid = "x"\n\n[[providers.models]]\nid = "m"\n',
    ],
)
def test_an_entry_that_was_added_goes_without_a_trace(before: bytes) -> None:
    entry = Entry("ollama", {"base_url": "http://127.0.0.1:1", "any_model": True})
    assert without_entry(with_entry(before, entry), "ollama") == before
    assert without_entry(before, "ollama") == before


def test_what_stands_behind_an_entry_stays() -> None:
    after = b'\n# about b\n[[providers]]\nid = "b"\n'
    before = b'[[providers]]\nid = "a"\nkey = "none" # k\n' + after
    assert without_entry(before, "a") == after
    assert has_fields(before, "a")
    assert not has_fields(before, "b")
    assert not has_fields(before, "c")


def test_an_entry_with_models_of_its_own_stays() -> None:
    data = b'[[providers]]\nid = "a"\n\n[[providers.models]]\nid = "m"\n'
    with pytest.raises(CommandFailed):
        without_entry(data, "a")


@pytest.mark.parametrize(
    "text",
    [
        "providers = [",
        "providers = 3\n",
        'providers = [{ id = "anthropic" }]\n',
        'providers = [{ id = "anthropic", key = "client" }]\n',
        '[[providers]]\nid = "anthropic"\nkey = """\nclient"""\n',
    ],
)
def test_what_cannot_be_changed_alone_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        with_entry(text.encode(), KEY)
    assert "The file is as it was" in refused.value.message


_value = st.booleans() | st.text(max_size=8) | st.lists(st.text(max_size=4)).map(tuple)


@given(st.dictionaries(st.sampled_from(["key", "base_url", "like"]), _value))
def test_any_value_is_written_so_that_it_is_read_back(
    fields: dict[str, object],
) -> None:
    start = b'# one\n[[providers]]\nid = "x"\nkey = "old"\n[gateway]\nport = 1\n'
    after = with_entry(start, Entry("x", fields))  # type: ignore[arg-type]
    entry = tomllib.loads(after.decode())["providers"][0]
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}
    assert entry == {"id": "x", "key": "old", **plain}
