"""What Claude Code's own file says now, and which files win over it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from discovery.surroundings import Surroundings
from wizard.clients.addresses import local_address, ours
from wizard.clients.secrets_seen import looks_secret
from wizard.clients.seen import Files, folder_of, value_in
from wizard.formats import Absent, Format, Json
from wizard.plan import Choice

ID: Final = "claude-code"
NAME: Final = "Claude Code"
URL: Final = "ANTHROPIC_BASE_URL"
TOKEN: Final = "ANTHROPIC_AUTH_TOKEN"  # noqa: S105 - the name of a variable
API_KEY: Final = "ANTHROPIC_API_KEY"
HEADERS: Final = "ANTHROPIC_CUSTOM_HEADERS"
MODEL: Final = "ANTHROPIC_MODEL"
HELPER: Final = "apiKeyHelper"
HEADER: Final = "x-turnout-key:"
SHOWS_OURS: Final = "keys show claude-code"
_OWN_HOST: Final = "api.anthropic.com"


def user_file(surroundings: Surroundings) -> Path:
    """Return the settings that are the user's own, for all projects."""
    return folder_of(surroundings, "CLAUDE_CONFIG_DIR", ".claude") / "settings.json"


def managed_file(platform: str) -> Path:
    """Return where an administrator puts settings that win over all others."""
    match platform:
        case "darwin":
            folder = "/Library/Application Support/ClaudeCode"
        case "win32":
            folder = "C:/Program Files/ClaudeCode"
        case _:
            folder = "/etc/claude-code"
    return Path(folder) / "managed-settings.json"


def project_files(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    """Return a project's two files, the stronger first; none without a project."""
    folder = choice.project or surroundings.folder
    # In the home folder the weaker of the two is the user's own.
    if folder is None or folder == surroundings.home:
        return ()
    inner = folder / ".claude"
    return (inner / "settings.local.json", inner / "settings.json")


@dataclass(frozen=True, slots=True)
class Present:
    """What the user's file says now; texts are '' where there is none."""

    url: Json | Absent
    token: Json | Absent
    api_key: Json | Absent
    helper: Json | Absent
    headers: str
    model: str

    @property
    def service(self) -> str:
        """The host of another service it is set up for, '' for none or Anthropic."""
        if not isinstance(self.url, str) or ours(self.url) or self.wired:
            return ""
        try:
            host = urlsplit(self.url).netloc.rpartition("@")[2]
        except ValueError:
            return self.url
        return "" if host == _OWN_HOST else host

    @property
    def wired(self) -> bool:
        """Whether a key of ours stands here beside an address of this machine."""
        held = (self.token, self.headers, self.url)
        by_helper = isinstance(self.helper, str) and SHOWS_OURS in self.helper
        return bool(local_address(self.url)) and (any(map(ours, held)) or by_helper)

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of what the user signs in with, as far as the file says."""
        names = []
        if not ours(self.token) and looks_secret(TOKEN, self.token):
            names.append(f"env.{TOKEN}")
        if not ours(self.api_key) and looks_secret(API_KEY, self.api_key):
            names.append(f"env.{API_KEY}")
        if isinstance(self.helper, str) and SHOWS_OURS not in self.helper:
            names.append(HELPER)
        return tuple(names)


def present_in(files: Files, path: Path) -> Present:
    """Return what the user's file says of all this."""

    def value(*key: str) -> Json | Absent:
        return value_in(files, path, Format.JSON, key)

    headers, model = value("env", HEADERS), value("env", MODEL)
    model = model if isinstance(model, str) and model else value("model")
    return Present(
        url=value("env", URL),
        token=value("env", TOKEN),
        api_key=value("env", API_KEY),
        helper=value(HELPER),
        headers=headers if isinstance(headers, str) else "",
        model=model if isinstance(model, str) else "",
    )
