"""Answers `GET /v1/models` in the shape each client expects; pure.

Claude Code's picker lists only ids that begin with `claude` or `anthropic` (seen with
2.1.329); OpenAI's clients and Codex take the plain list. The fields of Anthropic's list
are those of `ModelInfo` in its SDK 2.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proxy.catalogue import Place
from proxy.model import Protocol
from proxy.routing import PRACTICE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proxy.catalogue import Catalogue, Model, Provider

_EPOCH = "1970-01-01T00:00:00Z"
"""When a model was made is not known here; the field may not be missing."""


class _AnthropicModel(msgspec.Struct, frozen=True):
    id: str
    display_name: str
    max_input_tokens: int | None
    max_tokens: int | None
    lifecycle: str = "active"
    created_at: str = _EPOCH
    type: str = "model"


class _AnthropicList(msgspec.Struct, frozen=True):
    data: tuple[_AnthropicModel, ...]
    has_more: bool
    first_id: str | None
    last_id: str | None


class _OpenAIModel(msgspec.Struct, frozen=True):
    id: str
    owned_by: str
    created: int = 0
    object: str = "model"


class _OpenAIList(msgspec.Struct, frozen=True):
    data: tuple[_OpenAIModel, ...]
    object: str = "list"


def wants_anthropic(headers: Sequence[tuple[str, str]]) -> bool:
    """Tell from a request's headers whether it expects Anthropic's list."""
    for name, value in headers:
        lowered = name.lower()
        if lowered == "anthropic-version":
            return True
        if lowered == "user-agent" and value.startswith(("claude-", "Bun/")):
            return True
    return False


def models_body(
    catalogue: Catalogue,
    not_ready: Mapping[str, str],
    *,
    anthropic: bool,
    offline: bool = False,
) -> bytes:
    """Return the list of models that can be asked for now, as JSON.

    Each id stands once, under the first ready provider that lists it. With no provider
    configured the practice model is listed; `offline` leaves out models that run
    elsewhere.
    """
    found: dict[str, tuple[Provider, Model]] = {}
    for provider, model in _models(catalogue, not_ready, anthropic=anthropic):
        place = model.place or provider.place
        if offline and place is not Place.THIS_MACHINE:
            continue
        found.setdefault(model.id, (provider, model))
    if anthropic:
        data = tuple(
            _AnthropicModel(
                id=model.id,
                display_name=model.display_name or model.id,
                max_input_tokens=model.context,
                max_tokens=model.max_output,
            )
            for _, model in found.values()
        )
        first = data[0].id if data else None
        last = data[-1].id if data else None
        return msgspec.json.encode(
            _AnthropicList(data=data, has_more=False, first_id=first, last_id=last)
        )
    return msgspec.json.encode(
        _OpenAIList(
            data=tuple(
                _OpenAIModel(id=model.id, owned_by=provider.id)
                for provider, model in found.values()
            )
        )
    )


def _models(
    catalogue: Catalogue, not_ready: Mapping[str, str], *, anthropic: bool
) -> Iterator[tuple[Provider, Model]]:
    providers = catalogue.providers or (PRACTICE,)
    for provider in providers:
        speaks = set(provider.protocols)
        fits = (
            Protocol.MESSAGES in speaks
            if anthropic
            else bool(speaks & {Protocol.CHAT, Protocol.RESPONSES})
        )
        if fits and not not_ready.get(provider.id):
            for model in provider.models:
                yield provider, model
