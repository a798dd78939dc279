"""The lines for Codex; pure text."""

import json

from app.commands.pointing.files import start
from app.commands.pointing.needs import PRACTICE_MODEL, first_model
from app.commands.pointing.terms import Client, Login, SettingsPart, Wish

CODEX_MODEL = "turnout-code"
"""A name Codex does not know: it keeps its tools in the plain form."""

_FILE = "~/.codex/turnout.config.toml"


def codex(wish: Wish) -> tuple[SettingsPart, ...]:
    """A profile file of its own: a root `model_provider` would hide the history."""
    begin = start(_FILE, "codex --profile turnout")
    where = f"The whole of a new file, {_FILE}"
    if wish.login is Login.OWN:
        # The built-in provider keeps its login, its models and the history. It takes
        # no headers, so the key is in the path.
        line = f'openai_base_url = "{wish.url}/k/{wish.key}/v1"'
        always = SettingsPart(
            "Or for good, without --profile: the first line of ~/.codex/config.toml",
            line,
        )
        return (SettingsPart(where, line), begin, always)
    model = first_model(Client.CODEX, wish.providers)
    lines = (
        f"model = {json.dumps(CODEX_MODEL if model == PRACTICE_MODEL else model)}",
        'model_provider = "turnout"',
        "",
        "[model_providers.turnout]",
        'name = "Turnout"',
        f'base_url = "{wish.url}/v1"',
        'wire_api = "responses"',
        f'http_headers = {{ "x-turnout-key" = "{wish.key}" }}',
    )
    return (SettingsPart(where, "\n".join(lines)), begin)
