"""Finds what wins over clients that take their address from a `.env` file.

It must not read a folder that nobody named, nor tell a value from such a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from discovery.findings import Override
from discovery.overrides.terms import (
    Rule,
    View,
    in_file,
    moved_home,
    variables,
)
from discovery.settings_text import (
    dotenv_of,
    json_of,
    place_shown,
    table_of,
    text_of,
    word_of,
)


def _over_file(client: str, file: str) -> Rule:
    return Rule(f"{client} takes this value over the one in {file}.", blocks=True)


_GEMINI_FILE = "~/.gemini/.env"
GEMINI_VARIABLES: Final = {
    "GOOGLE_GEMINI_BASE_URL": _over_file("Gemini CLI", _GEMINI_FILE),
    "GEMINI_API_KEY": _over_file("Gemini CLI", _GEMINI_FILE),
    "GOOGLE_GENAI_USE_VERTEXAI": Rule(
        "Gemini CLI then calls Google Vertex AI and no other address.", blocks=True
    ),
}
QWEN_VARIABLES: Final = {
    name: _over_file("Qwen Code", "~/.qwen/.env")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL")
}


def gemini_cli(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of Gemini CLI."""
    yield from variables(view, GEMINI_VARIABLES)
    yield from moved_home(view, "GEMINI_CLI_HOME", "Gemini CLI")
    yield from _first_dotenv(view, ".gemini", "Gemini CLI")
    path = _system_settings(view, "GEMINI_CLI", "GeminiCli", "gemini-cli")
    yield from _selected_login(view, path, "Gemini CLI")
    if view.folder is not None:
        path = view.folder / ".gemini" / "settings.json"
        yield from _selected_login(view, path, "Gemini CLI")


def qwen_code(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of Qwen Code."""
    yield from variables(view, QWEN_VARIABLES)
    yield from moved_home(view, "QWEN_HOME", "Qwen Code")
    yield from _first_dotenv(view, ".qwen", "Qwen Code")
    path = _system_settings(view, "QWEN_CODE", "QwenCode", "qwen-code")
    yield from _selected_login(view, path, "Qwen Code")
    if view.folder is not None:
        path = view.folder / ".qwen" / "settings.json"
        yield from _selected_login(view, path, "Qwen Code")


def _system_settings(view: View, variable: str, mac: str, other: str) -> Path:
    """Return the settings of the whole machine, which win over a user's."""
    around = view.surroundings
    named = around.environ.get(f"{variable}_SYSTEM_SETTINGS_PATH", "")
    if named:
        return Path(named)
    folders = {
        "darwin": view.system / "Library" / "Application Support" / mac,
        "win32": Path("C:/ProgramData") / other,
    }
    return folders.get(around.platform, view.system / "etc" / other) / "settings.json"


def _first_dotenv(view: View, folder: str, client: str) -> Iterator[Override]:
    """Yield the project's `.env`: only the first one that is found is read at all."""
    if view.folder is None:
        return
    for path in (view.folder / folder / ".env", view.folder / ".env"):
        if text_of(path) is not None:
            names = dotenv_of(path)
            line = ", ".join(f"{name}=..." for name in list(names)[:3])
            yield Override(
                where=place_shown(path, view.surroundings),
                name=".env",
                line=line,
                sentence=f"{client} reads only the first .env it finds, which is this.",
            )
            return


def _selected_login(view: View, path: Path, client: str) -> Iterator[Override]:
    security = table_of(json_of(path).get("security"))
    kind = word_of(table_of(security.get("auth")).get("selectedType"))
    if kind and kind not in {"gemini-api-key", "openai"}:
        sentence = (
            f"{client} then signs in in a way that passes by its address setting."
        )
        yield in_file(view, path, "selectedType", kind, sentence)
