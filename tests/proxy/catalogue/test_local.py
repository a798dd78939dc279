import json
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.catalogue import FoundModel, Place
from proxy.catalogue.found import Found
from proxy.catalogue.local import (
    llama_cpp_models,
    lm_studio_models,
    ollama_models,
    vllm_models,
)


def told(value: object) -> bytes:
    return json.dumps(value).encode()


NOTHING = told({"models": []})
TAGS = told(
    {
        "models": [
            {
                "name": "qwen3:8b",
                "model": "qwen3:8b",
                "size": 5,
                "details": {"family": "qwen3", "context_length": 40960},
                "capabilities": ["completion", "tools"],
            },
            {
                "name": "gpt-oss:120b-cloud",
                "model": "gpt-oss:120b-cloud",
                "remote_model": "gpt-oss:120b",
                "remote_host": "https://ollama.com:443",
            },
        ]
    }
)
RUNNING = told(
    {"models": [{"name": "qwen3:8b", "model": "qwen3:8b", "context_length": 4096}]}
)


def test_ollama_says_how_much_room_there_is_and_who_runs_it() -> None:
    assert ollama_models(TAGS, RUNNING) == {
        "qwen3:8b": FoundModel(context=4096, tools=True, vision=False),
        "gpt-oss:120b-cloud": FoundModel(place=Place.PROVIDER),
    }


def test_what_a_model_could_have_at_most_is_not_its_room() -> None:
    assert ollama_models(TAGS, NOTHING)["qwen3:8b"].context is None


def test_a_running_model_that_is_not_listed_counts() -> None:
    assert ollama_models(NOTHING, RUNNING) == {"qwen3:8b": FoundModel(context=4096)}


def test_lm_studio_names_the_room_of_what_is_loaded() -> None:
    answer = told(
        {
            "models": [
                {
                    "type": "llm",
                    "key": "qwen/qwen3-8b",
                    "max_context_length": 131072,
                    "loaded_instances": [
                        {"id": "a", "config": {"context_length": 16384}},
                        {"id": "a:2", "config": {"context_length": 4096}},
                    ],
                    "capabilities": {"vision": False, "trained_for_tool_use": True},
                },
                {"type": "llm", "key": "idle", "loaded_instances": []},
                {"type": "embedding", "key": "nomic", "loaded_instances": []},
            ]
        }
    )
    assert lm_studio_models(answer) == {
        "qwen/qwen3-8b": FoundModel(context=4096, tools=True, vision=False),
        "idle": FoundModel(),
    }


def test_an_old_lm_studio_is_understood_too() -> None:
    answer = told(
        {
            "object": "list",
            "data": [
                {
                    "id": "qwen3-8b",
                    "type": "vlm",
                    "state": "loaded",
                    "max_context_length": 131072,
                    "loaded_context_length": 8192,
                    "capabilities": ["tool_use"],
                },
                {"id": "idle", "type": "llm", "state": "not-loaded"},
                {"id": "nomic", "type": "embeddings", "state": "loaded"},
            ],
        }
    )
    assert lm_studio_models(answer) == {
        "qwen3-8b": FoundModel(context=8192, tools=True, vision=True),
        "idle": FoundModel(),
    }


def test_a_path_that_lm_studio_does_not_know_tells_nothing() -> None:
    assert lm_studio_models(told({"error": "Unexpected endpoint or method."})) == {}


PROPS = told(
    {
        "default_generation_settings": {"n_ctx": 8192},
        "total_slots": 2,
        "modalities": {"vision": True, "audio": False},
    }
)


def test_llama_cpp_s_room_is_that_of_one_slot() -> None:
    listed = told(
        {"data": [{"id": "m.gguf", "meta": {"n_ctx_train": 262144}}], "object": "list"}
    )
    assert llama_cpp_models(PROPS, listed) == {
        "m.gguf": FoundModel(context=8192, vision=True)
    }
    assert llama_cpp_models(told({"role": "router"}), listed) == {
        "m.gguf": FoundModel()
    }


def test_a_router_s_models_have_not_all_the_same_room() -> None:
    listed = told({"data": [{"id": "a"}, {"id": "b"}]})
    assert llama_cpp_models(PROPS, listed) == {"a": FoundModel(), "b": FoundModel()}


def test_vllm_lists_its_room() -> None:
    listed = told(
        {"data": [{"id": "Qwen/Qwen3-8B", "owned_by": "vllm", "max_model_len": 40960}]}
    )
    assert vllm_models(listed) == {"Qwen/Qwen3-8B": FoundModel(context=40960)}


def test_a_number_or_name_that_cannot_be_one_is_left_out() -> None:
    wild = [{"id": "m", "max_model_len": each} for each in (0, -1, 10**12)]
    for model in wild:
        assert vllm_models(told({"data": [model]})) == {"m": FoundModel()}
    for name in ("", "a b", "a\nb", "x" * 300, "é"):
        assert vllm_models(told({"data": [{"id": name}]})) == {}


READERS: list[Callable[[bytes], Found]] = [
    lambda data: ollama_models(data, data),
    partial(ollama_models, TAGS),
    lm_studio_models,
    lambda data: llama_cpp_models(data, data),
    vllm_models,
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["models", "data", "id", "key", "context_length"])
            | st.text(),
            inner,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("reader", READERS)
@given(data=st.binary() | JSON.map(told))
def test_no_answer_raises(reader: Callable[[bytes], Found], data: bytes) -> None:
    for name, model in reader(data).items():
        assert name
        assert model.context is None or model.context > 0


@pytest.mark.parametrize("reader", READERS)
def test_a_very_deep_answer_does_not_raise(reader: Callable[[bytes], Found]) -> None:
    reader(b'{"models": ' + b"[" * 100_000)
