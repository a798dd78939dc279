"""What a person is told before Claude Code is wired; pure text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wizard.clients import telling
from wizard.clients.claude_code.present import (
    HEADERS,
    HELPER,
    NAME,
    URL,
    Present,
)
from wizard.clients.terms import Situation
from wizard.plan import Login

WITHOUT: Final = telling.without(
    NAME,
    "Where nothing listens at all, Claude Code tries for about three minutes and then "
    'says "Connection refused".',
)


def means(login: Login) -> tuple[str, ...]:
    """Return what changes for the user."""
    stays = "Your sessions, tools and permissions stay as they are."
    if login is Login.OWN:
        return (telling.with_its_login(NAME, "Anthropic"), stays)
    return (telling.with_keys(NAME), stays)


def notes(situation: Situation, present: Present, login: Login) -> Iterator[str]:
    """Yield what to mind."""
    yield telling.restart(NAME)
    if login is not situation.login and present.credentials:
        names = " and ".join(present.credentials)
        yield (
            f"{names} stays as it is. Turnout passes it on to a provider with "
            'key = "client" only, and leaves it out for every other.'
        )
    if situation.choice.helper and login is Login.OWN:
        yield (
            "The command that asks for a key is left out: Claude Code would take its "
            "answer for its own login."
        )
    elif situation.choice.helper and HELPER in present.credentials:
        yield f"{HELPER} names a command of yours already and stays as it is."
    yield from _model_notes(situation, present)
    yield from _environment_notes(situation, login)
    yield (
        "The extension for VS Code reads the same file; a line in VS Code's "
        "claudeCode.environmentVariables wins over it."
    )


def _model_notes(situation: Situation, present: Present) -> Iterator[str]:
    if situation.choice.free_model:
        return
    if present.model:
        yield f"Claude Code goes on asking for {present.model}, as your settings say."
    else:
        yield (
            "Claude Code asks for Opus, its dearest model, as long as no other is "
            "chosen. You can leave that choice to Turnout."
        )


def _environment_notes(situation: Situation, login: Login) -> Iterator[str]:
    environ = situation.surroundings.environ
    if environ.get(URL):
        yield (
            f"{URL} is exported in your shell as well. For Claude Code its settings "
            "win over that."
        )
    if login is Login.OWN and environ.get(HEADERS):
        yield (
            f"{HEADERS} is exported in your shell, and the settings win over it: put "
            "those headers into the settings too if you need them."
        )
