"""What keeps Claude Code from the gateway, whatever its own file says; pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wizard.clients.addresses import ours
from wizard.clients.claude_code.present import (
    HEADERS,
    TOKEN,
    URL,
    Present,
    managed_file,
    project_files,
)
from wizard.clients.needs import Client, own
from wizard.clients.seen import line_of, text_of, value_in
from wizard.clients.terms import Situation
from wizard.formats import ABSENT, Format
from wizard.plan import Login, Refusal

# Each sends the requests to another cloud, whatever the address says.
_CLOUDS: Final = {
    "CLAUDE_CODE_USE_BEDROCK": "Amazon Bedrock",
    "CLAUDE_CODE_USE_VERTEX": "Google Vertex AI",
    "CLAUDE_CODE_USE_FOUNDRY": "Microsoft Foundry",
}
_OFF: Final = frozenset({"", "0", "false", "no", "off"})


def winning(situation: Situation, login: Login) -> Iterator[Refusal]:
    """Name what files that win over the user's own say otherwise."""
    managed = managed_file(situation.surroundings.platform)
    todo = "Ask whoever manages this machine to take it out or to name Turnout there."
    yield from overriding(situation, managed, login, "an administrator's file", todo)
    todo = "Take it out there, or wire that project alone with --project."
    for path in project_files(situation.surroundings, situation.choice):
        yield from overriding(situation, path, login, "a project's file", todo)


def overriding(
    situation: Situation, path: Path, login: Login, what: str, todo: str
) -> Iterator[Refusal]:
    """Name what one file that wins says of our keys, unless it names Turnout."""
    text = text_of(situation.files, path)
    # Keys a file could win with; beside our token a key in another header is stripped.
    names = (URL, HEADERS) if login is Login.OWN else (URL, TOKEN)
    for name in names:
        found = value_in(situation.files, path, Format.JSON, ("env", name))
        if found is ABSENT or found == situation.url or ours(found):
            continue
        why = f"{what} sets env.{name}, which wins over your own settings"
        yield Refusal(str(path), why, todo, line_of(text, f'"{name}"'))


def clouds(situation: Situation, mine: Path) -> Iterator[Refusal]:
    """Name the switches that send everything to another cloud."""
    surroundings = situation.surroundings
    paths = (
        mine,
        managed_file(surroundings.platform),
        *project_files(surroundings, situation.choice),
    )
    for name, cloud in _CLOUDS.items():
        why = f"{name} sends Claude Code's requests to {cloud}, past any address"
        for path in paths:
            found = value_in(situation.files, path, Format.JSON, ("env", name))
            if found is not ABSENT and str(found).lower() not in _OFF:
                line = line_of(text_of(situation.files, path), f'"{name}"')
                todo = f"Remove the line with {name} there, then try again."
                yield Refusal(str(path), why, todo, line)
        if surroundings.environ.get(name, "").strip().lower() not in _OFF:
            todo = f"Remove {name} where your shell sets it, then try again."
            yield Refusal("your environment", why, todo)


def foreign(
    situation: Situation, present: Present, path: Path, login: Login
) -> Iterator[Refusal]:
    """Refuse where a key for one service would be passed on to another."""
    chosen = situation.choice.login
    line = line_of(text_of(situation.files, path), f'"{TOKEN}"')
    if login is Login.KEY and f"env.{TOKEN}" in present.credentials:
        yield Refusal(
            str(path),
            f"env.{TOKEN} holds a key of yours, in the place Turnout's key would take",
            "Move it to where you keep keys and remove it there, or let Claude Code "
            'keep it (login "own"), then try again.',
            line,
        )
    elif login is Login.OWN and chosen is None and _passed_on(situation, present):
        names = " and ".join(present.credentials)
        yield Refusal(
            str(path),
            f"Claude Code is set up for {present.service} with a key of its own "
            f"({names}), and passed on, that key would go to Anthropic",
            f"Move that key to where you keep keys, remove it and env.{URL} there, and "
            "set the service up as a provider in Turnout. If the key is Anthropic's, "
            'choose the login "own".',
            line_of(text_of(situation.files, path), f'"{URL}"'),
        )


def _passed_on(situation: Situation, present: Present) -> bool:
    """Say whether a key for another service would go to one that takes logins."""
    takes = situation.login is Login.OWN or own(Client.CLAUDE_CODE, situation.providers)
    return bool(present.service and present.credentials and takes)
