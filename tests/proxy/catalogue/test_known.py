import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import resources
from proxy.catalogue import (
    ASSUMED,
    AuthStyle,
    Billing,
    LimitsDialect,
    Place,
    Privacy,
    Provider,
    Route,
    Safety,
    catalogue_of,
    known_providers,
    read_known,
    read_providers,
    repriced,
)
from proxy.catalogue.address import is_loopback, origin
from proxy.catalogue.amounts import USER_SOURCE
from proxy.catalogue.models import CLASSES
from proxy.model import Protocol, Usage
from proxy.money import Price, cost_nano
from proxy.prices.rates import Rate, Rates
from proxy.prices.snapshot import price_snapshot
from proxy.routing.facts import RouteClass
from proxy.wire.dialect import ReasoningBack, ReasoningWord, StrictTools

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
VERTEX = "https://aiplatform.googleapis.com/v1/projects/PROJECT_ID/locations/global"
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
    "azure": [
        "https://RESOURCE.services.ai.azure.com/openai/v1/responses",
        "https://RESOURCE.services.ai.azure.com/openai/v1/chat/completions",
        "https://RESOURCE.services.ai.azure.com/anthropic/v1/messages",
    ],
    "bedrock": [
        "https://bedrock-mantle.REGION.api.aws/anthropic/v1/messages",
        "https://bedrock-mantle.REGION.api.aws/v1/responses",
        "https://bedrock-mantle.REGION.api.aws/v1/chat/completions",
    ],
    "vertex": [
        f"{VERTEX}/endpoints/openapi/chat/completions",
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
GONE = {"github-models"}
ABLE = [*ADDRESSES, *LOCAL]
FILLED_IN = {"cloudflare", "azure", "bedrock", "vertex"}
# Who resells or hosts what others make may not say how long a prompt may be.
NO_CONTEXT = {"cloudflare", "fireworks", "mistral"}

MADE_UP = """
id = "madeup"
base_url = "https://api.madeup.example"
protocols = ["openai-chat"]
key = "none"
[[models]]
id = "m"
quality = 70
codex_safe = "no"
price = { input = "1", output = "2" }
[provenance]
source = "a test"
source_type = "manual-review"
date = "2026-01-02"
"""


def test_the_known_providers_are_complete() -> None:
    known = known_providers()
    assert known.keys() == {*ABLE, *GONE}
    for name in ABLE:
        provider = known[name]
        assert provider.gone == ""
        assert provider.any_model or provider.models
        assert provider.price_source
        here = provider.place is Place.THIS_MACHINE
        assert here is is_loopback(provider.base_url) is (provider.id in LOCAL)
        assert (provider.billing is Billing.LOCAL) is here
        assert (provider.key.kind == "none") is here
        assert provider.protocols
        assert provider.dialects.keys() <= set(provider.protocols)
        assert provider.privacy is not None
        assert (provider.privacy is Privacy.LOCAL) is here
        assert provider.compatibility.source == "manual-review, 2026-11-21"
        for model in provider.models:
            assert model.lane
            assert model.display_name
            assert model.price_source
            assert model.context or provider.id in NO_CONTEXT


@pytest.mark.parametrize("name", ABLE)
def test_a_probe_is_a_free_request_to_the_same_server(name: str) -> None:
    provider = known_providers()[name]
    assert provider.probe_url in {"", f"{provider.base_url}{provider.probe}"}
    if provider.probe:
        assert origin(provider.probe_url) == origin(provider.base_url)
        spoken = {provider.url(each) for each in provider.protocols}
        assert provider.probe_url not in spoken - {provider.url(Protocol.GEMINI)}


def test_each_dialect_of_limits_is_somebodys() -> None:
    told = {provider.limits for provider in known_providers().values()}
    assert told == set(LimitsDialect)


def test_what_a_model_does_agrees_with_what_its_server_takes() -> None:
    for provider in known_providers().values():
        for model in (None, *provider.models):
            does = model.compatibility if model else provider.compatibility
            dialect = provider.dialect(provider.protocols[0])
            if provider.id != "deepseek":  # whose Messages layer takes more
                assert not (does.forced_tools and not dialect.forced_tool)
            assert does.source


def test_who_is_safe_with_which_client() -> None:
    """A registry of judgements: the ones that routing hangs on stand here too."""
    known = known_providers()
    safe = {
        f"{provider.id}/{model.id}": (
            model.compatibility.claude_code,
            model.compatibility.codex,
        )
        for provider in known.values()
        for model in provider.models
    }
    yes, tried, no = Safety
    assert safe["anthropic/claude-opus-5-5"] == (yes, yes)
    assert safe["anthropic/claude-haiku-5-5"] == (yes, tried)
    assert safe["openai/gpt-6.1-sol"] == (yes, yes)
    assert safe["openai/gpt-5-nano"] == (no, tried)
    assert safe["gemini/gemini-4-argon"] == (yes, yes)
    assert safe["groq/openai/gpt-oss-120b"] == (tried, tried)
    assert safe["groq/llama-3.1-8b-instant"] == (no, no)
    for name in (*LOCAL, "groq", "cerebras", "together", "cloudflare", "openrouter"):
        assert known[name].compatibility.claude_code is tried
        assert known[name].compatibility.codex is tried


def test_lanes_and_qualities_agree() -> None:
    """A quality that is named stays near its tier, and says who judged."""
    least = {"small": 0, "standard": 50, "premium": 85}
    most = {"small": 50, "standard": 84, "premium": 100}
    for provider in known_providers().values():
        for model in provider.models:
            tier = (model.lane or "").rpartition("/")[2]
            judged = model.quality is not None or bool(model.class_quality)
            assert bool(model.quality_source) is judged
            if model.quality is not None:
                assert least[tier] <= model.quality <= most[tier], model.id
            assert all(0 <= value <= 100 for _, value in model.class_quality)


def test_the_classes_are_those_of_routing() -> None:
    assert set(CLASSES) == set(RouteClass)


@pytest.mark.parametrize("name", ABLE)
def test_where_each_protocol_is_posted(name: str) -> None:
    provider = known_providers()[name]
    spoken = [provider.url(protocol) for protocol in provider.protocols]
    assert spoken == (ADDRESSES | LOCAL)[name]


@pytest.mark.parametrize("name", ABLE)
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
        if Protocol.CHAT in known.protocols and name not in {"openai", "azure"}
    }
    assert len(chat) == 18
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


TRACKED = (
    "anthropic/claude-haiku-5-5",
    "anthropic/claude-haiku-4-5",
    "anthropic/claude-sonnet-5-5",
    "anthropic/claude-sonnet-5",
    "anthropic/claude-sonnet-4-5",
    "anthropic/claude-opus-5-5",
    "anthropic/claude-opus-5",
    "anthropic/claude-opus-4-8",
    "anthropic/claude-opus-4-7",
    "anthropic/claude-opus-4-6",
    "anthropic/claude-fable-5-2",
    "gemini/gemini-4-argon",
    "gemini/gemini-3.1-pro-preview",
    "gemini/gemini-3-pro-preview",
    "gemini/gemini-3.8-flash",
    "gemini/gemini-3.7-flash",
    "gemini/gemini-3.6-flash",
    "gemini/gemini-3.5-flash",
    "gemini/gemini-3.5-flash-lite",
    "openai/gpt-6.1-sol",
    "openai/gpt-6.1-terra",
    "openai/gpt-6-sol",
    "openai/gpt-6-luna",
    "openai/gpt-6-astra",
    "openai/gpt-5.6-sol",
    "openai/gpt-5.6-terra",
    "openai/gpt-5.6-luna",
    "openai/gpt-5.5",
    "openai/gpt-5.4",
    "openai/gpt-5.3-codex",
    "openai/gpt-5.2",
    "openai/gpt-5.1",
    "openai/gpt-5",
    "openai/gpt-5-mini",
    "openai/gpt-5-nano",
    "groq/openai/gpt-oss-120b",
    "groq/openai/gpt-oss-20b",
)


@pytest.mark.parametrize("name", TRACKED)
def test_what_must_be_tracked_is(name: str) -> None:
    provider, _, model_id = name.partition("/")
    model = known_providers()[provider].find_model(model_id)
    assert model is not None
    assert model.rates is not None
    price = model.rates.price(1000, NOON)
    assert price is not None
    assert price.input
    assert price.output


def test_every_listed_model_is_tracked_under_its_own_id() -> None:
    for provider in known_providers().values():
        for model in provider.models:
            assert model.rates is not None, f"{provider.id}/{model.id}"
            assert model.rates.source != USER_SOURCE
            priced = model.rates.priced_as
            assert priced.lower() == model.id.rpartition("models/")[2].lower() or (
                f"-{priced}-" in f"-{model.id}-" or model.id.startswith(priced)
            )


def test_no_shipped_file_has_a_price_of_its_own() -> None:
    for name in resources.names("providers"):
        table = tomllib.loads(resources.text(name))
        for model in table.get("models", []):
            assert not {"price", "long_price"} & model.keys()


def test_a_worked_cost() -> None:
    """The worked check of the price notes: 0.02167 dollars."""
    usage = Usage(
        input_tokens=10,
        cache_read_tokens=1000,
        cache_write_tokens=300,
        cache_write_1h_tokens=200,
        output_tokens=50,
        web_searches=2,
    )
    route = way("claude-sonnet-5-5")
    assert cost_nano(usage, route.price_for(usage, NOON)) == 21_670_000


def test_a_long_haiku_prompt_costs_five_times_as_much() -> None:
    route = way("claude-haiku-5-5-20260801")
    short = route.price_for(Usage(input_tokens=100_000), NOON)
    long = route.price_for(Usage(input_tokens=1, cache_read_tokens=100_000), NOON)
    assert short is not None
    assert long is not None
    assert (short.output, long.output) == (Decimal("0.50"), Decimal("2.50"))


def way(name: str) -> Route:
    anthropic = known_providers()["anthropic"]
    return Route(anthropic, anthropic.find_model(name), name, Protocol.MESSAGES)


def test_the_chatgpt_plan_shows_the_platforms_list_prices() -> None:
    known = known_providers()
    assert known["chatgpt"].models == known["openai"].models


@pytest.mark.parametrize("name", sorted({*ABLE} - FILLED_IN))
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
    judged = known["madeup"].models[0]
    assert judged.quality_source == "manual-review, 2026-01-02"
    assert judged.compatibility == replace(
        ASSUMED, codex=Safety.NO, source="manual-review, 2026-01-02"
    )


def test_a_faulty_shipped_file_raises() -> None:
    with pytest.raises(ValueError, match="fill_in of madeup"):
        read_known([f'fill_in = "NAME"\n{MADE_UP}'])
    with pytest.raises(ValueError, match="protocols"):
        read_known([MADE_UP.replace("openai-chat", "openai-chatt")])
    with pytest.raises(ValueError, match="source_type"):
        read_known([MADE_UP.replace("manual-review", "hearsay")])
    with pytest.raises(TypeError, match="provenance"):
        read_known([MADE_UP.split("[provenance]", maxsplit=1)[0]])


def test_shipped_files_are_named_by_their_id() -> None:
    for name in resources.names("providers"):
        assert f"providers/{tomllib.loads(resources.text(name))['id']}.toml" == name


def test_the_snapshot_is_the_shipped_one_unless_the_user_has_prices() -> None:
    known = tuple(known_providers().values())
    snapshot = catalogue_of(known).snapshot
    assert snapshot == price_snapshot().id == catalogue_of(()).snapshot
    assert catalogue_of(known[::-1]).snapshot == snapshot
    first = known[0].models[0]
    own = Rates((Rate(Price(input=Decimal(1))),), USER_SOURCE)
    changed = with_rates(known, first.id, own)
    named = catalogue_of(changed).snapshot
    assert named.startswith(f"{snapshot}+")
    assert catalogue_of(changed[::-1]).snapshot == named
    dearer = replace(own, entries=(Rate(Price(input=Decimal(2))),))
    assert catalogue_of(with_rates(known, first.id, dearer)).snapshot != named
    moved = tuple(replace(p, base_url="http://127.0.0.1:1") for p in changed)
    assert catalogue_of(moved).snapshot == named
    assert catalogue_of(changed, "refreshed").snapshot.startswith("refreshed+")


def with_rates(
    providers: tuple[Provider, ...], model_id: str, rates: Rates
) -> tuple[Provider, ...]:
    """The first provider's model with other prices."""
    first, *rest = providers
    models = tuple(
        replace(each, rates=rates) if each.id == model_id else each
        for each in first.models
    )
    return (replace(first, models=models), *rest)


def test_another_snapshot_leaves_no_old_price_behind() -> None:
    only = Rates((Rate(Price(input=Decimal(7))),), USER_SOURCE, "gpt-6-sol")

    def rates(provider_id: str, model_id: str) -> Rates | None:
        return only if (provider_id, model_id) == ("openai", "gpt-6-sol") else None

    known = repriced(known_providers(), rates)
    found = {
        (provider.id, model.id)
        for provider in known.values()
        for model in provider.models
        if model.rates is not None
    }
    assert found == {("openai", "gpt-6-sol"), ("chatgpt", "gpt-6-sol")}
