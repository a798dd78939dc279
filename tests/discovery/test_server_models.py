"""Models, their room and skills come out as each kind of server tells them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import kinds
from servers.double import Double, json_reply
from servers.heard import heard

from discovery import fingerprints as at
from discovery.answers import Answer, Answers
from discovery.findings import ServerKind, ServerModel
from discovery.server_models import base_name, models_of
from proxy.catalogue import Place

HERE, NETWORK, AWAY = Place.THIS_MACHINE, Place.MY_NETWORK, Place.PROVIDER


def told(kind: ServerKind, double: Double) -> tuple[ServerModel, ...]:
    return models_of(kind, heard(double), HERE)


def test_ollama_tells_room_skills_and_what_runs_elsewhere() -> None:
    assert told(ServerKind.OLLAMA, kinds.ollama()) == (
        ServerModel(
            "qwen3:8b",
            HERE,
            loaded=True,
            context=4096,
            longest=40_960,
            tools=True,
            vision=False,
            thinking=True,
        ),
        ServerModel(
            "gemma3:4b",
            HERE,
            longest=40_960,
            tools=False,
            vision=True,
            thinking=False,
        ),
        ServerModel(
            "gpt-oss:120b-cloud",
            AWAY,
            longest=40_960,
            tools=True,
            vision=False,
            thinking=True,
        ),
    )


def test_an_older_ollama_tells_no_skills() -> None:
    listed = {"models": [{"name": "qwen3:8b", "model": "qwen3:8b"}]}
    answers = {**kinds.ollama().answers, "/api/tags": json_reply(listed)}
    (model,) = told(ServerKind.OLLAMA, Double(answers))
    assert (model.tools, model.vision, model.thinking) == (None, None, None)
    assert (model.context, model.longest, model.loaded) == (4096, None, True)


@pytest.mark.parametrize(
    "model",
    [
        {"model": "kimi-k2:1t-cloud"},
        {"model": "glm-5:cloud"},
        {"model": "innocent", "remote_host": "https://ollama.com"},
        {"model": "innocent", "remote_model": "glm-5"},
    ],
)
def test_a_loopback_address_does_not_make_a_cloud_model_local(
    model: dict[str, str],
) -> None:
    answers = {"/api/tags": json_reply({"models": [model]})}
    (found,) = told(ServerKind.OLLAMA, Double(answers))
    assert found.place is AWAY


def test_lm_studio_tells_the_room_that_is_really_there() -> None:
    assert told(ServerKind.LM_STUDIO, kinds.lm_studio()) == (
        ServerModel(
            "qwen/qwen3-coder-30b",
            HERE,
            loaded=True,
            context=4096,
            longest=262_144,
            tools=True,
            vision=False,
        ),
        ServerModel(
            "openai/gpt-oss-20b",
            HERE,
            longest=131_072,
            tools=True,
            vision=False,
            thinking=True,
        ),
    )


@pytest.mark.parametrize(
    ("reasoning", "thinking"),
    [
        (None, None),
        (True, True),
        (False, False),
        ({"allowed_options": ["off"]}, False),
        ({"allowed_options": ["off", "on"]}, True),
    ],
)
def test_lm_studios_word_on_thinking_is_taken(
    reasoning: object, thinking: bool | None
) -> None:
    able = {"vision": False, "trained_for_tool_use": True, "reasoning": reasoning}
    model = {"type": "llm", "key": "a", "loaded_instances": [], "capabilities": able}
    answers = {"/api/v1/models": json_reply({"models": [model]})}
    (found,) = told(ServerKind.LM_STUDIO, Double(answers))
    assert found.thinking is thinking


def test_an_older_lm_studio_tells_it_too() -> None:
    assert told(ServerKind.LM_STUDIO, kinds.old_lm_studio()) == (
        ServerModel(
            "qwen/qwen3-coder-30b", HERE, loaded=True, context=4096, longest=262_144
        ),
    )


def test_llama_cpp_shows_the_name_and_not_the_path() -> None:
    assert told(ServerKind.LLAMA_CPP, kinds.llama_cpp()) == (
        ServerModel(
            "Qwen2.5-Coder-7B-Instruct-Q4_K_M.gguf",
            HERE,
            loaded=True,
            context=65_536,
            longest=131_072,
            tools=True,
            vision=False,
        ),
    )


def test_a_router_of_llama_cpps_tells_which_are_loaded() -> None:
    assert told(ServerKind.LLAMA_CPP, kinds.llama_cpp_router()) == (
        ServerModel("qwen3-8b", HERE, loaded=True),
        ServerModel("gpt-oss-20b", HERE),
    )


def test_what_llama_cpp_serves_without_text_is_no_model_for_prompts() -> None:
    model = {"id": "flux", "architecture": {"output_modalities": ["image"]}}
    answers = {"/v1/models": json_reply({"object": "list", "data": [model]})}
    assert told(ServerKind.LLAMA_CPP, Double(answers)) == ()


def test_a_sleeping_llama_cpp_is_not_loaded() -> None:
    answers = {
        "/props": json_reply({"is_sleeping": True}),
        "/v1/models": kinds.openai_list("qwen", owner="llamacpp"),
    }
    (model,) = told(ServerKind.LLAMA_CPP, Double(answers))
    assert not model.loaded


def test_vllm_tells_its_room() -> None:
    assert told(ServerKind.VLLM, kinds.vllm()) == (
        ServerModel("Qwen/Qwen3-32B", HERE, loaded=True, context=131_072),
    )


def test_localai_tells_skills_and_which_do_not_chat() -> None:
    assert told(ServerKind.LOCALAI, kinds.localai()) == (
        ServerModel("qwen3-8b", HERE, tools=True, vision=False, thinking=False),
    )
    answers = dict(kinds.localai().answers)
    del answers["/v1/models/capabilities"]
    names = [each.id for each in told(ServerKind.LOCALAI, Double(answers))]
    assert names == ["qwen3-8b", "whisper-1"]


def test_of_all_others_only_names_are_known() -> None:
    double = Double({"/v1/models": kinds.openai_list("a/b", "bge-reranker", "c d")})
    assert models_of(ServerKind.UNKNOWN, heard(double), NETWORK) == (
        ServerModel("a/b", NETWORK),
    )


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("/home/mara/m/q.gguf", "q.gguf"),
        ("./m/q.gguf", "q.gguf"),
        ("~/q.gguf", "q.gguf"),
        (r"C:\models\q.gguf", "q.gguf"),
        ("C:/models/q.gguf", "q.gguf"),
        (r"\\box\models\q.gguf", "q.gguf"),
        ("Qwen/Qwen3-32B", "Qwen/Qwen3-32B"),
        ("qwen3:8b", "qwen3:8b"),
    ],
)
def test_a_path_is_cut_and_a_name_is_not(model_id: str, name: str) -> None:
    assert base_name(model_id) == name


_KINDS: list[Callable[[], Double]] = [
    kinds.ollama,
    kinds.lm_studio,
    kinds.llama_cpp,
    kinds.vllm,
    kinds.localai,
]
_LISTS = [at.MODELS, at.TAGS, at.RUNNING, at.STUDIO, at.OLD_STUDIO, at.ABILITIES]


@given(
    st.sampled_from(list(ServerKind)),
    st.dictionaries(
        st.sampled_from([*_LISTS, at.PROPS]),
        st.sampled_from(
            [reply.body for make in _KINDS for reply in make().answers.values()]
        ),
    ),
)
def test_answers_at_any_path_are_read_or_left(
    kind: ServerKind, bodies: dict[str, bytes]
) -> None:
    answers = Answers(
        {path: Answer(200, "application/json", body) for path, body in bodies.items()}
    )
    for model in models_of(kind, answers, HERE):
        assert model.id
        assert model.id.isprintable()
