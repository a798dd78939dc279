"""Which models and which protocol a client of several tongues is told."""

from __future__ import annotations

import pytest
from client_situations import known

from proxy.catalogue import Provider
from proxy.model import Protocol
from wizard.clients.models import (
    first_chat_model,
    first_listing,
    listed,
    small_of,
    tongue,
)


def test_a_provider_that_lists_models_comes_before_one_that_does_not() -> None:
    providers = (known("ollama"), known("anthropic"))
    assert first_listing(providers) == providers[1]
    assert first_listing(providers[:1]) == providers[0]
    assert first_listing((known("anthropic", "client"),)) is None


def test_one_model_of_each_lane_is_listed() -> None:
    models = listed(known("anthropic"))
    lanes = [model.lane for model in models.values() if model is not None]
    assert len(lanes) == len(set(lanes)) == len(models) > 1
    small = models[small_of(models)]
    assert small is not None
    assert (small.lane or "").endswith("/small")


def test_where_nothing_is_known_there_is_a_name() -> None:
    assert dict(listed(None)) == {"echo": None}
    assert dict(listed(known("ollama"))) == {"turnout-auto": None}
    assert small_of({"only": None}) == "only"


@pytest.mark.parametrize(
    ("provider", "spoken"),
    [
        (None, Protocol.CHAT),
        (known("anthropic"), Protocol.MESSAGES),
        (known("openai"), Protocol.RESPONSES),
        (known("chatgpt"), Protocol.RESPONSES),
        (known("openrouter"), Protocol.CHAT),
        (known("gemini"), Protocol.CHAT),
    ],
)
def test_it_speaks_what_the_provider_speaks(
    provider: Provider | None, spoken: Protocol
) -> None:
    assert tongue(provider) is spoken


def test_a_client_of_one_tongue_is_told_a_name() -> None:
    assert first_chat_model((known("anthropic"),)) == "claude-sonnet-5-5"
    assert first_chat_model(()) == "echo"
