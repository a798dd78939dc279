"""Who answers is told by what he says, and who only looks like it is nobody."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import kinds
from servers.double import Double, Reply, json_reply, plain
from servers.heard import heard

from discovery.answers import Answer, Answers
from discovery.findings import Confidence, ServerKind, ServerState
from discovery.fingerprints import (
    FIRST,
    LAST,
    LOCALAI,
    NEXT,
    PROPS,
    identify,
    is_ourselves,
)

READY, STARTING, NEEDS_KEY = ServerState
SURE, LIKELY, HINT = Confidence

Made = Callable[[], Double]


def starting_localai() -> Double:
    return kinds.localai(starting=True)


def older_localai() -> Double:
    return kinds.localai(well_known=False)


@pytest.mark.parametrize(
    ("make", "kind", "name", "version", "state", "confidence"),
    [
        (kinds.localai, "localai", "LocalAI", "3.8.0", READY, SURE),
        (starting_localai, "localai", "LocalAI", "3.8.0", STARTING, SURE),
        (older_localai, "localai", "LocalAI", "", READY, LIKELY),
        (kinds.koboldcpp, "koboldcpp", "KoboldCpp", "1.101", READY, SURE),
        (kinds.jan, "jan", "Jan", "", NEEDS_KEY, SURE),
        (kinds.open_webui, "open-webui", "Open WebUI", "0.12.4", READY, SURE),
        (kinds.llama_cpp, "llamacpp", "llama.cpp", "b9402", READY, SURE),
        (kinds.llama_cpp_router, "llamacpp", "llama.cpp", "b9402", READY, SURE),
        (kinds.loading_llama_cpp, "llamacpp", "llama.cpp", "", STARTING, SURE),
        (kinds.lm_studio, "lmstudio", "LM Studio", "", READY, SURE),
        (kinds.old_lm_studio, "lmstudio", "LM Studio", "", READY, SURE),
        (kinds.empty_lm_studio, "lmstudio", "LM Studio", "", READY, LIKELY),
        (kinds.locked_lm_studio, "lmstudio", "LM Studio", "", NEEDS_KEY, LIKELY),
        (kinds.litellm, "litellm", "LiteLLM", "1.109.1", NEEDS_KEY, SURE),
        (kinds.vllm, "vllm", "vLLM", "0.21.1", READY, SURE),
        (kinds.locked_vllm, "vllm", "vLLM", "0.21.1", NEEDS_KEY, LIKELY),
        (kinds.ollama, "ollama", "Ollama", "0.40.2", READY, SURE),
        (
            kinds.text_generation_webui,
            "text-generation-webui",
            "text-generation-webui",
            "",
            READY,
            SURE,
        ),
        (kinds.tabby_api, "tabbyapi", "TabbyAPI", "", NEEDS_KEY, LIKELY),
        (
            kinds.llama_cpp_behind_a_proxy,
            "llamacpp",
            "llama.cpp",
            "",
            READY,
            LIKELY,
        ),
        (
            kinds.claude_code_router,
            "openai-compatible",
            "claude-code-router",
            "1.0.51",
            READY,
            LIKELY,
        ),
        (
            kinds.sglang,
            "openai-compatible",
            "OpenAI-compatible server",
            "",
            READY,
            LIKELY,
        ),
    ],
)
def test_every_kind_is_told_from_all_others(
    make: Made,
    kind: str,
    name: str,
    version: str,
    state: ServerState,
    confidence: Confidence,
) -> None:
    who = identify(heard(make()))
    assert who is not None
    assert (who.kind, who.name, who.version) == (ServerKind(kind), name, version)
    assert (who.state, who.confidence) == (state, confidence)


@pytest.mark.parametrize(
    "make",
    [
        kinds.html_everywhere,
        kinds.unrelated_app,
        kinds.json_for_all,
        kinds.guarded_app,
        kinds.redirecting,
        kinds.list_in_html,
        kinds.our_gateway,
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_who_only_stands_at_a_usual_port_is_nobody(make: Made, named: bool) -> None:
    assert identify(heard(make(), named=named)) is None


def test_nobody_is_asked_what_may_cost() -> None:
    asked = {FIRST, *NEXT, LAST}
    assert "/health" not in asked
    assert not any("?" in path for path in asked)


@pytest.mark.parametrize("silent", [LOCALAI, PROPS])
def test_ollama_is_not_named_while_one_of_its_imitators_may_be_it(silent: str) -> None:
    """A slow LocalAI would else be called Ollama, and lose its skills and its room."""
    who = identify(heard(kinds.ollama(), silent))
    assert who is not None
    assert who.kind is ServerKind.UNKNOWN


@pytest.mark.parametrize("version", ["0.9.6", "0.13.3", "0.40.11-rc1", "1.0.0"])
def test_every_release_of_ollama_is_known(version: str) -> None:
    who = identify(heard(kinds.ollama(version)))
    assert who is not None
    assert (who.kind, who.version) == (ServerKind.OLLAMA, version)


def test_an_empty_ollama_is_one_too() -> None:
    double = kinds.ollama()
    none = json_reply({"models": []})
    bare = json_reply({"object": "list", "data": []})
    answers = {**double.answers, "/api/tags": none, "/v1/models": bare}
    who = identify(heard(Double(answers)))
    assert who is not None
    assert who.kind is ServerKind.OLLAMA


def test_the_greeting_alone_proves_nothing() -> None:
    assert identify(heard(Double({"/": plain("Ollama is running")}))) is None


def test_lemonade_serves_a_path_of_lm_studios_and_is_not_called_so() -> None:
    listed = kinds.openai_list("Qwen3-8B-GGUF")
    answers = {"/api/v1/models": listed, "/v1/models": listed}
    who = identify(heard(Double(answers)))
    assert who is not None
    assert who.kind is ServerKind.UNKNOWN


def test_words_for_any_path_need_a_list_beside_them() -> None:
    """Else every program that says the same of unknown paths would be LM Studio."""
    told = json_reply({"error": "Unexpected endpoint or method. (GET /x)"})
    assert identify(heard(Double(otherwise=told))) is None


def test_a_guarded_server_counts_only_where_the_user_named_it() -> None:
    refused = json_reply({"error": {"message": "No key."}}, 401)
    double = Double({"/v1/models": refused})
    assert identify(heard(double)) is None
    who = identify(heard(double, named=True))
    assert who is not None
    assert (who.kind, who.state, who.confidence) == (
        ServerKind.UNKNOWN,
        NEEDS_KEY,
        HINT,
    )


def test_an_empty_list_counts_only_where_the_user_named_it() -> None:
    double = Double({"/v1/models": kinds.openai_list()})
    assert identify(heard(double)) is None
    assert identify(heard(double, named=True)) is not None


def test_an_open_tabby_is_known_by_the_one_model_it_has() -> None:
    model = {"id": "Qwen3-8B-exl3", "object": "model", "parameters": {}}
    answers = {"/v1/model": json_reply(model), "/v1/models": kinds.openai_list("a")}
    who = identify(heard(Double(answers)))
    assert who is not None
    assert (who.kind, who.state) == (ServerKind.TABBY_API, READY)


def test_a_version_that_is_none_is_not_shown() -> None:
    sly = json_reply({"version": "1.0\x1b[31m", "deployment_id": None})
    who = identify(heard(Double({"/api/version": sly})))
    assert who is not None
    assert who.version == ""


def test_we_know_ourselves() -> None:
    assert is_ourselves(heard(kinds.our_gateway()))
    assert not is_ourselves(heard(kinds.ollama()))
    marked = {FIRST: Answer(200, server="Turnout/0.1")}
    assert is_ourselves(Answers(marked))
    assert not is_ourselves(Answers({}))


def test_our_own_list_of_models_is_no_find() -> None:
    listed = kinds.openai_list("claude-sonnet-4-5", owner="anthropic")
    ours = Reply(200, listed.kind, listed.body, (("Server", "Turnout"),))
    assert identify(heard(Double({"/v1/models": ours}))) is None


_BODY = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"{}",
            b"[]",
            b"null",
            b'{"models":[{}]}',
            b'{"data":[{"id":3}]}',
            b'{"version":1}',
            b'{"error":"Loading model"}',
            b"[" * 3000,
        ]
    ),
)
_ANSWER = st.builds(
    Answer,
    st.sampled_from([200, 302, 401, 404, 503]),
    st.sampled_from(["", "application/json", "text/html"]),
    _BODY,
)


@given(st.dictionaries(st.sampled_from([FIRST, *NEXT, LAST]), _ANSWER), st.booleans())
def test_whatever_is_answered_is_judged(
    by_path: dict[str, Answer], named: bool
) -> None:
    identify(Answers(by_path, named=named))


@pytest.mark.parametrize("make", [kinds.ollama, kinds.localai, kinds.llama_cpp])
def test_missing_answers_never_make_another_kind_of_it(make: Made) -> None:
    """Answers that did not come in time may make it unknown, but not another."""
    whole = identify(heard(make()))
    assert whole is not None
    for path in (FIRST, *NEXT):
        who = identify(heard(make(), path))
        assert who is None or who.kind in {whole.kind, ServerKind.UNKNOWN}
