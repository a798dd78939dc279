"""Reads which models a server has from the answers that were collected there.

It must not ask anything, nor guess: what a server does not say stays unknown. Models
that answer no prompts, such as those that embed, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from discovery import fingerprints as at
from discovery.answers import Answers
from discovery.findings import ServerKind, ServerModel
from proxy.catalogue import FoundModel, Place
from proxy.catalogue.local import (
    llama_cpp_models,
    lm_studio_models,
    ollama_models,
    vllm_models,
)

MORE: Final[Mapping[ServerKind, tuple[str, ...]]] = MappingProxyType(
    {
        ServerKind.OLLAMA: (at.RUNNING,),
        ServerKind.LOCALAI: (at.ABILITIES,),
    }
)
"""What is asked besides, by kind, once it is known who answers."""

_NO_CHAT: Final = re.compile(r"embed|rerank", re.IGNORECASE)
_MOST: Final = 500
_MOST_TOKENS: Final = 1_000_000_000
_LONGEST_ID: Final = 200


def models_of(
    kind: ServerKind, answers: Answers, place: Place
) -> tuple[ServerModel, ...]:
    """Return the models that answer prompts, in the order of the server's list.

    `place` is where the server runs, and its models where it does not say otherwise.
    """
    reader = _READERS.get(kind, _listed)
    return tuple(
        model
        for model in reader(answers, place)
        if not _NO_CHAT.search(model.id) and _can_be_shown(model.id)
    )


# --- Ollama ---


class _Details(msgspec.Struct):
    context_length: int | None = None


class _OllamaModel(msgspec.Struct):
    model: str = ""
    name: str = ""
    details: _Details | None = None
    capabilities: list[str] | None = None


class _OllamaList(msgspec.Struct):
    models: list[_OllamaModel]


def _ollama(answers: Answers, place: Place) -> Iterable[ServerModel]:
    found = ollama_models(answers.body(at.TAGS), answers.body(at.RUNNING))
    told = answers.read(at.TAGS, _OllamaList) or _OllamaList([])
    running = answers.read(at.RUNNING, _OllamaList) or _OllamaList([])
    loaded = {each.model or each.name for each in running.models}
    said = {each.model or each.name: each for each in told.models[:_MOST]}
    for name, seen in found.items():
        model = said.get(name, _OllamaModel())
        able = model.capabilities
        if able and "completion" not in able:
            continue
        away = seen.place is Place.PROVIDER or name.endswith(("-cloud", ":cloud"))
        yield ServerModel(
            name,
            Place.PROVIDER if away else place,
            loaded=name in loaded,
            context=seen.context,
            longest=_tokens(model.details.context_length if model.details else None),
            tools=seen.tools,
            vision=seen.vision,
            thinking="thinking" in able if able else None,
        )


# --- LM Studio ---


class _Reasoning(msgspec.Struct):
    allowed_options: list[str] = msgspec.field(default_factory=list)


class _StudioAbilities(msgspec.Struct):
    reasoning: _Reasoning | bool | None = None


class _StudioModel(msgspec.Struct):
    key: str
    loaded_instances: list[msgspec.Raw] = msgspec.field(default_factory=list)
    max_context_length: int | None = None
    capabilities: _StudioAbilities | None = None


class _StudioList(msgspec.Struct):
    models: list[_StudioModel]


class _OldStudioModel(msgspec.Struct):
    id: str
    state: str = ""
    max_context_length: int | None = None


class _OldStudioList(msgspec.Struct):
    data: list[_OldStudioModel]


def _lm_studio(answers: Answers, place: Place) -> Iterable[ServerModel]:
    new = answers.read(at.STUDIO, _StudioList)
    if new is None:
        yield from _old_studio(answers, place)
        return
    said = {each.key: each for each in new.models[:_MOST]}
    for name, seen in lm_studio_models(answers.body(at.STUDIO)).items():
        model = said[name]
        yield ServerModel(
            name,
            place,
            loaded=bool(model.loaded_instances),
            context=seen.context,
            longest=_tokens(model.max_context_length),
            tools=seen.tools,
            vision=seen.vision,
            thinking=_thinks(model.capabilities),
        )


def _thinks(able: _StudioAbilities | None) -> bool | None:
    if able is None or able.reasoning is None:
        return None
    if isinstance(able.reasoning, bool):
        return able.reasoning
    return any(option != "off" for option in able.reasoning.allowed_options)


def _old_studio(answers: Answers, place: Place) -> Iterable[ServerModel]:
    told = answers.read(at.OLD_STUDIO, _OldStudioList) or _OldStudioList([])
    said = {each.id: each for each in told.data[:_MOST]}
    for name, seen in lm_studio_models(answers.body(at.OLD_STUDIO)).items():
        model = said[name]
        yield ServerModel(
            name,
            place,
            loaded=model.state == "loaded",
            context=seen.context,
            longest=_tokens(model.max_context_length),
            tools=seen.tools,
            vision=seen.vision,
        )


# --- llama.cpp ---


class _Caps(msgspec.Struct):
    supports_tools: bool | None = None


class _Props(msgspec.Struct):
    chat_template_caps: _Caps | None = None
    is_sleeping: bool = False


class _Meta(msgspec.Struct):
    n_ctx_train: int | None = None


class _LlamaStatus(msgspec.Struct):
    value: str = ""


class _Modalities(msgspec.Struct):
    output_modalities: list[str] | None = None


class _LlamaModel(msgspec.Struct):
    id: str
    meta: _Meta | None = None
    status: _LlamaStatus | None = None
    architecture: _Modalities | None = None


class _LlamaList(msgspec.Struct):
    data: list[_LlamaModel]


def _llama_cpp(answers: Answers, place: Place) -> Iterable[ServerModel]:
    told = answers.read(at.MODELS, _LlamaList) or _LlamaList([])
    props = answers.read(at.PROPS, _Props) or _Props()
    found = llama_cpp_models(answers.body(at.PROPS), answers.body(at.MODELS))
    alone = len(told.data) == 1
    for model in told.data[:_MOST]:
        speaks = model.architecture.output_modalities if model.architecture else None
        if speaks is not None and "text" not in speaks:
            continue
        seen = found.get(model.id, FoundModel())
        caps = props.chat_template_caps if alone else None
        yield ServerModel(
            base_name(model.id),
            place,
            loaded=_is_loaded(model, props),
            context=seen.context,
            longest=_tokens(model.meta.n_ctx_train if model.meta else None),
            tools=caps.supports_tools if caps else None,
            vision=seen.vision,
        )


def _is_loaded(model: _LlamaModel, props: _Props) -> bool:
    if model.status is not None:
        return model.status.value == "loaded"
    return not props.is_sleeping


def base_name(model_id: str) -> str:
    """Return the last part of an id that is the path of a file; others as they are.

    Names such as `org/model` are no paths.
    """
    if not re.match(r"/|\.{1,2}/|~/|[A-Za-z]:[\\/]|\\\\", model_id):
        return model_id
    return re.split(r"[\\/]", model_id)[-1]


# --- vLLM, LocalAI and all that list their models only ---


def _vllm(answers: Answers, place: Place) -> Iterable[ServerModel]:
    for name, seen in vllm_models(answers.body(at.MODELS)).items():
        yield ServerModel(name, place, loaded=True, context=seen.context)


class _LocalAIModel(msgspec.Struct):
    id: str
    capabilities: list[str] = msgspec.field(default_factory=list)


class _LocalAIList(msgspec.Struct):
    data: list[_LocalAIModel]


def _localai(answers: Answers, place: Place) -> Iterable[ServerModel]:
    told = answers.read(at.ABILITIES, _LocalAIList)
    if told is None:
        yield from _listed(answers, place)
        return
    for model in told.data[:_MOST]:
        able = model.capabilities
        if able and "chat" not in able:
            continue
        yield ServerModel(
            model.id,
            place,
            tools="tools" in able if able else None,
            vision="vision" in able if able else None,
            thinking="thinking" in able if able else None,
        )


def _listed(answers: Answers, place: Place) -> Iterable[ServerModel]:
    """Give what a plain list says: the names. Room and skills stay unknown."""
    for name in vllm_models(answers.body(at.MODELS)):
        yield ServerModel(base_name(name), place)


_READERS: Final[
    Mapping[ServerKind, Callable[[Answers, Place], Iterable[ServerModel]]]
] = MappingProxyType(
    {
        ServerKind.OLLAMA: _ollama,
        ServerKind.LM_STUDIO: _lm_studio,
        ServerKind.LLAMA_CPP: _llama_cpp,
        ServerKind.VLLM: _vllm,
        ServerKind.LOCALAI: _localai,
    }
)


def _tokens(count: int | None) -> int | None:
    return count if count and 0 < count <= _MOST_TOKENS else None


def _can_be_shown(name: str) -> bool:
    return (
        0 < len(name) <= _LONGEST_ID
        and name.isascii()
        and name.isprintable()
        and " " not in name
    )
