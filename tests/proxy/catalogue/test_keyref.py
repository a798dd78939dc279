import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.catalogue import KeyRef
from proxy.catalogue.keyref import parse_key


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("env:A_1", KeyRef("env", "A_1")),
        ("keyring:my-key", KeyRef("keyring", "my-key")),
        ("none", KeyRef("none")),
        ("client", KeyRef("client")),
        ("env:1A", None),
        ("env:A B", None),
        ("ENV:A", None),
        ("tnt_abc", None),
        ("keyring:a\nb", None),
        ("", None),
    ],
)
def test_key_references(text: str, ref: KeyRef | None) -> None:
    assert parse_key(text) == ref


@pytest.mark.parametrize("key", ["sk-ant-api03-x", "tnt_x", "AIzaSy", "github_pat_1"])
@pytest.mark.parametrize("kind", ["", "env:", "keyring:"])
def test_what_looks_like_a_key_is_no_reference(kind: str, key: str) -> None:
    assert parse_key(f"{kind}{key}") is None


@given(st.text())
def test_a_reference_is_written_as_it_was_read(text: str) -> None:
    ref = parse_key(text)
    assert ref is None or str(ref) == text
