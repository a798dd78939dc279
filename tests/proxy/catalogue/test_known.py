import tomllib
from dataclasses import replace
from decimal import Decimal

import pytest

import resources
from proxy.catalogue import (
    AuthStyle,
    Billing,
    Place,
    Route,
    catalogue_of,
    known_providers,
    read_known,
    read_providers,
)
from proxy.catalogue.address import is_loopback
from proxy.model import Protocol, Usage
from proxy.money import cost_nano
from proxy.wire.dialect import ReasoningBack, ReasoningWord, StrictTools

ADDRESSES = {
    "anthropic": ["https://api.anthropic.com/v1/messages"],
    "openai": [
        "https://api.openai.com/v1/responses",
        "https://api.openai.com/v1/chat/completions",
    ],
    "chatgpt": ["https://chatgpt.com/backend-api/codex/responses"],
    "groq": ["https://api.groq.com/openai/v1/chat/completions"],
    "cerebras": ["https://api.cerebras.ai/v1/chat/completions"],
    "cloudflare": [
        "https://api.cloudflare.com/client/v4/accounts/ACCOUNT_ID/ai/v1/chat/completions"
    ],
    "mistral": ["https://api.mistral.ai/v1/chat/completions"],
    "openrouter": [
        "https://openrouter.ai/api/v1/chat/completions",
        "https://openrouter.ai/api/v1/messages",
        "https://openrouter.ai/api/v1/responses",
    ],
    "deepseek": [
        "https://api.deepseek.com/chat/completions",
        "https://api.deepseek.com/anthropic/v1/messages",
    ],
    "xai": ["https://api.x.ai/v1/responses", "https://api.x.ai/v1/chat/completions"],
    "together": ["https://api.together.ai/v1/chat/completions"],
    "fireworks": [
        "https://api.fireworks.ai/inference/v1/chat/completions",
        "https://api.fireworks.ai/inference/v1/messages",
        "https://api.fireworks.ai/inference/v1/responses",
    ],
    "moonshot": [
        "https://api.moonshot.ai/v1/chat/completions",
        "https://api.moonshot.ai/anthropic/v1/messages",
        "https://api.moonshot.ai/v1/responses",
    ],
    "zai": [
        "https://api.z.ai/api/paas/v4/chat/completions",
        "https://api.z.ai/api/anthropic/v1/messages",
    ],
    "gemini": ["https://generativelanguage.googleapis.com/v1beta/models"],
}
LOCAL = {
    "lmstudio": [
        "http://127.0.0.1:1234/v1/chat/completions",
        "http://127.0.0.1:1234/v1/messages",
        "http://127.0.0.1:1234/v1/responses",
    ],
    "llamacpp": [
        "http://127.0.0.1:9931/v1/chat/completions",
        "http://127.0.0.1:9931/v1/messages",
    ],
    "vllm": [
        "http://127.0.0.1:8000/v1/chat/completions",
        "http://127.0.0.1:8000/v1/messages",
    ],
    "localai": [
        "http://127.0.0.1:8080/v1/chat/completions",
        "http://127.0.0.1:8080/v1/messages",
    ],
    "ollama": ["http://127.0.0.1:11434/api/chat"],
}

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
    assert known.keys() == {*ADDRESSES, *LOCAL}
    for provider in known.values():
        assert provider.any_model or provider.models
        assert provider.price_source
        here = provider.place is Place.THIS_MACHINE
        assert here is is_loopback(provider.base_url) is (provider.id in LOCAL)
        assert (provider.billing is Billing.LOCAL) is here
        assert (provider.key.kind == "none") is here
        assert provider.protocols
        assert provider.dialects.keys() <= set(provider.protocols)
        for model in provider.models:
            assert model.lane
            assert model.display_name
            assert model.price_source
            assert model.context or provider.id in {"gemini", "deepseek"}


@pytest.mark.parametrize("name", [*ADDRESSES, *LOCAL])
def test_where_each_protocol_is_posted(name: str) -> None:
    provider = known_providers()[name]
    spoken = [provider.url(protocol) for protocol in provider.protocols]
    assert spoken == (ADDRESSES | LOCAL)[name]


@pytest.mark.parametrize("name", [*ADDRESSES, *LOCAL])
def test_every_path_moves_with_the_base(name: str) -> None:
    table = {"providers": [{"id": name, "key": "env:A", "base_url": "http://[::1]:9"}]}
    (provider,), problems = read_providers(table, known_providers())
    assert problems == ()
    for protocol in provider.protocols:
        assert provider.url(protocol).startswith("http://[::1]:9/")


def test_where_a_bearer_goes_that_the_protocol_would_not_send() -> None:
    known = known_providers()
    for name in ("openrouter", "fireworks", "zai", "moonshot"):
        assert known[name].auth_style(Protocol.MESSAGES) is AuthStyle.BEARER
    assert known["deepseek"].auth_style(Protocol.MESSAGES) is AuthStyle.X_API_KEY
    assert known["gemini"].auth_style(Protocol.GEMINI) is AuthStyle.X_GOOG_API_KEY


def test_an_address_that_is_each_users_own_has_to_be_given() -> None:
    for given in ({}, {"base_url": known_providers()["cloudflare"].base_url}):
        entry = {"id": "cloudflare", "key": "env:A", **given}
        providers, (problem,) = read_providers(
            {"providers": [entry]}, known_providers()
        )
        assert providers == ()
        assert problem.where == "providers[0].base_url"
        assert "ACCOUNT_ID" in problem.message
        assert "/accounts/ACCOUNT_ID/ai/v1" in problem.hint
    own = "https://api.cloudflare.com/client/v4/accounts/0a1b2c/ai/v1"
    entry = {"id": "cloudflare", "key": "env:A", "base_url": own}
    (provider,), problems = read_providers({"providers": [entry]}, known_providers())
    assert problems == ()
    assert provider.url(Protocol.CHAT) == f"{own}/chat/completions"
    assert provider.fill_in == ""
    assert provider.dialects == known_providers()["cloudflare"].dialects


def test_what_openai_shaped_servers_do_not_take() -> None:
    """The traps of each server that a request of ours must not step into."""
    chat = {
        name: known.dialect(Protocol.CHAT)
        for name, known in known_providers().items()
        if Protocol.CHAT in known.protocols and name != "openai"
    }
    assert len(chat) == 15
    for dialect in chat.values():
        assert not dialect.custom_tools
        assert not dialect.allowed_tools
        assert not dialect.namespaces
        assert not dialect.file_ids
    assert chat["groq"].least_temperature == 1e-8
    assert not chat["groq"].message_names
    assert chat["cerebras"].strict_tools is StrictTools.ALWAYS
    assert chat["mistral"].call_id_length == 9
    assert chat["mistral"].required_word == "any"
    assert not chat["mistral"].user_after_tool
    assert chat["mistral"].seed_field == "random_seed"
    assert chat["deepseek"].reasoning_back is ReasoningBack.TOOL_TURN
    assert not chat["deepseek"].images
    assert chat["xai"].stop_limit == 0
    assert chat["zai"].required_word == ""
    assert chat["openrouter"].reasoning is ReasoningWord.REASONING


def test_ollamas_cloud_models_do_not_run_here() -> None:
    ollama = known_providers()["ollama"]
    for name, place in (
        ("qwen3:8b", Place.THIS_MACHINE),
        ("gpt-oss:120b-cloud", Place.PROVIDER),
        ("kimi-k2:cloud", Place.PROVIDER),
        ("cloud-expert", Place.THIS_MACHINE),
    ):
        assert Route(ollama, None, name, Protocol.OLLAMA).place is place


def test_the_plan_is_a_subscription_nobody_documents() -> None:
    plan = known_providers()["chatgpt"]
    assert plan.billing is Billing.SUBSCRIPTION
    assert "undocumented" in plan.price_source


def test_every_price_has_input_and_output_and_whole_long_ones() -> None:
    for provider in known_providers().values():
        for model in provider.models:
            if model.price is None:
                assert provider.id in {"gemini", "deepseek"}
                assert model.long_price is None
                continue
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


@pytest.mark.parametrize("name", sorted({*ADDRESSES, *LOCAL} - {"cloudflare"}))
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
    with pytest.raises(ValueError, match="fill_in of madeup"):
        read_known([f'fill_in = "NAME"\n{MADE_UP}'])
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
