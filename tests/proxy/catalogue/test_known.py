import tomllib
from dataclasses import replace
from decimal import Decimal

import pytest

import resources
from proxy.catalogue import (
    Billing,
    Place,
    catalogue_of,
    known_providers,
    read_known,
    read_providers,
)
from proxy.model import Protocol, Usage
from proxy.money import cost_nano

MADE_UP = """
id = "madeup"
base_url = "https://api.madeup.example"
protocols = ["openai-chat"]
key = "none"
models = [{ id = "m", price = { input = "1", output = "2" } }]
[provenance]
source = "a test"
source_type = "manual-review"
date = "2026-01-02"
"""


def test_the_known_providers_are_complete() -> None:
    known = known_providers()
    assert {"anthropic", "openai", "chatgpt"} <= known.keys()
    for provider in known.values():
        assert provider.any_model
        assert provider.place is Place.PROVIDER
        assert provider.price_source
        for model in provider.models:
            assert model.lane
            assert model.context
            assert model.display_name
            assert model.price_source


def test_their_addresses() -> None:
    known = known_providers()
    assert known["anthropic"].url(Protocol.MESSAGES) == (
        "https://api.anthropic.com/v1/messages"
    )
    assert known["openai"].url(Protocol.RESPONSES) == (
        "https://api.openai.com/v1/responses"
    )
    assert known["openai"].url(Protocol.CHAT) == (
        "https://api.openai.com/v1/chat/completions"
    )
    assert known["chatgpt"].url(Protocol.RESPONSES) == (
        "https://chatgpt.com/backend-api/codex/responses"
    )
    assert known["chatgpt"].billing is Billing.SUBSCRIPTION
    assert "undocumented" in known["chatgpt"].price_source


def test_every_model_has_input_and_output_prices_and_whole_long_ones() -> None:
    for provider in known_providers().values():
        for model in provider.models:
            assert model.price is not None
            assert model.price.input is not None
            assert model.price.output is not None
            assert (model.long_price is None) == (model.long_above is None)
            if model.long_price is not None:
                assert model.long_price.input == 2 * model.price.input or (
                    model.id == "claude-haiku-5-5"
                    and model.long_price.input == 5 * model.price.input
                )


def test_a_worked_cost() -> None:
    """The worked check of the price notes: 0.02167 dollars."""
    model = known_providers()["anthropic"].find_model("claude-sonnet-5-5")
    usage = Usage(
        input_tokens=10,
        cache_read_tokens=1000,
        cache_write_tokens=300,
        cache_write_1h_tokens=200,
        output_tokens=50,
        web_searches=2,
    )
    assert model is not None
    assert cost_nano(usage, model.price_for(usage)) == 21_670_000


def test_a_long_haiku_prompt_costs_five_times_as_much() -> None:
    model = known_providers()["anthropic"].find_model("claude-haiku-5-5-20260801")
    assert model is not None
    short = model.price_for(Usage(input_tokens=100_000))
    long = model.price_for(Usage(input_tokens=1, cache_read_tokens=100_000))
    assert short is not None
    assert long is not None
    assert (short.output, long.output) == (Decimal("0.50"), Decimal("2.50"))


def test_the_chatgpt_plan_shows_the_platforms_list_prices() -> None:
    known = known_providers()
    assert known["chatgpt"].models == known["openai"].models


@pytest.mark.parametrize("name", ["anthropic", "openai", "chatgpt"])
@pytest.mark.parametrize("key", ["client", "env:SOME_KEY"])
def test_an_id_and_a_key_are_a_whole_entry(name: str, key: str) -> None:
    table = {"providers": [{"id": name, "key": key}]}
    providers, problems = read_providers(table, known_providers())
    assert problems == ()
    (provider,) = providers
    assert provider == replace(known_providers()[name], key=provider.key)
    assert str(provider.key) == key


def test_a_made_up_provider_file_is_all_it_takes() -> None:
    known = read_known([MADE_UP])
    assert known["madeup"].price_source == "a test (manual-review), 2026-01-02"
    assert known["madeup"].models[0].price_source == known["madeup"].price_source


def test_a_faulty_shipped_file_raises() -> None:
    with pytest.raises(ValueError, match="protocols"):
        read_known([MADE_UP.replace("openai-chat", "openai-chatt")])
    with pytest.raises(TypeError, match="provenance"):
        read_known([MADE_UP.split("[provenance]", maxsplit=1)[0]])


def test_shipped_files_are_named_by_their_id() -> None:
    for name in resources.names("providers"):
        assert f"providers/{tomllib.loads(resources.text(name))['id']}.toml" == name


def test_the_snapshot_follows_the_prices_and_nothing_else() -> None:
    known = tuple(known_providers().values())
    snapshot = catalogue_of(known).snapshot
    assert len(snapshot) == 16
    assert catalogue_of(known[::-1]).snapshot == snapshot
    moved = tuple(replace(p, base_url="http://127.0.0.1:1") for p in known)
    assert catalogue_of(moved).snapshot == snapshot
    first = known[0].models[0]
    assert first.price is not None
    dearer = replace(first, price=replace(first.price, output=Decimal(99)))
    changed = (replace(known[0], models=(dearer, *known[0].models[1:])), *known[1:])
    assert catalogue_of(changed).snapshot != snapshot
