"""The keys of Claude Code's settings that are to be Turnout's; pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from proxy.catalogue import known_providers
from wizard.clients.claude_code.present import (
    HEADER,
    HEADERS,
    HELPER,
    MODEL,
    SHOWS_OURS,
    TOKEN,
    URL,
    Present,
)
from wizard.clients.terms import Situation
from wizard.formats import ABSENT
from wizard.plan import KeyWish, Login

_AUTO_MODELS: Final = "claude-sonnet-*"


def keys_of(situation: Situation, present: Present, login: Login) -> Iterator[KeyWish]:
    """Yield every key of the user's file that is to be ours, or to go."""
    yield KeyWish(("env", URL), situation.url, "requests come to Turnout")
    helps = situation.choice.helper and HELPER not in present.credentials
    if login is Login.OWN:
        yield KeyWish(
            ("env", HEADERS),
            f"{HEADER} {situation.key}",
            "Turnout knows Claude Code by this key; its own login stays beside it",
            secret=True,
            line=True,
            prefix=HEADER,
        )
        yield from _cleared(present, login, helps=False)
    else:
        yield from _cleared(present, login, helps=helps)
        if helps:
            yield KeyWish(
                (HELPER,),
                helper_command(situation),
                "Claude Code asks Turnout for its key, which starts the gateway",
            )
        else:
            yield KeyWish(
                ("env", TOKEN),
                situation.key,
                "Turnout knows Claude Code by this key",
                secret=True,
            )
    if situation.choice.free_model:
        yield KeyWish(
            ("env", MODEL),
            _sonnet(situation),
            "Turnout chooses the model; left alone, Claude Code asks for Opus",
        )


def _cleared(present: Present, login: Login, *, helps: bool) -> Iterator[KeyWish]:
    """Take away what an older wiring, or another gateway, left in the way."""
    token = ("env", TOKEN)
    if present.has_token and f"env.{TOKEN}" not in present.credentials:
        if login is Login.OWN:
            yield KeyWish(token, ABSENT, "it would stand in for your own login")
        elif helps:
            yield KeyWish(token, ABSENT, "the key is asked for by a command instead")
    if login is Login.OWN:
        if present.asks_us:
            yield KeyWish((HELPER,), ABSENT, "it would stand in for your own login")
    elif HEADER in present.headers:
        others = [x for x in present.headers.splitlines() if not x.startswith(HEADER)]
        reason = "the key travels as Claude Code's own now"
        path = ("env", HEADERS)
        if others:
            yield KeyWish(path, ABSENT, reason, line=True, prefix=HEADER)
        else:
            yield KeyWish(path, ABSENT, reason)


def helper_command(situation: Situation) -> str:
    """Return the command that prints Claude Code's key, as a shell reads it.

    It names Turnout's folder where that is not the usual one: Claude Code may be
    started where no variable says so.
    """
    command, home = situation.command, situation.home
    if situation.surroundings.platform == "win32":
        place = f' --home "{home}"' if home else ""
        return f'"{command}" {SHOWS_OURS}{place}'
    place = f" --home {shlex.quote(str(home))}" if home else ""
    return f"{shlex.quote(command)} {SHOWS_OURS}{place}"


def _sonnet(situation: Situation) -> str:
    """Return the Sonnet a provider lists, else one that is known, else its alias."""
    known = (*situation.providers, known_providers()["anthropic"])
    names = (str(model.id) for provider in known for model in provider.models)
    return next((n for n in names if fnmatchcase(n, _AUTO_MODELS)), "sonnet")
