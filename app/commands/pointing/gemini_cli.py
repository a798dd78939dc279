"""The lines for Gemini CLI; pure text."""

import json

from app.commands.pointing.files import added, start
from app.commands.pointing.terms import Login, SettingsPart, Wish

_ENV = "~/.gemini/.env"
_SETTINGS = "~/.gemini/settings.json"


def gemini_cli(wish: Wish) -> tuple[SettingsPart, ...]:
    """Its two files: how it signs in, and where to.

    It can set no header, so beside a key of its own the gateway's is in the path.
    """
    if wish.login is Login.OWN:
        line = f"GOOGLE_GEMINI_BASE_URL={wish.url}/k/{wish.key}"
        where = added(_ENV, "this line")
        return (SettingsPart(where, line), start(_ENV, "gemini"))
    signs_in = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    lines = f"GOOGLE_GEMINI_BASE_URL={wish.url}\nGEMINI_API_KEY={wish.key}"
    return (
        SettingsPart(added(_ENV, "these lines"), lines),
        SettingsPart(added(_SETTINGS), json.dumps(signs_in, indent=2)),
        start(_ENV, "gemini"),
    )
