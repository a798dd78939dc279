"""Answers `GET /v1/models` in the shape each client expects; pure.

Every model of a ready provider is in every list, whatever protocol it is served in.
Fields are those of `ModelInfo` in the `anthropic` SDK 2.8.0, `Model` in the `openai`
SDK 3.51.0, and Gemini's REST resource `Model` as the `google-genai` SDK reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec

from proxy.aliases import MODE_NAMES, alias_mode, real_name, shown_mode, shown_model
from proxy.catalogue import Place, Route, Thinking
from proxy.codex_catalogue import Entry, codex_catalogue
from proxy.model import Protocol
from proxy.routing import PRACTICE, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proxy.catalogue import Catalogue, Model, Provider

_DATED = re.compile(r"(?P<name>.+)-20[0-9]{6}")
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


class _GeminiModel(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    name: str
    display_name: str
    base_model_id: str
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: tuple[str, ...] = ()


class _GeminiList(msgspec.Struct, frozen=True):
    models: tuple[_GeminiModel, ...]


_GEMINI_METHODS = ("generateContent", "streamGenerateContent", "countTokens")


class ListShape(StrEnum):
    """Whose list of models a client reads."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    CODEX = "codex"
    GEMINI = "gemini"


_SPEAKS = {
    ListShape.ANTHROPIC: {Protocol.MESSAGES},
    ListShape.OPENAI: {Protocol.RESPONSES, Protocol.CHAT},
    ListShape.CODEX: {Protocol.RESPONSES},
    ListShape.GEMINI: {Protocol.GEMINI},
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a list: a model under the id it is shown by, or a mode."""

    id: str
    title: str
    owner: str
    model: Model | None = None


def shape_of(path: str, query: str, headers: Sequence[tuple[str, str]]) -> ListShape:
    """Tell from a request for a list, or for one model, whose shape it expects.

    `path` and `query` are those of the URL, `query` without its question mark.
    """
    if "/v1beta/" in f"{path}/" or _wants_gemini(headers):
        return ListShape.GEMINI
    if wants_anthropic(headers):
        return ListShape.ANTHROPIC
    if "client_version" in parse_qs(query, keep_blank_values=True):
        return ListShape.CODEX
    return ListShape.OPENAI


def models_answer(
    shape: ListShape,
    catalogue: Catalogue,
    not_ready: Mapping[str, str],
    *,
    offline: bool = False,
) -> bytes:
    """Return everything that can be asked for now in place of a model, as JSON.

    The modes stand first, then the models in the order of the user's file, each id
    once, under the first ready provider that lists it. With no provider configured the
    practice model is listed. `offline` leaves out what runs elsewhere. `not_ready` maps
    providers that cannot be called to the reason.
    """
    rows = _rows(shape, catalogue, not_ready, offline=offline)
    match shape:
        case ListShape.ANTHROPIC:
            return _anthropic_list(tuple(map(_anthropic, rows)))
        case ListShape.OPENAI:
            return msgspec.json.encode(_OpenAIList(tuple(map(_openai, rows))))
        case ListShape.CODEX:
            return codex_catalogue(map(_codex, rows))
        case ListShape.GEMINI:
            return msgspec.json.encode(_GeminiList(tuple(map(_gemini, rows))))


def model_answer(
    shape: ListShape,
    name: str,
    catalogue: Catalogue,
    not_ready: Mapping[str, str],
    *,
    offline: bool = False,
) -> bytes | None:
    """Return one entry of the list as JSON, None where nothing there has that name.

    `name` is an id as a list has it, a model's plain name, `provider/model`, or either
    one with a date behind it. Gemini's `models/` before it is no part of the name.
    """
    rows = _rows(shape, catalogue, not_ready, offline=offline)
    row = _find(rows, name)
    if row is None:
        return None
    if shape is ListShape.ANTHROPIC:
        return msgspec.json.encode(_anthropic(row))
    if shape is ListShape.GEMINI:
        return msgspec.json.encode(_gemini(row))
    return msgspec.json.encode(_openai(row))


def _find(rows: Sequence[_Row], name: str) -> _Row | None:
    wanted = real_name(name)
    mode = alias_mode(wanted)
    for row in rows:
        if row.model is None:
            if mode is not None and alias_mode(row.id) is mode:
                return row
        elif wanted in {row.id, row.model.id, f"{row.owner}/{row.model.id}"}:
            return row
    undated = _DATED.fullmatch(wanted)
    return _find(rows, undated["name"]) if undated else None


def _rows(
    shape: ListShape,
    catalogue: Catalogue,
    not_ready: Mapping[str, str],
    *,
    offline: bool,
) -> tuple[_Row, ...]:
    picked = shape is ListShape.ANTHROPIC
    found: dict[str, _Row] = {}
    for provider, model in _reachable(shape, catalogue, not_ready, offline=offline):
        shown = shown_model(provider.id, model.id) if picked else model.id
        title = model.display_name or model.id
        if picked and shown != model.id:
            title = f"{title} ({provider.name})"
        found.setdefault(shown, _Row(shown, title, provider.id, model))
    if not found:
        return ()
    modes = (Mode.OFFLINE,) if offline else tuple(Mode)
    return (*(_mode_row(mode, picked=picked) for mode in modes), *found.values())


def _mode_row(mode: Mode, *, picked: bool) -> _Row:
    name, title = MODE_NAMES[mode]
    return _Row(shown_mode(mode) if picked else name, title, "turnout")


def _reachable(
    shape: ListShape,
    catalogue: Catalogue,
    not_ready: Mapping[str, str],
    *,
    offline: bool,
) -> Iterator[tuple[Provider, Model]]:
    for provider in catalogue.providers or (PRACTICE,):
        # A client's own login goes to those only who speak its protocol.
        own = provider.key.kind != "client" or _SPEAKS[shape] & {*provider.protocols}
        if not own or not_ready.get(provider.id):
            continue
        for model in provider.models:
            route = Route(provider, model, model.id, provider.protocols[0])
            if not offline or route.place is Place.THIS_MACHINE:
                yield provider, model


def _anthropic(row: _Row) -> _AnthropicModel:
    return _AnthropicModel(
        id=row.id,
        display_name=row.title,
        max_input_tokens=row.model.context if row.model else None,
        max_tokens=row.model.max_output if row.model else None,
    )


def _anthropic_list(data: tuple[_AnthropicModel, ...]) -> bytes:
    first = data[0].id if data else None
    last = data[-1].id if data else None
    return msgspec.json.encode(
        _AnthropicList(data=data, has_more=False, first_id=first, last_id=last)
    )


def _openai(row: _Row) -> _OpenAIModel:
    return _OpenAIModel(id=row.id, owned_by=row.owner)


def _gemini(row: _Row) -> _GeminiModel:
    return _GeminiModel(
        name=f"models/{row.id}",
        display_name=row.title,
        base_model_id=row.id,
        input_token_limit=row.model.context if row.model else None,
        output_token_limit=row.model.max_output if row.model else None,
        supported_generation_methods=_GEMINI_METHODS,
    )


def _codex(row: _Row) -> Entry:
    model = row.model
    if model is None:
        return Entry(row.id, row.title, vision=True)
    thinks = model.thinking is not Thinking.NONE
    return Entry(
        name=row.id,
        title=row.title,
        context=model.context,
        vision=model.vision is not False,
        efforts=model.efforts if thinks else None,
    )


def wants_anthropic(headers: Sequence[tuple[str, str]]) -> bool:
    """Tell from a request's headers whether it expects Anthropic's list."""
    for name, value in headers:
        lowered = name.lower()
        if lowered == "anthropic-version":
            return True
        if lowered == "user-agent" and value.startswith(("claude-", "Bun/")):
            return True
    return False


def _wants_gemini(headers: Sequence[tuple[str, str]]) -> bool:
    """Tell whether Google's clients ask: some of them on `/v1` (google-genai 3.3.0)."""
    return any(name.lower().startswith("x-goog-api-") for name, _ in headers)
