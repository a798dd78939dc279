"""What each client has to be told so that its requests come to the gateway; pure.

It knows the clients' settings as text. It must not make keys or write any file.
"""

from collections.abc import Callable, Mapping

from app.commands.pointing.chat import aider, continue_, qwen_code
from app.commands.pointing.claude import claude_code, claude_desktop
from app.commands.pointing.codex import CODEX_MODEL, codex
from app.commands.pointing.gemini_cli import gemini_cli
from app.commands.pointing.needs import UNNAMED_MODEL, logins, missing, usual_login
from app.commands.pointing.opencode import opencode
from app.commands.pointing.terms import (
    NEEDS,
    Client,
    Login,
    Needs,
    SettingsPart,
    Wish,
)

__all__ = [
    "CODEX_MODEL",
    "NEEDS",
    "UNNAMED_MODEL",
    "Client",
    "Login",
    "Needs",
    "SettingsPart",
    "Wish",
    "logins",
    "missing",
    "parts",
    "usual_login",
]

_PARTS: Mapping[Client, Callable[[Wish], tuple[SettingsPart, ...]]] = {
    Client.CLAUDE_CODE: claude_code,
    Client.CODEX: codex,
    Client.OPENCODE: opencode,
    Client.GEMINI_CLI: gemini_cli,
    Client.QWEN_CODE: qwen_code,
    Client.CONTINUE: continue_,
    Client.AIDER: aider,
    Client.CLAUDE_DESKTOP: claude_desktop,
}


def parts(client: Client, wish: Wish) -> tuple[SettingsPart, ...]:
    """Return what to put where so that the client calls the gateway."""
    return _PARTS[client](wish)
