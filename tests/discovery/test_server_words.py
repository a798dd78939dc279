"""What is said of a server is true of it and tells what to do."""

import pytest

from discovery.findings import ServerKind, ServerModel, ServerState
from discovery.server_words import PROVIDERS, gives, is_gateway, notes
from proxy.catalogue import Place, known_providers

HERE = Place.THIS_MACHINE
READY = ServerState.READY
LITTLE = ServerModel("qwen3:8b", HERE, loaded=True, context=4096)
CLOUD = ServerModel("gpt-oss:120b-cloud", Place.PROVIDER)


def test_every_kind_that_can_be_used_is_a_known_provider() -> None:
    assert set(PROVIDERS.values()) <= set(known_providers())


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ([LITTLE], "1 model on this machine (1 loaded now), free of charge."),
        (
            [LITTLE, ServerModel("b", HERE), CLOUD],
            (
                "2 models on this machine (1 loaded now), free of charge; 1 model that "
                "runs at a provider."
            ),
        ),
        (
            [ServerModel("a", Place.MY_NETWORK)],
            "1 model on your network, free of charge.",
        ),
        ([], "Nothing yet: it has no model. `ollama pull` gets one."),
    ],
)
def test_it_says_how_many_models_run_where(
    models: list[ServerModel], sentence: str
) -> None:
    assert gives(ServerKind.OLLAMA, "Ollama", READY, models) == sentence


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ServerKind.LITELLM, "LiteLLM"),
        (ServerKind.OPEN_WEBUI, "Open WebUI"),
        (ServerKind.UNKNOWN, "claude-code-router"),
    ],
)
def test_a_gateway_is_listed_and_not_offered(kind: ServerKind, name: str) -> None:
    assert is_gateway(kind, name)
    said = gives(kind, name, ServerState.NEEDS_KEY, [])
    assert said.startswith("Nothing through Turnout: it is a gateway itself.")
    assert kind not in PROVIDERS


def test_who_is_not_ready_says_what_is_missing() -> None:
    starting = gives(ServerKind.LLAMA_CPP, "llama.cpp", ServerState.STARTING, [])
    assert starting == "Its models, when it has finished starting."
    locked = gives(ServerKind.VLLM, "vLLM", ServerState.NEEDS_KEY, [])
    assert locked == "Its models, once it is given the key that it asks for."


def test_an_unknown_server_says_how_it_can_be_used() -> None:
    said = gives(ServerKind.UNKNOWN, "OpenAI-compatible server", READY, [LITTLE])
    assert 'protocols = ["openai-chat"]' in said
    (note,) = notes(ServerKind.UNKNOWN, "x", READY, [], open_to_network=False)
    assert note == "Where its models really run cannot be told from its address."


def test_little_room_is_said_with_what_to_do() -> None:
    (said,) = notes(ServerKind.OLLAMA, "O", READY, [LITTLE], open_to_network=False)
    assert said == (
        "Little room for prompts: qwen3:8b (4,096 tokens). Ollama cuts longer ones. "
        "Coding tools want 64,000 or more: set OLLAMA_CONTEXT_LENGTH=64000 for Ollama "
        "and start it again."
    )


def test_room_enough_or_unknown_is_no_note() -> None:
    models = [
        ServerModel("a", HERE, context=65_536),
        ServerModel("b", HERE, longest=4096),
    ]
    assert notes(ServerKind.OLLAMA, "O", READY, models, open_to_network=False) == ()


def test_cloud_models_are_named() -> None:
    models = [CLOUD, ServerModel("b:cloud", Place.PROVIDER)]
    (one,) = notes(ServerKind.OLLAMA, "O", READY, [CLOUD], open_to_network=False)
    (two,) = notes(ServerKind.OLLAMA, "O", READY, models, open_to_network=False)
    end = "at ollama.com, not here: prompts leave this machine."
    assert one == f"gpt-oss:120b-cloud runs {end}"
    assert two == f"gpt-oss:120b-cloud, b:cloud run {end}"


def test_a_long_list_is_cut() -> None:
    models = [ServerModel(f"m{n}:cloud", Place.PROVIDER) for n in range(5)]
    (note,) = notes(ServerKind.OLLAMA, "O", READY, models, open_to_network=False)
    assert note.startswith("m0:cloud, m1:cloud, m2:cloud and 2 more run at")


def test_traps_of_kinds_are_told() -> None:
    (studio,) = notes(ServerKind.LM_STUDIO, "L", READY, [], open_to_network=False)
    assert "LM Link" in studio
    (vllm,) = notes(ServerKind.VLLM, "v", READY, [], open_to_network=False)
    assert "--enable-auto-tool-choice" in vllm


def test_an_open_door_and_a_missing_key_are_told() -> None:
    locked = ServerState.NEEDS_KEY
    said = notes(ServerKind.LOCALAI, "LocalAI", locked, [], open_to_network=True)
    assert said == (
        "It is open to your network: other machines there may be able to use it.",
        "It asks for a key; none was tried.",
    )
