"""What Claude Code's own file says now, and which files win over it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from discovery.surroundings import Surroundings
from wizard.clients.addresses import local_address, ours
from wizard.clients.secrets_seen import looks_secret
from wizard.clients.seen import Files, folder_of, value_in, words_in
from wizard.formats import ABSENT, Format
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
    """What the user's file says now; '' where it says nothing."""

    url: str
    token: str
    api_key: str
    helper: str
    headers: str
    model: str
    has_token: bool

    @property
    def service(self) -> str:
        """The host of another service it is set up for, '' for none or Anthropic."""
        if ours(self.url) or self.wired:
            return ""
        try:
            host = urlsplit(self.url).netloc.rpartition("@")[2]
        except ValueError:
            return "another address"
        return "" if host == _OWN_HOST else host

    @property
    def wired(self) -> bool:
        """Whether a key of ours stands here beside an address of this machine."""
        held = any(map(ours, (self.token, self.headers, self.url)))
        return bool(local_address(self.url)) and (held or self.asks_us)

    @property
    def asks_us(self) -> bool:
        """Whether the command that prints its key is ours."""
        return SHOWS_OURS in self.helper

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of what the user signs in with, as far as the file says."""
        names = []
        if not ours(self.token) and looks_secret(TOKEN, self.token):
            names.append(f"env.{TOKEN}")
        if not ours(self.api_key) and looks_secret(API_KEY, self.api_key):
            names.append(f"env.{API_KEY}")
        if self.helper and not self.asks_us:
            names.append(HELPER)
        return tuple(names)


def present_in(files: Files, path: Path) -> Present:
    """Return what the user's file says of all this."""

    def said(*key: str) -> str:
        return words_in(value_in(files, path, Format.JSON, key))

    token = value_in(files, path, Format.JSON, ("env", TOKEN))
    return Present(
        url=said("env", URL),
        token=words_in(token),
        api_key=said("env", API_KEY),
        helper=said(HELPER),
        headers=said("env", HEADERS),
        model=said("env", MODEL) or said("model"),
        has_token=token is not ABSENT,
    )
