"""Reads what model servers on the user's machines say of the models they have.

Shapes are those of `GET` answers that the servers document; nothing here asks for
them. They come from outside: an answer that is something else tells nothing, and none
can raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

import msgspec

from proxy.catalogue.found import Found, FoundModel
from proxy.catalogue.provider import Place

_T = TypeVar("_T")
_MOST_TOKENS: Final = 1_000_000_000
_MOST_MODELS: Final = 500
_LONGEST_ID: Final = 200


# --- Ollama ---


class _OllamaModel(msgspec.Struct):
    model: str = ""
    name: str = ""
    remote_host: str = ""
    remote_model: str = ""
    context_length: int | None = None
    capabilities: list[str] | None = None


class _OllamaList(msgspec.Struct):
    models: list[_OllamaModel]


def ollama_models(tags: bytes, running: bytes) -> Found:
    """Read the answers of Ollama's `/api/tags` and `/api/ps`.

    Models that another host runs have their place there. Where an answer is no such
    thing, it tells nothing.
    """
    found: dict[str, FoundModel] = {}
    for model in _ollama(tags):
        name = model.model or model.name
        found[name] = FoundModel(
            place=Place.PROVIDER if model.remote_host or model.remote_model else None,
            tools=_able(model.capabilities, "tools"),
            vision=_able(model.capabilities, "vision"),
        )
    for model in _ollama(running):
        name = model.model or model.name
        known = found.get(name, FoundModel())
        found[name] = replace(known, context=_tokens(model.context_length))
    return _named(found)


def _ollama(answer: bytes) -> Sequence[_OllamaModel]:
    told = _decoded(answer, _OllamaList)
    return told.models[:_MOST_MODELS] if told else ()


# --- LM Studio ---


class _LoadConfig(msgspec.Struct):
    context_length: int | None = None


class _Loaded(msgspec.Struct):
    id: str = ""
    config: _LoadConfig | None = None


class _StudioAbilities(msgspec.Struct):
    vision: bool | None = None
    trained_for_tool_use: bool | None = None


class _StudioModel(msgspec.Struct):
    key: str
    type: str = "llm"
    loaded_instances: list[_Loaded] = msgspec.field(default_factory=list)
    capabilities: _StudioAbilities | None = None


class _StudioList(msgspec.Struct):
    models: list[_StudioModel]


class _OldStudioModel(msgspec.Struct):
    id: str
    type: str = "llm"
    state: str = ""
    loaded_context_length: int | None = None
    capabilities: list[str] | None = None


class _OldStudioList(msgspec.Struct):
    data: list[_OldStudioModel]


def lm_studio_models(answer: bytes) -> Found:
    """Read the answer of LM Studio's `/api/v1/models`, or of the old `/api/v0/models`.

    Of several loaded instances of a model the one with the least room counts, for
    which of them answers cannot be chosen.
    """
    told = _decoded(answer, _StudioList)
    if told is None:
        return _old_studio(answer)
    found: dict[str, FoundModel] = {}
    for model in told.models[:_MOST_MODELS]:
        if model.type not in {"llm", "vlm"}:
            continue
        able = model.capabilities or _StudioAbilities()
        rooms = [
            _tokens(one.config.context_length if one.config else None)
            for one in model.loaded_instances
        ]
        seen = FoundModel(
            context=min((room for room in rooms if room), default=None),
            tools=able.trained_for_tool_use,
            vision=able.vision,
        )
        found[model.key] = seen
    return _named(found)


def _old_studio(answer: bytes) -> Found:
    told = _decoded(answer, _OldStudioList)
    if told is None:
        return {}
    return _named(
        {
            model.id: FoundModel(
                context=(
                    _tokens(model.loaded_context_length)
                    if model.state == "loaded"
                    else None
                ),
                tools=_able(model.capabilities, "tool_use"),
                vision=True if model.type == "vlm" else None,
            )
            for model in told.data[:_MOST_MODELS]
            if model.type in {"llm", "vlm"}
        }
    )


# --- llama.cpp and vLLM ---


class _Generation(msgspec.Struct):
    n_ctx: int | None = None


class _Modalities(msgspec.Struct):
    vision: bool | None = None


class _Props(msgspec.Struct):
    default_generation_settings: _Generation
    modalities: _Modalities | None = None


class _ListedModel(msgspec.Struct):
    id: str
    max_model_len: int | None = None


class _ModelList(msgspec.Struct):
    data: list[_ListedModel]


def llama_cpp_models(props: bytes, listed: bytes) -> Found:
    """Read the answers of llama.cpp's `/props` and `/v1/models`.

    The room is that of one slot, which is what one request has. A server that routes
    to several models has no `/props` of its own and tells none.
    """
    told = _decoded(props, _Props)
    seen = FoundModel(
        context=_tokens(told.default_generation_settings.n_ctx) if told else None,
        vision=told.modalities.vision if told and told.modalities else None,
    )
    names = _listed(listed)
    if len(names) != 1:
        seen = FoundModel()
    return _named({model.id: seen for model in names})


def vllm_models(listed: bytes) -> Found:
    """Read the answer of vLLM's `/v1/models`."""
    return _named(
        {
            model.id: FoundModel(context=_tokens(model.max_model_len))
            for model in _listed(listed)
        }
    )


def _listed(answer: bytes) -> Sequence[_ListedModel]:
    told = _decoded(answer, _ModelList)
    return told.data[:_MOST_MODELS] if told else ()


# --- what all of them share ---


def _decoded(answer: bytes, shape: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(answer, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _tokens(count: int | None) -> int | None:
    return count if count and 0 < count <= _MOST_TOKENS else None


def _able(abilities: Sequence[str] | None, wanted: str) -> bool | None:
    return None if not abilities else wanted in abilities


def _named(found: dict[str, FoundModel]) -> Found:
    """Return those whose name can be a model's: plain, without blanks."""
    return {
        name: seen
        for name, seen in found.items()
        if 0 < len(name) <= _LONGEST_ID
        and name.isascii()
        and name.isprintable()
        and " " not in name
    }
