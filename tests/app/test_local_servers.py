"""What answers of model servers make of a catalogue; nobody is asked."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.local_servers import SERVERS, Told, billions_in, server_of, with_told
from proxy.catalogue import Catalogue, Model, Place, Provider, known_providers
from proxy.model import Protocol

KNOWN = known_providers()
OLLAMA = KNOWN["ollama"]


def read(kind: str, *answers: object) -> Told:
    return SERVERS[kind].read(tuple(json.dumps(each).encode() for each in answers))


def listed(provider: Provider, told: Told) -> dict[str, Model]:
    (seen,) = with_told(Catalogue((provider,), "s"), {provider.id: told}).providers
    return {model.id: model for model in seen.models}


def tag(name: str, size: str = "", **more: object) -> dict[str, object]:
    return {"name": name, "model": name, "details": {"parameter_size": size}, **more}


# --- who is asked ---------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVERS)
def test_each_kind_is_a_known_provider_on_this_machine(name: str) -> None:
    assert server_of(KNOWN[name]) is SERVERS[name]


def test_another_account_of_a_known_server_is_asked_like_it() -> None:
    """`like = "vllm"` in the user's file."""
    second = replace(KNOWN["vllm"], id="rig", priced_as="vllm")
    assert server_of(second) is SERVERS["vllm"]


def test_who_speaks_ollamas_own_protocol_is_asked_like_ollama() -> None:
    own = replace(OLLAMA, id="mine", place=Place.MY_NETWORK)
    assert server_of(own) is SERVERS["ollama"]


def test_nobody_else_is_asked() -> None:
    assert server_of(replace(OLLAMA, place=Place.PROVIDER)) is None
    chat = replace(OLLAMA, id="mine", protocols=(Protocol.CHAT,))
    assert server_of(chat) is None
    assert server_of(KNOWN["openai"]) is None


# --- what becomes a route -------------------------------------------------------------


def test_a_loaded_model_is_listed_with_its_room_and_a_lane_by_its_size() -> None:
    tags = {"models": [tag("qwen3:8b", "8.2B"), tag("devstral", "23.6B")]}
    tags["models"].append(tag("big", "32.8B"))
    names = ("qwen3:8b", "devstral", "big")
    running = {"models": [{"model": n, "context_length": 8192} for n in names]}
    models = listed(OLLAMA, read("ollama", tags, running))
    assert {n: models[n].lane for n in names} == {
        "qwen3:8b": "local/small",
        "devstral": "local/small",
        "big": "local/standard",
    }
    assert {models[n].context for n in names} == {8192}


def test_a_model_whose_room_is_unknown_has_no_lane() -> None:
    """Ollama may cut its prompts short: it is not taken for good enough."""
    models = listed(OLLAMA, read("ollama", {"models": [tag("qwen3:8b")]}, {}))
    assert (models["qwen3:8b"].context, models["qwen3:8b"].lane) == (None, None)


def test_a_model_that_another_host_runs_has_no_lane_here() -> None:
    tags = {"models": [tag("innocent", "480B", remote_host="https://ollama.com")]}
    running = {"models": [{"model": "innocent", "context_length": 262144}]}
    models = listed(OLLAMA, read("ollama", tags, running))
    assert models["innocent"].place is Place.PROVIDER
    assert models["innocent"].lane is None


def test_models_that_only_embed_are_no_routes() -> None:
    tags = {
        "models": [
            tag("nomic-embed-text:latest"),
            tag("bge", capabilities=["embedding"]),
            tag("embedded-coder", capabilities=["completion", "tools"]),
        ]
    }
    models = listed(OLLAMA, read("ollama", tags, {"models": []}))
    assert list(models) == ["embedded-coder"]


def test_what_the_user_wrote_down_keeps_its_lane_and_gets_the_room() -> None:
    own = replace(OLLAMA, models=(Model("qwen3", lane="mine/premium", context=99),))
    tags = {"models": [tag("qwen3:latest", "8B")]}
    running = {"models": [{"model": "qwen3:latest", "context_length": 4096}]}
    models = listed(own, read("ollama", tags, running))
    assert list(models) == ["qwen3"]
    assert (models["qwen3"].lane, models["qwen3"].context) == ("mine/premium", 4096)


def test_a_llama_server_serves_its_model_under_the_users_name() -> None:
    props = {"default_generation_settings": {"n_ctx": 16384}}
    models = {"data": [{"id": "/m/qwen.gguf", "meta": {"n_params": 30_500_000_000}}]}
    told = read("llamacpp", props, models)
    own = replace(KNOWN["llamacpp"], models=(Model("local", context=131072),))
    assert listed(own, told) == {"local": Model("local", context=16384)}
    found = listed(KNOWN["llamacpp"], told)["/m/qwen.gguf"]
    assert (found.context, found.lane) == (16384, "local/standard")


@pytest.mark.parametrize("old", [False, True])
def test_lm_studio_tells_in_the_new_way_or_in_the_old(old: bool) -> None:
    new = {
        "models": [
            {
                "key": "qwen",
                "type": "llm",
                "params_string": "32B",
                "loaded_instances": [{"id": "q", "config": {"context_length": 9000}}],
            }
        ]
    }
    v0 = {"data": [{"id": "qwen", "state": "loaded", "loaded_context_length": 9000}]}
    unknown = {"error": "Unexpected endpoint or method. (GET /api/v1/models)"}
    told = read("lmstudio", unknown, v0) if old else read("lmstudio", new, unknown)
    model = listed(KNOWN["lmstudio"], told)["qwen"]
    assert model.context == 9000
    assert model.lane == ("local/small" if old else "local/standard")


def test_vllm_and_localai_list_what_they_have() -> None:
    told = read("vllm", {"data": [{"id": "Qwen2.5-32B", "max_model_len": 32768}]})
    model = listed(KNOWN["vllm"], told)["Qwen2.5-32B"]
    assert (model.context, model.lane) == (32768, "local/standard")
    told = read("localai", {"data": [{"id": "phi"}, {"id": "bge-reranker"}]})
    assert list(listed(KNOWN["localai"], told)) == ["phi"]


def test_nothing_told_leaves_the_catalogue_as_it_is() -> None:
    catalogue = Catalogue((OLLAMA, KNOWN["groq"]), "s")
    assert with_told(catalogue, {}) is catalogue
    assert with_told(catalogue, {"groq": Told({})}) is catalogue


def test_a_provider_that_told_nothing_stays_as_it_is() -> None:
    catalogue = Catalogue((KNOWN["groq"], OLLAMA), "s")
    told = read("ollama", {"models": [tag("qwen3:8b")]}, {"models": []})
    groq, ollama = with_told(catalogue, {"ollama": told}).providers
    assert groq is KNOWN["groq"]
    assert [model.id for model in ollama.models] == ["qwen3:8b"]


# --- sizes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "billions"),
    [
        ("qwen3:8b", 8.0),
        ("Qwen2.5-Coder-32B-Instruct", 32.0),
        ("qwen3:30b-a3b", 30.0),
        ("gemma3:270m", 0.27),
        ("gpt-oss-120b", 120.0),
        ("0.5B", 0.5),
        ("llama3.1", None),
        ("mixtral-8x7b", None),
        ("v2b", None),
        ("", None),
    ],
)
def test_a_size_is_read_where_one_stands(text: str, billions: float | None) -> None:
    assert billions_in(text) == billions


@given(st.sampled_from(sorted(SERVERS)), st.binary(max_size=200))
def test_no_answer_raises(kind: str, answer: bytes) -> None:
    server = SERVERS[kind]
    assert server.read(tuple(answer for _ in server.paths)).found == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["models", "data", "id", "key", "model", "details"]),
            inner,
            max_size=3,
        )
    ),
)


@given(st.sampled_from(sorted(SERVERS)), JSON)
def test_no_json_raises(kind: str, answer: object) -> None:
    server = SERVERS[kind]
    told = read(kind, *(answer for _ in server.paths))
    with_told(Catalogue((KNOWN[kind],), "s"), {kind: told})
