"""What to ask model servers on the user's machines, and what their answers tell.

It must not ask them; `app.found` does. Only kinds of servers are here whose `GET`s are
known to cost nothing: they load no model, wake none and call nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec

from proxy.catalogue import Catalogue, FoundModel, Model, Place, Provider, with_found
from proxy.catalogue.local import (
    llama_cpp_models,
    lm_studio_models,
    ollama_models,
    vllm_models,
)
from proxy.model import Protocol

_T = TypeVar("_T")

STANDARD_FROM: Final = 24.0
"""Billions of parameters from which a local model is held to be of the tier standard.

Models of the sizes 24B to 32B are the smallest that coding tools name as usable for
work with tools; a person's word in `config.toml` goes before this.
"""

SMALL_LANE: Final = "local/small"
STANDARD_LANE: Final = "local/standard"

# A size in a name: `qwen3:8b`, `Qwen2.5-Coder-32B-Instruct`; not the `a3b` behind it.
_SIZE: Final = re.compile(r"(?<![A-Za-z0-9.])([0-9]{1,4}(?:\.[0-9]+)?)([bBmM])\b")
_NO_CHAT: Final = re.compile(r"embed|rerank", re.IGNORECASE)
_CHATS: Final = "completion"


@dataclass(frozen=True, slots=True)
class Told:
    """What one server says of its models, by the name that goes upstream.

    `billions` are their parameters, where somebody says how many. `mute` are models
    that answer no prompts, such as those that embed.
    """

    found: Mapping[str, FoundModel]
    billions: Mapping[str, float] = field(default_factory=dict)
    mute: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A kind of server: what to `GET` and how the answers are read, in that order.

    `one_model` tells that it serves what it has under any name. `tag` is what stands
    behind a name that the user wrote without it.
    """

    paths: tuple[str, ...]
    read: Callable[[tuple[bytes, ...]], Told]
    one_model: bool = False
    tag: str = ""


def server_of(provider: Provider) -> LocalServer | None:
    """Return how the server of `provider` is asked; None where it is not.

    It is recognised by the provider's id, by the one it is `like`, or by Ollama's own
    protocol, and runs on one of the user's machines.
    """
    if provider.place is Place.PROVIDER:
        return None
    for name in (provider.id, provider.priced_as):
        if name in SERVERS:
            return SERVERS[name]
    return SERVERS["ollama"] if Protocol.OLLAMA in provider.protocols else None


def with_told(catalogue: Catalogue, told: Mapping[str, Told]) -> Catalogue:
    """Return `catalogue` with what servers told, by provider id.

    A model that the user did not write down is listed behind his own. It has a lane
    only where the room it has is known and it runs on the user's machines: what may
    cut a long prompt short shall be chosen by name, or where nothing else may serve.
    """
    found: dict[tuple[str, str], FoundModel] = {}
    for provider in catalogue.providers:
        said = told.get(provider.id)
        server = server_of(provider)
        if said is not None and server is not None:
            here = _by_the_users_names(provider, server, said)
            found.update({(provider.id, name): seen for name, seen in here.items()})
    merged = with_found(catalogue, found)
    if merged is catalogue:
        return catalogue
    pairs = zip(catalogue.providers, merged.providers, strict=True)
    return replace(
        merged,
        providers=tuple(
            _with_lanes(before, after, told.get(before.id)) for before, after in pairs
        ),
    )


def _by_the_users_names(
    provider: Provider, server: LocalServer, told: Told
) -> Mapping[str, FoundModel]:
    """Return what was found under the names that the user's models have."""
    left = {
        name: seen
        for name, seen in told.found.items()
        if name not in told.mute or provider.find_model(name) is not None
    }
    if server.one_model and len(left) == 1 and provider.models:
        (seen,) = left.values()
        return {model.id: seen for model in provider.models}
    for model in provider.models:
        tagged = f"{model.id}{server.tag}"
        if server.tag and model.id not in left and tagged in left:
            left[model.id] = left.pop(tagged)
    return left


def _with_lanes(before: Provider, after: Provider, told: Told | None) -> Provider:
    if told is None or after is before:
        return after
    known = {model.id for model in before.models}
    models = tuple(
        model if model.id in known else replace(model, lane=_lane(model, told))
        for model in after.models
    )
    return replace(after, models=models)


def _lane(model: Model, told: Told) -> str | None:
    if model.context is None or model.place is Place.PROVIDER:
        return None
    size = told.billions.get(model.id, billions_in(model.id))
    return STANDARD_LANE if size and size >= STANDARD_FROM else SMALL_LANE


def billions_in(text: str) -> float | None:
    """Return how many billions of parameters a name or a size like `8.0B` tells."""
    found = _SIZE.search(text)
    if found is None:
        return None
    number = float(found[1])
    return number if found[2] in "bB" else number / 1000


# --- what the answers say beside the room ---


class _Details(msgspec.Struct):
    parameter_size: str = ""


class _OllamaModel(msgspec.Struct):
    model: str = ""
    name: str = ""
    details: _Details | None = None
    capabilities: list[str] | None = None


class _OllamaTags(msgspec.Struct):
    models: list[_OllamaModel]


class _StudioModel(msgspec.Struct):
    key: str
    params_string: str | None = None


class _StudioList(msgspec.Struct):
    models: list[_StudioModel]


class _Meta(msgspec.Struct):
    n_params: int | None = None


class _LlamaModel(msgspec.Struct):
    id: str
    meta: _Meta | None = None


class _LlamaList(msgspec.Struct):
    data: list[_LlamaModel]


def _ollama(answers: tuple[bytes, ...]) -> Told:
    tags, running = answers
    found = ollama_models(tags, running)
    billions: dict[str, float] = {}
    mute = {name for name in found if _NO_CHAT.search(name)}
    for model in _decoded(tags, _OllamaTags, _OllamaTags([])).models:
        name = model.model or model.name
        size = billions_in(model.details.parameter_size) if model.details else None
        if size:
            billions[name] = size
        if model.capabilities:
            chats = _CHATS in model.capabilities
            mute = mute - {name} if chats else mute | {name}
    return Told(found, billions, frozenset(mute))


def _studio(answers: tuple[bytes, ...]) -> Told:
    new, old = answers
    found = lm_studio_models(new) or lm_studio_models(old)
    listed = _decoded(new, _StudioList, _StudioList([])).models
    sizes = {model.key: billions_in(model.params_string or "") for model in listed}
    return _told(found, {name: size for name, size in sizes.items() if size})


def _llama_cpp(answers: tuple[bytes, ...]) -> Told:
    props, listed = answers
    models = _decoded(listed, _LlamaList, _LlamaList([])).data
    sizes = {
        model.id: model.meta.n_params / 1e9
        for model in models
        if model.meta and model.meta.n_params
    }
    return _told(llama_cpp_models(props, listed), sizes)


def _listing(answers: tuple[bytes, ...]) -> Told:
    (listed,) = answers
    return _told(vllm_models(listed), {})


def _told(found: Mapping[str, FoundModel], billions: Mapping[str, float]) -> Told:
    mute = frozenset(name for name in found if _NO_CHAT.search(name))
    return Told(found, billions, mute)


def _decoded(answer: bytes, shape: type[_T], otherwise: _T) -> _T:
    try:
        return msgspec.json.decode(answer, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return otherwise


SERVERS: Final[Mapping[str, LocalServer]] = MappingProxyType(
    {
        "ollama": LocalServer(("/api/tags", "/api/ps"), _ollama, tag=":latest"),
        # The second is what releases before 0.4 know; unknown paths answer 200 there.
        "lmstudio": LocalServer(("/api/v1/models", "/api/v0/models"), _studio),
        "llamacpp": LocalServer(("/props", "/v1/models"), _llama_cpp, one_model=True),
        "vllm": LocalServer(("/v1/models",), _listing),
        "localai": LocalServer(("/v1/models",), _listing),
    }
)
"""The kinds of servers that are asked, by the id of the provider that stands for one.

Sources: the servers' own documents and code as of autumn 2026.
"""
