"""How a key in a settings file is named to people; pure."""

from __future__ import annotations

from wizard.formats.terms import Item, KeyPath


def key_name(path: KeyPath) -> str:
    """Return a path as people write it: `env.ANTHROPIC_BASE_URL`, `models[Turnout]`."""
    name = ""
    for part in path:
        if isinstance(part, Item):
            name += f"[{part.value}]"
        else:
            name += f".{part}" if name else part
    return name or "the whole file"
