"""The lines for clients that speak Chat Completions to any address; pure text."""

import json

from app.commands.pointing.files import added, start
from app.commands.pointing.needs import first_model
from app.commands.pointing.terms import Client, SettingsPart, Wish

_QWEN_ENV = "~/.qwen/.env"
_QWEN_SETTINGS = "~/.qwen/settings.json"
_CONTINUE = "~/.continue/config.yaml"
_AIDER = "~/.aider.conf.yml"


def qwen_code(wish: Wish) -> tuple[SettingsPart, ...]:
    """Its two files: how it signs in, and where to."""
    signs_in = {"security": {"auth": {"selectedType": "openai"}}}
    lines = (
        f"OPENAI_BASE_URL={wish.url}/v1",
        f"OPENAI_API_KEY={wish.key}",
        f"OPENAI_MODEL={first_model(Client.QWEN_CODE, wish.providers)}",
    )
    return (
        SettingsPart(added(_QWEN_ENV, "these lines"), "\n".join(lines)),
        SettingsPart(added(_QWEN_SETTINGS), json.dumps(signs_in, indent=2)),
        start(_QWEN_ENV, "qwen"),
    )


def continue_(wish: Wish) -> tuple[SettingsPart, ...]:
    """One more model; without `capabilities` it would be offered no tools."""
    model = json.dumps(first_model(Client.CONTINUE, wish.providers))
    lines = (
        "name: Local",
        "version: 1.0.0",
        "schema: v1",
        "models:",
        "  - name: Turnout",
        "    provider: openai",
        f"    model: {model}",
        f'    apiBase: "{wish.url}/v1"',
        f'    apiKey: "{wish.key}"',
        "    roles: [chat, edit, apply]",
        "    capabilities: [tool_use, image_input]",
    )
    where = added(_CONTINUE, 'the entry of "models"')
    return (SettingsPart(where, "\n".join(lines)), start(_CONTINUE, "cn"))


def aider(wish: Wish) -> tuple[SettingsPart, ...]:
    """The word before the model's name chooses the protocol and is cut off."""
    model = json.dumps(f"openai/{first_model(Client.AIDER, wish.providers)}")
    lines = (
        f'openai-api-base: "{wish.url}/v1"',
        f'openai-api-key: "{wish.key}"',
        f"model: {model}",
    )
    where = added(_AIDER, "these lines")
    return (SettingsPart(where, "\n".join(lines)), start(_AIDER, "aider"))
