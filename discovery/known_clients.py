"""The clients that are looked for: how each is known and where its settings are.

It must not look for them itself (`installed`, `clients`) and knows nothing of keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.folders import (
    claude_folder,
    codex_folder,
    continue_folder,
    gemini_folder,
    openclaw_file,
    qwen_folder,
)
from discovery.surroundings import Surroundings

_CURSOR = (
    "Cursor cannot reach a local gateway: its own servers make the calls. Extensions "
    "inside it (Claude Code, Codex, Continue, Cline) can."
)
_PASTE = (
    "Its settings stand in no file that can be edited: Turnout shows what to paste."
)


@dataclass(frozen=True, slots=True)
class Known:
    """One client and its marks.

    `programs` are names of its executable, `places` where else that may be below the
    home folder, `packages` its npm packages, `wheel` its Python package and
    `extensions` its ids in VS Code's marketplace. `folder` is what it leaves below the
    home folder. `address` names the settings that hold an address. `processes` are
    names of its processes beside `programs`, `fragments` parts of their paths.
    """

    id: str
    name: str
    reach: Reach
    gives: str
    programs: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    wheel: str = ""
    extensions: tuple[str, ...] = ()
    folder: str = ""
    address: str = ""
    processes: tuple[str, ...] = ()
    fragments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def addresses(self) -> re.Pattern[str] | None:
        """The names of settings that hold an address, None where there are none."""
        return re.compile(self.address) if self.address else None


def _routed(name: str) -> str:
    return f"{name} can send its requests through Turnout."


KNOWN: Final = (
    Known(
        id="claude-code",
        name="Claude Code",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("Claude Code"),
        programs=("claude",),
        places=(".local/bin", ".claude/local", ".claude/local/node_modules/.bin"),
        packages=("@anthropic-ai/claude-code",),
        extensions=("anthropic.claude-code",),
        folder=".claude",
        address="ANTHROPIC_BASE_URL",
    ),
    Known(
        id="claude-desktop",
        name="Claude Desktop",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("Claude Desktop"),
        programs=("claude-desktop",),
        address="inferenceGatewayBaseUrl",
        processes=("Claude",),
        fragments=("AnthropicClaude", "Claude_", "Claude.app"),
    ),
    Known(
        id="codex",
        name="Codex",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("Codex"),
        programs=("codex",),
        packages=("@openai/codex",),
        extensions=("openai.chatgpt",),
        folder=".codex",
        address="openai_base_url|base_url",
    ),
    Known(
        id="opencode",
        name="opencode",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("opencode"),
        programs=("opencode",),
        places=(".opencode/bin",),
        packages=("opencode-ai",),
        address="baseURL",
    ),
    Known(
        id="openclaw",
        name="openclaw",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("openclaw"),
        programs=("openclaw",),
        packages=("openclaw",),
        folder=".openclaw",
        address="baseUrl",
    ),
    Known(
        id="gemini-cli",
        name="Gemini CLI",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("Gemini CLI"),
        programs=("gemini",),
        packages=("@google/gemini-cli",),
        folder=".gemini",
        address="GOOGLE_GEMINI_BASE_URL",
    ),
    Known(
        id="qwen-code",
        name="Qwen Code",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("Qwen Code"),
        programs=("qwen",),
        packages=("@qwen-code/qwen-code",),
        folder=".qwen",
        address="OPENAI_BASE_URL|baseUrl",
    ),
    Known(
        id="continue",
        name="Continue",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("Continue"),
        programs=("cn",),
        packages=("@continuedev/cli",),
        extensions=("continue.continue",),
        folder=".continue",
        address="apiBase",
    ),
    Known(
        id="aider",
        name="Aider",
        reach=Reach.WIRED_BY_FILE,
        gives=_routed("Aider"),
        programs=("aider",),
        wheel="aider-chat",
        address="openai-api-base|OPENAI_API_BASE|ANTHROPIC_API_BASE",
    ),
    Known(
        id="n8n",
        name="n8n",
        reach=Reach.GUIDED,
        gives=_routed("n8n"),
        programs=("n8n",),
        packages=("n8n",),
        folder=".n8n",
        notes=(_PASTE,),
    ),
    Known(
        id="cline",
        name="Cline",
        reach=Reach.GUIDED,
        gives=_routed("Cline"),
        extensions=("saoudrizwan.claude-dev",),
        processes=("code", "Code"),
        notes=(_PASTE,),
    ),
    Known(
        id="copilot",
        name="GitHub Copilot in VS Code",
        reach=Reach.GUIDED,
        gives="Copilot Chat can use Turnout as a model of your own.",
        extensions=("github.copilot-chat", "github.copilot"),
        address="url",
        processes=("code", "Code"),
        notes=("Inline completions stay with Copilot.",),
    ),
    Known(
        id="cursor",
        name="Cursor",
        reach=Reach.UNREACHABLE,
        gives="",
        programs=("cursor",),
        folder=".cursor",
        processes=("Cursor",),
        notes=(_CURSOR,),
    ),
)
"""Every client that is looked for, in the order in which they are shown."""


def known_client(client: str) -> Known | None:
    """Return the client with this id, None where it is not looked for."""
    return next((one for one in KNOWN if one.id == client), None)


def settings_of(client: str, surroundings: Surroundings) -> tuple[Path, ...]:
    """Return the files that hold a client's settings, there or not."""
    home, config = surroundings.home, surroundings.config_home
    environ = surroundings.environ
    claude, codex = claude_folder(surroundings), codex_folder(surroundings)
    gemini, qwen = gemini_folder(surroundings), qwen_folder(surroundings)
    other = Path(environ.get("OPENCODE_CONFIG", ""))
    files: dict[str, tuple[Path, ...]] = {
        "claude-code": (claude / "settings.json",),
        "claude-desktop": tuple(_desktop_files(surroundings)),
        "codex": (codex / "config.toml", codex / "turnout.config.toml"),
        "opencode": (
            config / "opencode" / "opencode.json",
            config / "opencode" / "opencode.jsonc",
            *((other,) if other.is_absolute() else ()),
        ),
        "openclaw": (openclaw_file(surroundings),),
        "gemini-cli": (gemini / "settings.json", gemini / ".env"),
        "qwen-code": (qwen / "settings.json", qwen / ".env"),
        "continue": (continue_folder(surroundings) / "config.yaml",),
        "aider": (home / ".aider.conf.yml",),
        "copilot": tuple(
            editor.user / "chatLanguageModels.json" for editor in editors(surroundings)
        ),
    }
    return files.get(client, ())


def _desktop_files(surroundings: Surroundings) -> Iterator[Path]:
    folder = desktop_folder(surroundings).with_name("Claude-3p")
    library = folder / "configLibrary"
    yield library / "_meta.json"
    # One file for each way the app was set up; there are a few at most.
    own = (path for path in sorted(library.glob("*.json")) if path.stem != "_meta")
    yield from list(own)[:20]


def desktop_folder(surroundings: Surroundings) -> Path:
    """Return where Claude Desktop keeps its data."""
    return _data(surroundings, local=True) / "Claude"


def _data(surroundings: Surroundings, *, local: bool = False) -> Path:
    """Return where desktop programs keep their data on this system."""
    home, environ = surroundings.home, surroundings.environ
    match surroundings.platform:
        case "darwin":
            return home / "Library" / "Application Support"
        case "win32":
            name, usual = ("LOCALAPPDATA", "Local") if local else ("APPDATA", "Roaming")
            named = environ.get(name)
            return Path(named) if named else home / "AppData" / usual
        case _:
            return surroundings.config_home


@dataclass(frozen=True, slots=True)
class Editor:
    """An editor of VS Code's family: its name, its user settings and its extensions."""

    name: str
    user: Path
    extensions: Path


_EDITORS: Final = (
    ("VS Code", "Code", ".vscode"),
    ("VS Code Insiders", "Code - Insiders", ".vscode-insiders"),
    ("VSCodium", "VSCodium", ".vscode-oss"),
    ("Cursor", "Cursor", ".cursor"),
    ("Windsurf", "Windsurf", ".windsurf"),
)


def editors(surroundings: Surroundings) -> tuple[Editor, ...]:
    """Return the editors of VS Code's family, there or not."""
    home, data = surroundings.home, _data(surroundings)
    local = tuple(
        Editor(name, data / folder / "User", home / dots / "extensions")
        for name, folder, dots in _EDITORS
    )
    server = home / ".vscode-server"
    remote = Editor("VS Code Server", server / "data" / "User", server / "extensions")
    return (*local, remote)
