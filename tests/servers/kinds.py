"""What each kind of server answers, as its documents and code say."""

from servers.double import NOT_FOUND, Double, Reply, html, json_reply, plain

GGUF = "/home/mara/models/Qwen2.5-Coder-7B-Instruct-Q4_K_M.gguf"


def openai_list(*ids: str, owner: str = "") -> Reply:
    models = [{"id": each, "object": "model", "owned_by": owner} for each in ids]
    return json_reply({"object": "list", "data": models})


def _ollama_details(size: str, context: int) -> dict[str, object]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "qwen3",
        "families": ["qwen3"],
        "parameter_size": size,
        "quantization_level": "Q4_K_M",
        "context_length": context,
        "embedding_length": 4096,
    }


def ollama(version: str = "0.40.2") -> Double:
    """Two models here, one of them loaded, one that embeds and one in the cloud."""
    qwen = {
        "name": "qwen3:8b",
        "model": "qwen3:8b",
        "modified_at": "2026-10-01T08:00:00Z",
        "size": 5_200_000_000,
        "digest": "500a1f067a9f",
        "details": _ollama_details("8.2B", 40_960),
    }
    able = ["completion", "tools", "thinking"]
    cloud = {
        **qwen,
        "name": "gpt-oss:120b-cloud",
        "model": "gpt-oss:120b-cloud",
        "remote_model": "gpt-oss:120b",
        "remote_host": "https://ollama.com:443",
        "capabilities": able,
    }
    embeds = {
        **qwen,
        "name": "nomic-embed-text:latest",
        "model": "nomic-embed-text:latest",
        "capabilities": ["embedding"],
    }
    sees = {
        **qwen,
        "name": "gemma3:4b",
        "model": "gemma3:4b",
        "capabilities": ["completion", "vision"],
    }
    loaded = {
        **qwen,
        "expires_at": "2026-11-21T10:05:00Z",
        "size_vram": 5_200_000_000,
        "context_length": 4096,
    }
    listed = [{**qwen, "capabilities": able}, sees, embeds, cloud]
    return Double(
        {
            "/": plain("Ollama is running"),
            "/api/version": json_reply({"version": version}),
            "/api/tags": json_reply({"models": listed}),
            "/api/ps": json_reply({"models": [loaded]}),
            "/v1/models": openai_list("qwen3:8b", "gemma3:4b", owner="library"),
            "/api/status": json_reply({"cloud": {"disabled": False, "source": ""}}),
        }
    )


def _unexpected(path: str) -> Reply:
    return json_reply({"error": f"Unexpected endpoint or method. (GET {path})"})


def lm_studio() -> Double:
    """One model loaded with little room, one not loaded, one that embeds."""
    coder = {
        "type": "llm",
        "publisher": "qwen",
        "key": "qwen/qwen3-coder-30b",
        "display_name": "Qwen3 Coder 30B",
        "architecture": "qwen3moe",
        "quantization": {"name": "Q4_K_M", "bits_per_weight": 4},
        "size_bytes": 18_630_000_000,
        "params_string": "30B",
        "loaded_instances": [
            {
                "id": "qwen/qwen3-coder-30b",
                "config": {"context_length": 4096, "parallel": 4},
            }
        ],
        "max_context_length": 262_144,
        "format": "gguf",
        "capabilities": {"vision": False, "trained_for_tool_use": True},
    }
    thinker = {
        **coder,
        "key": "openai/gpt-oss-20b",
        "loaded_instances": [],
        "max_context_length": 131_072,
        "capabilities": {
            "vision": False,
            "trained_for_tool_use": True,
            "reasoning": {"allowed_options": ["low", "high"], "default": "low"},
        },
    }
    embeds = {**coder, "type": "embedding", "key": "nomic-embed-text-v1.5"}
    old = {
        "id": "qwen/qwen3-coder-30b",
        "object": "model",
        "type": "llm",
        "compatibility_type": "gguf",
        "state": "loaded",
        "max_context_length": 262_144,
        "loaded_context_length": 4096,
    }
    return Double(
        {
            "/api/v1/models": json_reply({"models": [coder, thinker, embeds]}),
            "/api/v0/models": json_reply({"object": "list", "data": [old]}),
            "/v1/models": openai_list(
                "qwen/qwen3-coder-30b", "openai/gpt-oss-20b", owner="organization_owner"
            ),
        },
        otherwise=_unexpected("/x"),
    )


def old_lm_studio() -> Double:
    """A release that knows `/api/v0` only."""
    whole = lm_studio()
    answers = dict(whole.answers)
    del answers["/api/v1/models"]
    return Double(answers, otherwise=whole.otherwise)


def empty_lm_studio() -> Double:
    """One without any model."""
    answers = {
        "/api/v1/models": json_reply({"models": []}),
        "/api/v0/models": json_reply({"object": "list", "data": []}),
        "/v1/models": openai_list(),
    }
    return Double(answers, otherwise=_unexpected("/x"))


def locked_lm_studio() -> Double:
    """One that asks for a token."""
    refused = json_reply({"error": {"type": "invalid_api_key"}}, 401)
    paths = ("/api/v1/models", "/api/v0/models", "/v1/models")
    return Double(dict.fromkeys(paths, refused), otherwise=_unexpected("/x"))


_CAPS = {
    "supports_tools": True,
    "supports_tool_calls": True,
    "supports_system_role": True,
    "supports_parallel_tool_calls": True,
    "supports_preserve_reasoning": False,
}


def llama_cpp() -> Double:
    """One model; it also imitates Ollama."""
    listed = {
        "object": "list",
        "data": [
            {
                "id": GGUF,
                "object": "model",
                "owned_by": "llamacpp",
                "created": 1_763_700_000,
                "meta": {
                    "n_ctx_train": 131_072,
                    "n_params": 7_615_616_512,
                    "size": 4_683_073_536,
                    "n_embd": 3584,
                },
            }
        ],
    }
    props = {
        "default_generation_settings": {"n_ctx": 65_536},
        "total_slots": 1,
        "model_path": GGUF,
        "model_alias": "",
        "chat_template": "{{ messages }}",
        "chat_template_caps": _CAPS,
        "modalities": {"vision": False, "audio": False},
        "build_info": "b9402-1a2b3c4d",
        "is_sleeping": False,
    }
    return Double(
        {
            "/": html("<!doctype html><title>llama.cpp</title>"),
            "/health": json_reply({"status": "ok"}),
            "/props": json_reply(props),
            "/v1/models": json_reply(listed),
            "/api/tags": json_reply({"models": [{"name": GGUF, "model": GGUF}]}),
            "/api/version": json_reply({"version": "0.13.0"}),
        },
        otherwise=json_reply({"error": {"code": 404, "message": "Not Found"}}, 404),
    )


def llama_cpp_router() -> Double:
    """No model of its own; it loads others by name."""

    def model(name: str, value: str) -> dict[str, object]:
        return {
            "id": name,
            "object": "model",
            "owned_by": "llamacpp",
            "created": 1_763_700_000,
            "path": f"/models/{name}.gguf",
            "status": {"value": value, "args": ["llama-server"]},
        }

    listed = {
        "object": "list",
        "data": [model("qwen3-8b", "loaded"), model("gpt-oss-20b", "unloaded")],
    }
    props = {
        "role": "router",
        "max_instances": 4,
        "models_autoload": True,
        "default_generation_settings": {"n_ctx": 0, "params": {}},
        "build_info": "b9402-1a2b3c4d",
    }
    return Double(
        {
            "/props": json_reply(props),
            "/v1/models": json_reply(listed),
            "/models": json_reply(listed),
            "/health": json_reply({"status": "ok"}),
        },
        otherwise=json_reply({"error": {"code": 404, "message": "Not Found"}}, 404),
    )


def loading_llama_cpp() -> Double:
    """One that reads its model from the disk just now."""
    problem = {"code": 503, "message": "Loading model", "type": "unavailable_error"}
    return Double(otherwise=json_reply({"error": problem}, 503))


def llama_cpp_behind_a_proxy() -> Double:
    """Only the paths of OpenAI's form come through."""
    return Double({"/v1/models": llama_cpp().answers["/v1/models"]})


def _fastapi(answers: dict[str, Reply]) -> Double:
    return Double(answers, otherwise=json_reply({"detail": "Not Found"}, 404))


def vllm() -> Double:
    model = {
        "id": "Qwen/Qwen3-32B",
        "object": "model",
        "created": 1_763_700_000,
        "owned_by": "vllm",
        "root": "Qwen/Qwen3-32B",
        "parent": None,
        "max_model_len": 131_072,
        "permission": [],
    }
    return _fastapi(
        {
            "/version": json_reply({"version": "0.21.1"}),
            "/health": Reply(200),
            "/v1/models": json_reply({"object": "list", "data": [model]}),
        }
    )


def locked_vllm() -> Double:
    return _fastapi(
        {
            "/version": json_reply({"version": "0.21.1"}),
            "/v1/models": json_reply({"error": "Unauthorized"}, 401),
            "/v1/model": json_reply({"error": "Unauthorized"}, 401),
            "/v1/internal/model/info": json_reply({"error": "Unauthorized"}, 401),
        }
    )


def localai(*, well_known: bool = True, starting: bool = False) -> Double:
    """It greets like Ollama and has all of Ollama's paths."""
    able = [
        {"id": "qwen3-8b", "object": "model", "capabilities": ["chat", "tools"]},
        {"id": "whisper-1", "object": "model", "capabilities": ["transcript"]},
    ]
    answers = {
        "/": plain("Ollama is running"),
        "/readyz": Reply(200),
        "/healthz": Reply(200),
        "/version": json_reply({"version": "v3.8.0"}),
        "/v1/models": openai_list("qwen3-8b", "whisper-1"),
        "/v1/models/capabilities": json_reply({"object": "list", "data": able}),
        "/api/version": json_reply({"version": "0.9.0"}),
        "/api/tags": json_reply({"models": [{"name": "qwen3-8b:latest"}]}),
        "/api/ps": json_reply({"models": []}),
    }
    if well_known:
        told = {"version": "v3.8.0", "endpoints": {"config_metadata": "/api/x"}}
        answers["/.well-known/localai.json"] = json_reply(told)
    if starting:
        answers["/readyz"] = json_reply({"status": "starting"}, 503)
    return Double(answers, otherwise=json_reply({"error": {"code": 404}}, 404))


def koboldcpp() -> Double:
    """It has OpenAI's paths and Ollama's."""
    version = {"result": "KoboldCpp", "version": "1.101", "protected": False}
    return Double(
        {
            "/": html("<!doctype html><title>KoboldAI Lite</title>"),
            "/api/extra/version": json_reply(version),
            "/api/version": json_reply({"version": "0.7.0"}),
            "/api/tags": json_reply({"models": [{"name": "koboldcpp"}]}),
            "/v1/models": openai_list("koboldcpp/Qwen3-8B", owner="koboldcpp"),
        }
    )


def jan() -> Double:
    """Without a key it shows only its description."""
    told = {"openapi": "3.1.0", "info": {"title": "Jan API", "version": "0.7"}}
    return Double(
        {
            "/openapi.json": json_reply(told),
            "/v1/models": json_reply({"error": "Invalid or missing key"}, 401),
        }
    )


def open_webui() -> Double:
    """A page for every path it does not know."""
    version = {"version": "0.12.4", "deployment_id": None}
    config = {"status": True, "name": "Open WebUI", "version": "0.12.4"}
    return Double(
        {
            "/api/version": json_reply(version),
            "/api/config": json_reply(config),
            "/health": json_reply({"status": True}),
        },
        otherwise=html("<!doctype html><title>Open WebUI</title>"),
    )


def litellm() -> Double:
    """Asking its `/health` costs money."""
    refused = {"error": {"message": "No api key passed in.", "code": "401"}}
    ready = {"status": "healthy", "db": "Not connected", "litellm_version": "1.109.1"}
    return _fastapi(
        {
            "/": html("<!doctype html><title>LiteLLM API - Swagger UI</title>"),
            "/health": json_reply({"healthy_endpoints": []}),
            "/health/liveliness": json_reply("I'm alive!"),
            "/health/readiness": json_reply(ready),
            "/v1/models": json_reply(refused, 401),
        }
    )


def claude_code_router() -> Double:
    told = {"message": "LLMs API", "version": "1.0.51"}
    missing = {"message": "Route GET:/x not found", "error": "Not Found"}
    return Double({"/": json_reply(told)}, otherwise=json_reply(missing, 404))


def text_generation_webui() -> Double:
    info = {"model_name": "Qwen3-8B.gguf", "lora_names": []}
    return _fastapi(
        {
            "/v1/internal/model/info": json_reply(info),
            "/v1/models": openai_list("Qwen3-8B.gguf", owner="user"),
        }
    )


def tabby_api() -> Double:
    refused = json_reply({"detail": "Please provide an API key"}, 401)
    return _fastapi({"/v1/models": refused, "/v1/model": refused})


def sglang() -> Double:
    """OpenAI's form and no more that is known."""
    return _fastapi({"/v1/models": openai_list("Qwen/Qwen3-8B", owner="sglang")})


def our_gateway() -> Double:
    """What a gateway of ours says to who has no key."""
    mark = (("Server", "Turnout"),)
    body = b'{"type":"error","error":{"type":"authentication_error"}}'
    return Double(otherwise=Reply(401, "application/json", body, mark))


# --- who is none ---


def html_everywhere() -> Double:
    return Double(otherwise=html())


def unrelated_app() -> Double:
    """A JSON API that has nothing to do with models, with some of the same paths."""
    return _fastapi(
        {
            "/": json_reply({"name": "orders", "version": "2.4.1"}),
            "/version": json_reply({"version": "2.4.1"}),
            "/api/version": json_reply({"version": "2.4.1"}),
            "/readyz": Reply(200),
            "/health": json_reply({"status": "ok"}),
            "/v1/models": json_reply([{"id": "T-1908"}]),
            "/props": json_reply({"build_info": "2.4.1"}),
            "/openapi.json": json_reply({"info": {"title": "Orders", "version": "2"}}),
        }
    )


def json_for_all() -> Double:
    """200 and the same JSON whatever is asked."""
    return Double(otherwise=json_reply({"status": "ok", "version": "1.2.3"}))


def guarded_app() -> Double:
    """401 whatever is asked."""
    return Double(otherwise=json_reply({"detail": "Not authenticated"}, 401))


def redirecting() -> Double:
    """Sends everybody to a real server's answers elsewhere."""
    there = (("Location", "http://127.0.0.1:11434/v1/models"),)
    return Double(otherwise=Reply(302, headers=there))


def hanging() -> Double:
    return Double(otherwise=Reply(way="hang"))


def endless() -> Double:
    return Double(otherwise=Reply(kind="application/json", way="endless"))


def cut_short() -> Double:
    """Tells of more than comes, then closes."""
    body = openai_list("m").body
    return Double(otherwise=Reply(200, "application/json", body, length=len(body) + 9))


def lingering() -> Double:
    """Tells of more than comes, and keeps the connection."""
    body = openai_list("m").body
    long = len(body) + 9
    reply = Reply(200, "application/json", body, length=long, way="linger")
    return Double(otherwise=reply)


def list_in_html() -> Double:
    """The right words in the wrong type."""
    return Double({"/v1/models": html(openai_list("m").body.decode())}, NOT_FOUND)
