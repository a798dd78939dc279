"""Finds what wins over the settings Turnout writes: variables and other files.

It must not read a file or folder that nobody named, and tells of a value only what is
no secret: addresses without user name and query, and plain words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from discovery.findings import Override
from discovery.folders import codex_folder
from discovery.key_shapes import address_shown, is_gateway, is_ours, shown
from discovery.known_clients import editors
from discovery.settings_text import (
    dotenv_of,
    json_of,
    line_of,
    place_shown,
    table_of,
    text_of,
    toml_of,
    word_of,
)
from discovery.shell_files import ROOT, Assigned
from discovery.surroundings import Surroundings

_ENVIRONMENT = "the environment Turnout was started in"


@dataclass(frozen=True, slots=True)
class _View:
    """What the search for one client's overrides may look at."""

    surroundings: Surroundings
    own_port: int | None
    lines: Sequence[Assigned]
    system: Path

    @property
    def folder(self) -> Path | None:
        """The project folder that a user named."""
        return self.surroundings.folder


@dataclass(frozen=True, slots=True)
class _Rule:
    """One variable: what it does where it is set, and whether it is in the way."""

    sentence: str
    blocks: bool


def overrides_of(
    client: str,
    surroundings: Surroundings,
    own_port: int | None = None,
    *,
    lines: Sequence[Assigned] = (),
    system: Path = ROOT,
) -> tuple[Override, ...]:
    """Return the places that win over what Turnout writes for a client; blocks.

    `lines` are those of shell start-up files, which the user agreed to be read.
    Addresses of our own gateway on `own_port` and our own keys are in nobody's way.
    `system` is where the system's own files begin.
    """
    search = _SEARCHES.get(client)
    if search is None:
        return ()
    return tuple(search(_View(surroundings, own_port, lines, system)))


# --- Claude Code ---

_SETTINGS_WIN = (
    "Claude Code takes the value in its settings file over this one; other programs "
    "still read it."
)
_CLAUDE_VARIABLES: Final = {
    "ANTHROPIC_BASE_URL": _Rule(_SETTINGS_WIN, blocks=False),
    "ANTHROPIC_AUTH_TOKEN": _Rule(_SETTINGS_WIN, blocks=False),
    "CLAUDE_CODE_USE_BEDROCK": _Rule(
        "Claude Code then calls Amazon Bedrock and no other address.", blocks=True
    ),
    "CLAUDE_CODE_USE_VERTEX": _Rule(
        "Claude Code then calls Google Vertex AI and no other address.", blocks=True
    ),
    "CLAUDE_CODE_USE_FOUNDRY": _Rule(
        "Claude Code then calls Microsoft Foundry and no other address.", blocks=True
    ),
}
_CLAUDE_FILE = (
    "This file wins over the settings of your home folder, so Claude Code does not "
    "come to Turnout {place}."
)


def _claude_code(view: _View) -> Iterator[Override]:
    yield from _variables(view, _CLAUDE_VARIABLES)
    yield from _moved_home(view, "CLAUDE_CONFIG_DIR", "Claude Code")
    for path in _claude_managed(view):
        yield from _claude_file(view, path, "on this machine")
    if view.folder is not None:
        for name in ("settings.local.json", "settings.json"):
            yield from _claude_file(view, view.folder / ".claude" / name, "here")
    yield from _editor_settings(view)


def _claude_managed(view: _View) -> Iterator[Path]:
    match view.surroundings.platform:
        case "darwin":
            folder = view.system / "Library" / "Application Support" / "ClaudeCode"
        case "win32":
            folder = Path("C:/Program Files/ClaudeCode")
        case _:
            folder = view.system / "etc" / "claude-code"
    yield folder / "managed-settings.json"
    yield from sorted((folder / "managed-settings.d").glob("*.json"))[:20]


def _claude_file(view: _View, path: Path, place: str) -> Iterator[Override]:
    told = json_of(path)
    env = table_of(told.get("env"))
    sentence = _CLAUDE_FILE.format(place=place)
    for name in (*_CLAUDE_VARIABLES, "ANTHROPIC_API_KEY"):
        value = word_of(env.get(name))
        if value and not _is_ours(view, value):
            address = name == "ANTHROPIC_BASE_URL" or name.startswith("CLAUDE_CODE_USE")
            plain = sentence if address else "Claude Code sends this key from here."
            yield _in_file(view, path, name, value, plain, blocks=address)
    if told.get("apiKeyHelper"):
        plain = "Claude Code asks this command for its key instead of another."
        yield _in_file(view, path, "apiKeyHelper", "a command", plain, blocks=False)


def _editor_settings(view: _View) -> Iterator[Override]:
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
            if name in _CLAUDE_VARIABLES and value and not _is_ours(view, value):
                sentence = (
                    f"Claude Code inside {editor} takes this value over any file."
                )
                yield _in_file(view, path, name, value, sentence)


# --- Codex ---


def _codex(view: _View) -> Iterator[Override]:
    yield from _moved_home(view, "CODEX_HOME", "Codex")
    path = codex_folder(view.surroundings) / "config.toml"
    name = word_of(toml_of(path).get("model_provider"))
    if name and name != "openai":
        sentence = (
            "Codex without a profile goes to this provider. The profile Turnout writes "
            "has its own and is not touched by it."
        )
        yield _in_file(view, path, "model_provider", name, sentence, blocks=False)
    managed = view.system / "etc" / "codex" / "managed_config.toml"
    told = toml_of(managed)
    for key in ("model_provider", "openai_base_url"):
        value = word_of(told.get(key))
        if value and not _is_ours(view, value):
            sentence = "This file is managed and wins over every setting of yours."
            yield _in_file(view, managed, key, value, sentence)


# --- opencode, openclaw ---

_OPENCODE_VARIABLES: Final = {
    "OPENCODE_CONFIG": _Rule(
        "opencode reads this file as well, and what it says wins.", blocks=False
    ),
    "OPENCODE_CONFIG_CONTENT": _Rule(
        "opencode takes this over every file.", blocks=False
    ),
}
_OPENCLAW_VARIABLES: Final = {
    "OPENCLAW_CONFIG_READONLY": _Rule(
        "openclaw refuses every change of its settings.", blocks=True
    ),
}


def _opencode(view: _View) -> Iterator[Override]:
    yield from _variables(view, _OPENCODE_VARIABLES)
    for path in _opencode_files(view):
        told = json_of(path)
        model = word_of(told.get("model"))
        if model and not model.startswith("turnout/"):
            sentence = "opencode takes this model over the one in your home folder."
            yield _in_file(view, path, "model", model, sentence)
        if table_of(told.get("provider")).get("turnout") is not None:
            sentence = "This file has a provider named turnout of its own, which wins."
            yield _in_file(view, path, "provider.turnout", "...", sentence)


def _opencode_files(view: _View) -> Iterator[Path]:
    names = ("opencode.json", "opencode.jsonc")
    folders = [_managed_opencode(view)]
    if view.folder is not None:
        folders += [view.folder, view.folder / ".opencode"]
    for folder in folders:
        yield from (folder / name for name in names)


def _managed_opencode(view: _View) -> Path:
    if view.surroundings.platform == "darwin":
        return view.system / "Library" / "Application Support" / "opencode"
    return view.system / "etc" / "opencode"


def _openclaw(view: _View) -> Iterator[Override]:
    yield from _variables(view, _OPENCLAW_VARIABLES)
    for name in ("OPENCLAW_CONFIG_PATH", "OPENCLAW_STATE_DIR", "OPENCLAW_HOME"):
        yield from _moved_home(view, name, "openclaw")


def _continue(view: _View) -> Iterator[Override]:
    yield from _moved_home(view, "CONTINUE_GLOBAL_DIR", "Continue")


# --- Gemini CLI, Qwen Code ---


def _over_file(client: str, file: str) -> _Rule:
    return _Rule(f"{client} takes this value over the one in {file}.", blocks=True)


_GEMINI_FILE = "~/.gemini/.env"
_GEMINI_VARIABLES: Final = {
    "GOOGLE_GEMINI_BASE_URL": _over_file("Gemini CLI", _GEMINI_FILE),
    "GEMINI_API_KEY": _over_file("Gemini CLI", _GEMINI_FILE),
    "GOOGLE_GENAI_USE_VERTEXAI": _Rule(
        "Gemini CLI then calls Google Vertex AI and no other address.", blocks=True
    ),
}
_QWEN_VARIABLES: Final = {
    name: _over_file("Qwen Code", "~/.qwen/.env")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL")
}


def _gemini_cli(view: _View) -> Iterator[Override]:
    yield from _variables(view, _GEMINI_VARIABLES)
    yield from _moved_home(view, "GEMINI_CLI_HOME", "Gemini CLI")
    yield from _first_dotenv(view, ".gemini", "Gemini CLI")
    path = _system_settings(view, "GEMINI_CLI", "GeminiCli", "gemini-cli")
    yield from _selected_login(view, path, "Gemini CLI")
    if view.folder is not None:
        path = view.folder / ".gemini" / "settings.json"
        yield from _selected_login(view, path, "Gemini CLI")


def _qwen_code(view: _View) -> Iterator[Override]:
    yield from _variables(view, _QWEN_VARIABLES)
    yield from _moved_home(view, "QWEN_HOME", "Qwen Code")
    yield from _first_dotenv(view, ".qwen", "Qwen Code")
    path = _system_settings(view, "QWEN_CODE", "QwenCode", "qwen-code")
    yield from _selected_login(view, path, "Qwen Code")
    if view.folder is not None:
        path = view.folder / ".qwen" / "settings.json"
        yield from _selected_login(view, path, "Qwen Code")


def _system_settings(view: _View, variable: str, mac: str, other: str) -> Path:
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


def _first_dotenv(view: _View, folder: str, client: str) -> Iterator[Override]:
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


def _selected_login(view: _View, path: Path, client: str) -> Iterator[Override]:
    security = table_of(json_of(path).get("security"))
    kind = word_of(table_of(security.get("auth")).get("selectedType"))
    if kind and kind not in {"gemini-api-key", "openai"}:
        sentence = (
            f"{client} then signs in in a way that passes by its address setting."
        )
        yield _in_file(view, path, "selectedType", kind, sentence)


# --- Aider, Claude Desktop ---

_AIDER_VARIABLES: Final = {
    name: _Rule("Aider takes this value over the one in its file.", blocks=True)
    for name in ("AIDER_OPENAI_API_BASE", "AIDER_MODEL")
}


def _aider(view: _View) -> Iterator[Override]:
    yield from _variables(view, _AIDER_VARIABLES)
    if view.folder is None:
        return
    path = view.folder / ".aider.conf.yml"
    for line in (text_of(path) or "").splitlines():
        name, colon, rest = line.partition(":")
        value = rest.strip().strip("'\"")
        wanted = name in {"openai-api-base", "model"}
        if colon and wanted and value and not _is_ours(view, value):
            sentence = "Aider takes this file over the one in your home folder."
            yield _in_file(view, path, name, value, sentence)
    for name, (_, value) in dotenv_of(view.folder / ".env").items():
        rule = _AIDER_VARIABLES.get(name)
        if rule and value and not _is_ours(view, value):
            yield _in_file(view, view.folder / ".env", name, value, rule.sentence)


def _claude_desktop(view: _View) -> Iterator[Override]:
    preferences = view.system / "Library" / "Managed Preferences"
    path = preferences / "com.anthropic.Claude.plist"
    if view.surroundings.platform == "darwin" and path.exists():
        yield Override(
            where=str(path),
            name="com.anthropic.Claude",
            line="",
            sentence="Claude Desktop is managed here, which wins over its files.",
        )


# --- what they share ---


def _variables(view: _View, rules: Mapping[str, _Rule]) -> Iterator[Override]:
    """Yield variables that are set here, or in a shell start-up file."""
    told = {line.name for line in view.lines if line.exported}
    for name, rule in rules.items():
        value = view.surroundings.environ.get(name, "")
        if value and name not in told and not _is_ours(view, value):
            yield Override(
                where=_ENVIRONMENT,
                name=name,
                line=f"{name}={shown(name, value)}",
                sentence=rule.sentence,
                points_to=address_shown(value),
                blocks=rule.blocks,
            )
    for line in view.lines:
        found = rules.get(line.name)
        if found and line.exported and line.value and not _is_ours(view, line.value):
            yield _in_shell(line, found.sentence, blocks=found.blocks)


def _moved_home(view: _View, name: str, client: str) -> Iterator[Override]:
    """Yield a folder of settings that only shells know, and Turnout therefore not."""
    known = view.surroundings.environ.get(name, "")
    for line in view.lines:
        if line.name == name and line.exported and line.value != known:
            sentence = (
                f"{client} started from that shell keeps its settings in another "
                "folder than Turnout sees."
            )
            yield _in_shell(line, sentence)


def _in_shell(line: Assigned, sentence: str, *, blocks: bool = True) -> Override:
    return Override(
        where=line.where,
        name=line.name,
        line=f"{line.head}{shown(line.name, line.value)}",
        sentence=sentence,
        points_to=address_shown(line.value),
        blocks=blocks,
    )


def _in_file(
    view: _View,
    path: Path,
    name: str,
    value: str,
    sentence: str,
    *,
    blocks: bool = True,
) -> Override:
    """Return an override in a file; its line is made anew, others may stand on it."""
    number = line_of(path, name.rpartition(".")[2])
    sign = {".toml": " = ", ".env": "=", "": "="}.get(path.suffix, ": ")
    quote = "" if path.suffix in {"", ".env", ".yml"} else '"'
    plain = shown(name, value)
    left = f'"{name}"' if path.suffix == ".json" else name
    return Override(
        where=place_shown(path, view.surroundings, number),
        name=name,
        line=f"{left}{sign}{quote}{plain}{quote}",
        sentence=sentence,
        points_to=address_shown(value),
        blocks=blocks,
    )


def _is_ours(view: _View, value: str) -> bool:
    return is_ours(value) or is_gateway(value, view.own_port)


_SEARCHES: Final[Mapping[str, Callable[[_View], Iterator[Override]]]] = {
    "claude-code": _claude_code,
    "claude-desktop": _claude_desktop,
    "codex": _codex,
    "continue": _continue,
    "opencode": _opencode,
    "openclaw": _openclaw,
    "gemini-cli": _gemini_cli,
    "qwen-code": _qwen_code,
    "aider": _aider,
}
