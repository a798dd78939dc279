"""Finds what wins over the settings of Claude Code and Claude Desktop.

It must not read a folder that nobody named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from discovery.findings import Override
from discovery.known_clients import editors
from discovery.overrides.terms import (
    Rule,
    View,
    in_file,
    is_in_nobodys_way,
    moved_home,
    variables,
)
from discovery.settings_text import (
    json_of,
    table_of,
    word_of,
)

_SETTINGS_WIN = (
    "Claude Code takes the value in its settings file over this one; other programs "
    "still read it."
)
CLAUDE_VARIABLES: Final = {
    "ANTHROPIC_BASE_URL": Rule(_SETTINGS_WIN, blocks=False),
    "ANTHROPIC_AUTH_TOKEN": Rule(_SETTINGS_WIN, blocks=False),
    "CLAUDE_CODE_USE_BEDROCK": Rule(
        "Claude Code then calls Amazon Bedrock and no other address.", blocks=True
    ),
    "CLAUDE_CODE_USE_VERTEX": Rule(
        "Claude Code then calls Google Vertex AI and no other address.", blocks=True
    ),
    "CLAUDE_CODE_USE_FOUNDRY": Rule(
        "Claude Code then calls Microsoft Foundry and no other address.", blocks=True
    ),
}
_CLAUDE_FILE = (
    "This file wins over the settings of your home folder, so Claude Code does not "
    "come to Turnout {place}."
)


def claude_code(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of Claude Code."""
    yield from variables(view, CLAUDE_VARIABLES)
    yield from moved_home(view, "CLAUDE_CONFIG_DIR", "Claude Code")
    for path in _claude_managed(view):
        yield from _claude_file(view, path, "on this machine")
    if view.folder is not None:
        for name in ("settings.local.json", "settings.json"):
            yield from _claude_file(view, view.folder / ".claude" / name, "here")
    yield from _editor_settings(view)


def _claude_managed(view: View) -> Iterator[Path]:
    match view.surroundings.platform:
        case "darwin":
            folder = view.system / "Library" / "Application Support" / "ClaudeCode"
        case "win32":
            folder = Path("C:/Program Files/ClaudeCode")
        case _:
            folder = view.system / "etc" / "claude-code"
    yield folder / "managed-settings.json"
    yield from sorted((folder / "managed-settings.d").glob("*.json"))[:20]


def _claude_file(view: View, path: Path, place: str) -> Iterator[Override]:
    told = json_of(path)
    env = table_of(told.get("env"))
    sentence = _CLAUDE_FILE.format(place=place)
    for name in (*CLAUDE_VARIABLES, "ANTHROPIC_API_KEY"):
        value = word_of(env.get(name))
        if value and not is_in_nobodys_way(view, value):
            address = name == "ANTHROPIC_BASE_URL" or name.startswith("CLAUDE_CODE_USE")
            plain = sentence if address else "Claude Code sends this key from here."
            yield in_file(view, path, name, value, plain, blocks=address)
    if told.get("apiKeyHelper"):
        plain = "Claude Code asks this command for its key instead of another."
        yield in_file(view, path, "apiKeyHelper", "a command", plain, blocks=False)


def _editor_settings(view: View) -> Iterator[Override]:
    """Yield what `claudeCode.environmentVariables` of VS Code and its kin sets."""
    places = [
        (editor.name, editor.user / "settings.json")
        for editor in editors(view.surroundings)
    ]
    if view.folder is not None:
        places.append(("VS Code", view.folder / ".vscode" / "settings.json"))
    for editor, path in places:
        found = json_of(path).get("claudeCode.environmentVariables")
        for one in found if isinstance(found, list) else ():
            pair = table_of(one)
            name, value = word_of(pair.get("name")), word_of(pair.get("value"))
            if (
                name in CLAUDE_VARIABLES
                and value
                and not is_in_nobodys_way(view, value)
            ):
                sentence = (
                    f"Claude Code inside {editor} takes this value over any file."
                )
                yield in_file(view, path, name, value, sentence)


def claude_desktop(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of Claude Desktop."""
    preferences = view.system / "Library" / "Managed Preferences"
    path = preferences / "com.anthropic.Claude.plist"
    if view.surroundings.platform == "darwin" and path.exists():
        yield Override(
            where=str(path),
            name="com.anthropic.Claude",
            line="",
            sentence="Claude Desktop is managed here, which wins over its files.",
        )
