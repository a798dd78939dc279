"""The lines for Claude Code and Claude Desktop; pure text."""

import json
from collections.abc import Mapping

from app.commands.pointing.terms import Login, SettingsPart, Wish


def claude_code(wish: Wish) -> tuple[SettingsPart, ...]:
    """Lines as in Claude Code's settings reference, key `env`.

    With a login of its own the key travels in a header of its own, so that the
    client's `Authorization` stays what it is.
    """
    env = {"ANTHROPIC_BASE_URL": wish.url}
    if wish.login is Login.OWN:
        env["ANTHROPIC_CUSTOM_HEADERS"] = f"x-turnout-key: {wish.key}"
    else:
        env["ANTHROPIC_AUTH_TOKEN"] = wish.key
    return (
        SettingsPart(
            "To try it: type this into a new terminal", f"{_exports(env)}\nclaude"
        ),
        SettingsPart(
            "Or for good: the file ~/.claude/settings.json "
            '(where it exists already, add the lines to its "env")',
            json.dumps({"env": env}, indent=2),
        ),
    )


def _exports(env: Mapping[str, str]) -> str:
    return "\n".join(
        f"export {name}='{value}'" if " " in value else f"export {name}={value}"
        for name, value in env.items()
    )


def claude_desktop(wish: Wish) -> tuple[SettingsPart, ...]:
    """The fields of its page for a gateway, under the names its own file has.

    It rewrites its files when it ends, so they are typed in, not written.
    """
    fields = {
        "inferenceProvider": "gateway",
        "inferenceGatewayBaseUrl": wish.url,
        "inferenceGatewayApiKey": wish.key,
        "inferenceGatewayAuthScheme": "bearer",
    }
    where = (
        "In Claude Desktop's menu Help > Troubleshooting > Enable Developer Mode, then "
        "in Developer > Configure third-party inference > Gateway: these fields"
    )
    return (SettingsPart(where, json.dumps(fields, indent=2)),)
