"""The lines for opencode; pure text."""

import json
from collections.abc import Iterable

from app.commands.pointing.files import added, start
from app.commands.pointing.needs import PRACTICE_MODEL, UNNAMED_MODEL, keyed, own
from app.commands.pointing.terms import NEEDS, Client, Login, SettingsPart, Wish
from proxy.catalogue import Model, Provider
from proxy.model import Protocol

_FILE = "~/.config/opencode/opencode.json"
_USUAL_OUTPUT = 32_000  # tokens; what opencode asks for at most by itself


def opencode(wish: Wish) -> tuple[SettingsPart, ...]:
    """Lines for opencode's own file, in the shape of its version 1."""
    if wish.login is Login.OWN:
        takes = own(Client.OPENCODE, wish.providers)
        names = [provider.id for provider in takes] or [NEEDS[Client.OPENCODE].own[0]]
        options = {"baseURL": f"{wish.url}/v1", "headers": {"x-turnout-key": wish.key}}
        # The built-in providers keep their login and their models.
        text = json.dumps(
            {"provider": {name: {"options": options} for name in names}}, indent=2
        )
    else:
        text = _opencode_provider(wish)
    return (SettingsPart(added(_FILE), text), start(_FILE, "opencode"))


def _opencode_provider(wish: Wish) -> str:
    there = keyed(Client.OPENCODE, wish.providers)
    chosen = next((p for p in there if p.models), there[0] if there else None)
    models = _one_per_lane(chosen.models) if chosen else ()
    entries = {model.id: _opencode_model(model) for model in models}
    if not entries:
        name = UNNAMED_MODEL if chosen else PRACTICE_MODEL
        entries = {name: {"name": name}}
    named = list(entries)
    small = next((m.id for m in models if (m.lane or "").endswith("/small")), named[0])
    options = {"baseURL": f"{wish.url}/v1", "apiKey": wish.key}
    lines = [
        f"        {json.dumps(name)}: {json.dumps(entry)}"
        for name, entry in entries.items()
    ]
    return "\n".join(
        (
            "{",
            '  "provider": {',
            '    "turnout": {',
            f'      "npm": "{_package(chosen)}",',
            '      "name": "Turnout",',
            f'      "options": {json.dumps(options)},',
            '      "models": {',
            ",\n".join(lines),
            "      }",
            "    }",
            "  },",
            f'  "model": {json.dumps(f"turnout/{named[0]}")},',
            f'  "small_model": {json.dumps(f"turnout/{small}")}',
            "}",
        )
    )


def _package(provider: Provider | None) -> str:
    """The library that speaks what the provider speaks; all three are in opencode.

    OpenAI's newer models call tools over Responses only. What speaks none of the three
    is reached by translation.
    """
    protocols = provider.protocols if provider else ()
    if provider is not None and provider.id == "openai":
        return "@ai-sdk/openai"
    if Protocol.MESSAGES in protocols and Protocol.CHAT not in protocols:
        return "@ai-sdk/anthropic"
    if Protocol.RESPONSES in protocols and Protocol.CHAT not in protocols:
        return "@ai-sdk/openai"
    return "@ai-sdk/openai-compatible"


def _one_per_lane(models: Iterable[Model]) -> tuple[Model, ...]:
    first: dict[str | None, Model] = {}
    for model in models:
        first.setdefault(model.lane, model)
    return tuple(first.values())


def _opencode_model(model: Model) -> dict[str, object]:
    entry: dict[str, object] = {"name": model.display_name or model.id}
    if model.vision:
        entry["attachment"] = True
        entry["modalities"] = {"input": ["text", "image"], "output": ["text"]}
    if model.context is not None:
        output = model.max_output or _USUAL_OUTPUT
        entry["limit"] = {"context": model.context, "output": output}
    return entry
