"""Says in sentences what a server could give and what to mind about it.

It must not decide anything; the finding it speaks of is made elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from discovery.findings import ServerKind, ServerModel, ServerState
from discovery.fingerprints import CLAUDE_CODE_ROUTER
from proxy.catalogue import Place

PROVIDERS: Final[Mapping[ServerKind, str]] = MappingProxyType(
    {
        ServerKind.OLLAMA: "ollama",
        ServerKind.LM_STUDIO: "lmstudio",
        ServerKind.LLAMA_CPP: "llamacpp",
        ServerKind.VLLM: "vllm",
        ServerKind.LOCALAI: "localai",
    }
)
"""The known provider that each kind can be used as; the others have none."""

LITTLE_ROOM: Final = 32_768
"""Tokens below which a coding tool's prompts are soon too long."""

_ENOUGH: Final = "64,000"
_GATEWAY: Final = (
    "Nothing through Turnout: it is a gateway itself. Chaining two doubles retries and "
    "hides prices."
)
_HOW_TO: Final = (
    "Its models, once config.toml has an entry with an id, this address as base_url "
    'and protocols = ["openai-chat"].'
)
_MORE_ROOM: Final[Mapping[ServerKind, str]] = MappingProxyType(
    {
        ServerKind.OLLAMA: f"set OLLAMA_CONTEXT_LENGTH={_ENOUGH.replace(',', '')} for "
        "Ollama and start it again.",
        ServerKind.LM_STUDIO: "load it again in LM Studio with a longer context.",
        ServerKind.LLAMA_CPP: "start llama-server with a larger --ctx-size.",
        ServerKind.VLLM: "start vLLM with a larger --max-model-len.",
    }
)
_LM_LINK: Final = (
    "With LM Link it also serves models of your other machines as if they ran here. "
    'Where you use that, its entry in config.toml should say place = "my-network".'
)
_VLLM_TOOLS: Final = (
    "Tools work there only if it was started with --enable-auto-tool-choice and a "
    "--tool-call-parser."
)
_NO_MODELS: Final[Mapping[ServerKind, str]] = MappingProxyType(
    {
        ServerKind.OLLAMA: "Nothing yet: it has no model. `ollama pull` gets one.",
        ServerKind.LM_STUDIO: "Nothing yet: it has no model. LM Studio can get one.",
    }
)


def is_gateway(kind: ServerKind, name: str) -> bool:
    """Say whether it only hands requests on, for a price that nobody here can see."""
    fronts = {ServerKind.OPEN_WEBUI, ServerKind.LITELLM}
    return kind in fronts or name == CLAUDE_CODE_ROUTER


def gives(
    kind: ServerKind, name: str, state: ServerState, models: Sequence[ServerModel]
) -> str:
    """Return what a server could give, as a sentence."""
    if is_gateway(kind, name):
        return _GATEWAY
    if kind not in PROVIDERS:
        return _HOW_TO
    if state is ServerState.STARTING:
        return "Its models, when it has finished starting."
    if state is ServerState.NEEDS_KEY:
        return "Its models, once it is given the key that it asks for."
    if not models:
        return _NO_MODELS.get(kind, "Nothing yet: it has no model.")
    return _of_models(models)


def _of_models(models: Sequence[ServerModel]) -> str:
    here = [each for each in models if each.place is Place.THIS_MACHINE]
    near = [each for each in models if each.place is Place.MY_NETWORK]
    away = len(models) - len(here) - len(near)
    parts = []
    if here:
        loaded = sum(each.loaded for each in here)
        now = f" ({loaded} loaded now)" if loaded else ""
        parts.append(f"{_models(len(here))} on this machine{now}, free of charge")
    if near:
        parts.append(f"{_models(len(near))} on your network, free of charge")
    if away:
        verb = "runs" if away == 1 else "run"
        parts.append(f"{_models(away)} that {verb} at a provider")
    return f"{'; '.join(parts)}."


def _models(count: int) -> str:
    return "1 model" if count == 1 else f"{count} models"


def notes(
    kind: ServerKind,
    name: str,
    state: ServerState,
    models: Sequence[ServerModel],
    *,
    open_to_network: bool,
) -> tuple[str, ...]:
    """Return what a person should know of a server, one sentence or two each."""
    said: list[str] = []
    if open_to_network:
        said.append(
            "It is open to your network: other machines there may be able to use it."
        )
    if state is ServerState.NEEDS_KEY and not is_gateway(kind, name):
        said.append("It asks for a key; none was tried.")
    said += _of_kind(kind, models)
    said += _of_room(kind, models)
    return tuple(said)


def _of_kind(kind: ServerKind, models: Sequence[ServerModel]) -> list[str]:
    if kind is ServerKind.OLLAMA:
        away = [each.id for each in models if each.place is Place.PROVIDER]
        if not away:
            return []
        verb = "runs" if len(away) == 1 else "run"
        return [
            f"{_some(away)} {verb} at ollama.com, not here: prompts leave this machine."
        ]
    if kind is ServerKind.LM_STUDIO:
        return [_LM_LINK]
    if kind is ServerKind.VLLM:
        return [_VLLM_TOOLS]
    if kind not in PROVIDERS:
        return ["Where its models really run cannot be told from its address."]
    return []


def _of_room(kind: ServerKind, models: Sequence[ServerModel]) -> list[str]:
    """Return a sentence on models whose room is too small for coding tools."""
    how = _MORE_ROOM.get(kind)
    short = [each for each in models if each.context and each.context < LITTLE_ROOM]
    if how is None or not short:
        return []
    rooms = [f"{each.id} ({each.context:,} tokens)" for each in short]
    cut = " Ollama cuts longer ones." if kind is ServerKind.OLLAMA else ""
    wanted = f"Coding tools want {_ENOUGH} or more"
    return [f"Little room for prompts: {_some(rooms)}.{cut} {wanted}: {how}"]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
