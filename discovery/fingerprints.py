"""Tells who answers at an address from the bodies that were collected there.

It must not ask anything, nor go by a port: programs of every kind share the usual ones,
and a wrong name is worse than none. Shapes are those of the servers' own documents and
code as of autumn 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from discovery.answers import Answers
from discovery.findings import Confidence, ServerKind, ServerState

OUR_NAME: Final = "turnout"
"""What our own gateway's answers carry in the header `Server`, in small letters."""

MODELS: Final = "/v1/models"
LOCALAI: Final = "/.well-known/localai.json"
PROPS: Final = "/props"
STUDIO: Final = "/api/v1/models"
OLD_STUDIO: Final = "/api/v0/models"
TAGS: Final = "/api/tags"
RUNNING: Final = "/api/ps"
OPENAPI: Final = "/openapi.json"
ABILITIES: Final = "/v1/models/capabilities"

FIRST: Final = MODELS
"""What is asked first: all kinds serve it, and nobody pays for it."""

NEXT: Final = (
    "/",
    LOCALAI,
    "/readyz",
    "/api/extra/version",
    "/api/version",
    PROPS,
    STUDIO,
    OLD_STUDIO,
    "/health/liveliness",
    "/health/readiness",
    "/version",
    TAGS,
    "/v1/internal/model/info",
    "/v1/model",
)
"""What is asked of an address that answered.

Never `/health`: at LiteLLM it calls every configured model for money.
"""

LAST: Final = OPENAPI
"""What is asked where nobody is recognised: some servers need long to make it."""

LISTS: Final = frozenset({MODELS, STUDIO, OLD_STUDIO, TAGS, RUNNING, ABILITIES, LAST})
"""Paths whose answers may be long."""

_VERSION: Final = re.compile(r"\d{1,4}\.\d{1,5}[0-9A-Za-z.+-]{0,40}")
_JAN: Final = re.compile(r"\bJan\b")
_REFUSED: Final = frozenset({401, 403})
_STARTING: Final = 503
_MISSING: Final = 404


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers; `version` is '' where it is not told, `name` what people call it."""

    kind: ServerKind
    name: str
    version: str = ""
    state: ServerState = ServerState.READY
    confidence: Confidence = Confidence.SURE


def is_ourselves(answers: Answers) -> bool:
    """Say whether a gateway of ours answered, be it this one or another."""
    first = answers.at(FIRST)
    return first is not None and first.server.partition("/")[0].lower() == OUR_NAME


def identify(answers: Answers) -> Identity | None:
    """Return who answers, None where nothing proves that it serves models.

    The kinds are tried in a fixed order and the first match wins, so that who imitates
    another comes before it.
    """
    if is_ourselves(answers):
        return None
    return next((who for rung in _LADDER if (who := rung(answers))), None)


# --- what the answers look like ---


class _Version(msgspec.Struct):
    version: str = ""


class _LocalAI(msgspec.Struct):
    version: str
    endpoints: dict[str, msgspec.Raw]


class _Status(msgspec.Struct):
    status: str


class _Kobold(msgspec.Struct):
    result: str
    version: str = ""


class _Info(msgspec.Struct):
    title: str
    version: str = ""


class _OpenApi(msgspec.Struct):
    info: _Info


class _WebUi(msgspec.Struct):
    version: str
    # There, but null as a rule.
    deployment_id: str | None


class _Props(msgspec.Struct):
    build_info: str
    chat_template_caps: dict[str, msgspec.Raw]


class _RouterProps(msgspec.Struct):
    role: str
    build_info: str = ""


class _Problem(msgspec.Struct):
    message: str = ""
    type: str = ""


class _Failed(msgspec.Struct):
    error: _Problem


class _FailedPlainly(msgspec.Struct):
    error: str


class _Detail(msgspec.Struct):
    detail: str


class _Listed(msgspec.Struct):
    id: str
    owned_by: str = ""


class _List(msgspec.Struct):
    data: list[_Listed]
    object: str = ""


class _StudioModel(msgspec.Struct):
    key: str
    loaded_instances: list[msgspec.Raw]


class _StudioList(msgspec.Struct):
    models: list[_StudioModel]


class _OldStudioModel(msgspec.Struct):
    id: str
    compatibility_type: str


class _OldStudioList(msgspec.Struct):
    data: list[_OldStudioModel]


class _AnyModels(msgspec.Struct):
    models: list[msgspec.Raw]


class _Readiness(msgspec.Struct):
    litellm_version: str = ""


class _Info2(msgspec.Struct):
    model_name: str | None
    lora_names: list[str]


class _OneModel(msgspec.Struct):
    id: str
    object: str
    parameters: dict[str, msgspec.Raw]


class _Message(msgspec.Struct):
    message: str
    version: str = ""


# --- the rungs, in their order ---


def _localai(answers: Answers) -> Identity | None:
    known = answers.read(LOCALAI, _LocalAI)
    starting = answers.read("/readyz", _Status, status=_STARTING)
    state = _state(answers)
    if starting is not None and starting.status == "starting":
        state = ServerState.STARTING
    if known is not None:
        return Identity(
            ServerKind.LOCALAI, "LocalAI", _version(known.version), state=state
        )
    # Releases without that document: nobody else who greets like Ollama has this path.
    ready = answers.at("/readyz")
    empty = ready is not None and ready.ok and not ready.body.strip()
    if _greets_like_ollama(answers) and (empty or state is ServerState.STARTING):
        return Identity(
            ServerKind.LOCALAI, "LocalAI", state=state, confidence=Confidence.LIKELY
        )
    return None


def _koboldcpp(answers: Answers) -> Identity | None:
    told = answers.read("/api/extra/version", _Kobold)
    if told is None or told.result != "KoboldCpp":
        return None
    return Identity(ServerKind.KOBOLDCPP, "KoboldCpp", _version(told.version))


def _jan(answers: Answers) -> Identity | None:
    told = answers.read(OPENAPI, _OpenApi)
    serves = _lists(answers) or answers.status(MODELS) in _REFUSED
    if told is None or not serves or not _JAN.search(told.info.title):
        return None
    return Identity(ServerKind.JAN, "Jan", state=_state(answers))


def _open_webui(answers: Answers) -> Identity | None:
    told = answers.read("/api/version", _WebUi)
    if told is None:
        return None
    return Identity(ServerKind.OPEN_WEBUI, "Open WebUI", _version(told.version))


def _llama_cpp(answers: Answers) -> Identity | None:
    props = answers.read(PROPS, _Props)
    router = answers.read(PROPS, _RouterProps)
    for path in (PROPS, MODELS):
        failed = answers.read(path, _Failed, status=_STARTING)
        if failed is not None and failed.error.message == "Loading model":
            return _llama(state=ServerState.STARTING)
    if props is not None:
        return _llama(_short(props.build_info), state=_state(answers))
    if router is not None and router.role == "router" and _owned_by(answers, _LLAMA):
        return _llama(_short(router.build_info))
    return None


def _lm_studio(answers: Answers) -> Identity | None:
    new = answers.read(STUDIO, _StudioList)
    old = answers.read(OLD_STUDIO, _OldStudioList)
    if (new is not None and new.models) or (old is not None and old.data):
        return Identity(ServerKind.LM_STUDIO, "LM Studio", state=_state(answers))
    if not _answers_what_it_does_not_know(answers):
        return None
    refused = answers.status(STUDIO) in _REFUSED
    if not refused and not _lists(answers, empty=True):
        return None
    return Identity(
        ServerKind.LM_STUDIO,
        "LM Studio",
        state=ServerState.NEEDS_KEY if refused else _state(answers),
        confidence=Confidence.LIKELY,
    )


def _litellm(answers: Answers) -> Identity | None:
    alive = answers.at("/health/liveliness")
    if alive is None or not alive.ok:
        return None
    if alive.text.strip().strip('"') != "I'm alive!":
        return None
    told = answers.read("/health/readiness", _Readiness)
    version = _version(told.litellm_version) if told else ""
    return Identity(ServerKind.LITELLM, "LiteLLM", version, state=_state(answers))


def _vllm(answers: Answers) -> Identity | None:
    told = answers.read("/version", _Version)
    if told is None or not _VERSION.fullmatch(told.version):
        return None
    if _owned_by(answers, "vllm"):
        return Identity(ServerKind.VLLM, "vLLM", told.version)
    refused = answers.read(MODELS, _FailedPlainly, status=401)
    if refused is None or refused.error != "Unauthorized":
        return None
    return Identity(
        ServerKind.VLLM,
        "vLLM",
        told.version,
        state=ServerState.NEEDS_KEY,
        confidence=Confidence.LIKELY,
    )


def _ollama(answers: Answers) -> Identity | None:
    # Two others imitate it: as long as one of them did not say no, nobody is named.
    if not answers.has(LOCALAI, PROPS) or not _greets_like_ollama(answers):
        return None
    told = answers.read("/api/version", _Version)
    models = answers.read(TAGS, _AnyModels)
    if told is None or models is None or not _VERSION.match(told.version):
        return None
    return Identity(ServerKind.OLLAMA, "Ollama", _version(told.version))


def _text_generation_webui(answers: Answers) -> Identity | None:
    told = answers.read("/v1/internal/model/info", _Info2)
    if told is None:
        return None
    return Identity(
        ServerKind.TEXT_GENERATION_WEBUI, "text-generation-webui", state=_state(answers)
    )


def _tabby_api(answers: Answers) -> Identity | None:
    told = answers.read("/v1/model", _OneModel)
    if told is not None and told.object == "model":
        return Identity(ServerKind.TABBY_API, "TabbyAPI", state=_state(answers))
    refused = answers.status("/v1/model") in _REFUSED
    if not refused or answers.status(MODELS) not in _REFUSED:
        return None
    # Who refuses every path guards something else.
    unknown = answers.read("/v1/internal/model/info", _Detail, status=_MISSING)
    if unknown is None or unknown.detail != "Not Found":
        return None
    return Identity(
        ServerKind.TABBY_API,
        "TabbyAPI",
        state=ServerState.NEEDS_KEY,
        confidence=Confidence.LIKELY,
    )


def _llama_cpp_behind(answers: Answers) -> Identity | None:
    if not _owned_by(answers, _LLAMA):
        return None
    return _llama(confidence=Confidence.LIKELY)


def _claude_code_router(answers: Answers) -> Identity | None:
    told = answers.read("/", _Message)
    if told is None or told.message != "LLMs API":
        return None
    return Identity(
        ServerKind.UNKNOWN,
        CLAUDE_CODE_ROUTER,
        _version(told.version),
        confidence=Confidence.LIKELY,
    )


def _generic(answers: Answers) -> Identity | None:
    name = "OpenAI-compatible server"
    if _lists(answers, empty=answers.named):
        return Identity(ServerKind.UNKNOWN, name, confidence=Confidence.LIKELY)
    refused = answers.status(MODELS) in _REFUSED
    if answers.named and refused and answers.status("/v1/model") == _MISSING:
        return Identity(
            ServerKind.UNKNOWN,
            name,
            state=ServerState.NEEDS_KEY,
            confidence=Confidence.HINT,
        )
    return None


CLAUDE_CODE_ROUTER: Final = "claude-code-router"
_LLAMA: Final = "llamacpp"

_LADDER: Final[tuple[Callable[[Answers], Identity | None], ...]] = (
    _localai,
    _koboldcpp,
    _jan,
    _open_webui,
    _llama_cpp,
    _lm_studio,
    _litellm,
    _vllm,
    _ollama,
    _text_generation_webui,
    _tabby_api,
    _llama_cpp_behind,
    _claude_code_router,
    _generic,
)


# --- what several of them look at ---


def _llama(
    version: str = "",
    *,
    state: ServerState = ServerState.READY,
    confidence: Confidence = Confidence.SURE,
) -> Identity:
    return Identity(ServerKind.LLAMA_CPP, "llama.cpp", version, state, confidence)


def _state(answers: Answers) -> ServerState:
    refused = answers.status(MODELS) in _REFUSED
    return ServerState.NEEDS_KEY if refused else ServerState.READY


def _lists(answers: Answers, *, empty: bool = False) -> bool:
    """Say whether there is a list of models in OpenAI's form."""
    told = answers.read(MODELS, _List)
    if told is None or told.object != "list":
        return False
    return bool(told.data) or empty


def _owned_by(answers: Answers, owner: str) -> bool:
    told = answers.read(MODELS, _List)
    return told is not None and any(each.owned_by == owner for each in told.data)


def _greets_like_ollama(answers: Answers) -> bool:
    greeting = answers.at("/")
    if greeting is None or not greeting.ok:
        return False
    return greeting.text.strip() == "Ollama is running"


def _answers_what_it_does_not_know(answers: Answers) -> bool:
    """Say whether it does what LM Studio does: 200 and these words for any path."""
    told = answers.read(PROPS, _FailedPlainly)
    return told is not None and told.error.startswith("Unexpected endpoint or method.")


def _version(text: str) -> str:
    """Return a version as it may be shown, '' where the text is none."""
    plain = text.strip().removeprefix("v")
    return plain if _VERSION.fullmatch(plain) or _BUILD.fullmatch(plain) else ""


def _short(build: str) -> str:
    """Return llama.cpp's build without the commit behind it: `b9402`."""
    number = build.partition("-")[0]
    return number if _BUILD.fullmatch(number) else ""


_BUILD: Final = re.compile(r"b?\d{1,9}")
