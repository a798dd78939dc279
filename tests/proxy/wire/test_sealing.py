"""A wrap gives back what it holds, and takes nothing else for its own."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Origin, Protocol
from proxy.wire.sealing import SEAL_START, Sealed, seal, unseal

_TEXTS = st.none() | st.text()


@given(
    st.builds(
        Sealed,
        protocol=st.sampled_from(Protocol),
        provider=st.text(),
        model=st.text(),
        signature=_TEXTS,
        sealed=_TEXTS,
        id=_TEXTS,
        text=_TEXTS,
    )
)
def test_what_is_wrapped_comes_back(inside: Sealed) -> None:
    wrapped = seal(inside)
    assert wrapped.startswith(SEAL_START)
    assert unseal(wrapped) == inside


def test_a_wrap_names_its_maker() -> None:
    inside = Sealed(Protocol.GEMINI, "gemini", "flash", signature="s")
    assert inside.origin == Origin(Protocol.GEMINI, "gemini", "flash")


@given(st.text())
def test_other_strings_are_none_of_ours(text: str) -> None:
    assert unseal(text) is None


@pytest.mark.parametrize(
    "text",
    [
        SEAL_START,
        SEAL_START + "!",
        SEAL_START + "é",
        SEAL_START + "AAA",
        base64.b64encode(b"turnout1:[1]").decode(),
        base64.b64encode(b'turnout1:{"protocol":"smoke"}').decode(),
        base64.b64encode(b"turnout1:" + b"[" * 100_000).decode(),
    ],
)
def test_a_spoilt_wrap_is_none_of_ours(text: str) -> None:
    assert unseal(text) is None
