from __future__ import annotations

from dataclasses import replace

import pytest
from wizard_scenes import (
    CLAUDE,
    CODEX,
    CURSOR,
    FOUND,
    GROQ,
    LOGIN,
    N8N,
    OLLAMA,
    OPENAI,
    OPENCODE,
    STARTING,
)

from discovery.findings import (
    ClientFound,
    Findings,
    KeyFound,
    Override,
    ServerFound,
    ServerState,
    SignIn,
)
from proxy.catalogue import Place
from proxy.routing import Mode
from wizard.plan import Login
from wizard.presets import (
    Offer,
    can_be_ticked,
    has_to_move,
    is_ticked,
    offers,
    preset_mode,
    usual_login,
)

BLOCKED = replace(
    CLAUDE, overrides=(Override("~/.zshrc, line 3", "X", "export X=", "It wins."),)
)


@pytest.mark.parametrize(
    ("found", "can", "is_"),
    [
        (CLAUDE, True, True),
        (CODEX, True, True),
        (BLOCKED, True, False),
        (OPENCODE, True, False),
        (N8N, True, False),
        (CURSOR, False, False),
        (OPENAI, True, True),
        (replace(OPENAI, used=True), False, False),
        (replace(OPENAI, provider=""), False, False),
        (GROQ, True, False),
        (LOGIN, False, False),
        (OLLAMA, True, True),
        (STARTING, False, False),
        (replace(OLLAMA, state=ServerState.NEEDS_KEY), False, False),
        (replace(OLLAMA, provider=""), False, False),
        (replace(OLLAMA, used=True), False, False),
    ],
)
def test_what_can_be_ticked_and_what_is(
    found: ClientFound | KeyFound | ServerFound, can: bool, is_: bool
) -> None:
    assert can_be_ticked(found) is can
    assert is_ticked(found) is is_


def test_a_key_of_a_shell_file_has_to_move_first() -> None:
    assert has_to_move(GROQ)
    assert not has_to_move(OPENAI)
    assert not has_to_move(LOGIN)


def test_a_subscription_stays_the_clients_own() -> None:
    assert usual_login(CLAUDE) is Login.OWN
    assert usual_login(CODEX) is None


OUT = replace(CLAUDE, sign_in=SignIn.NONE)


@pytest.mark.parametrize(
    ("findings", "mode", "offered"),
    [
        (FOUND, Mode.CODING_AUTO, False),
        (Findings(), Mode.CODING_AUTO, True),
        (Findings(clients=(OUT,)), Mode.CODING_AUTO, True),
        (Findings(clients=(OUT,), servers=(OLLAMA,)), Mode.OFFLINE, False),
        (Findings(servers=(replace(OLLAMA, used=True),)), Mode.OFFLINE, False),
        (
            Findings(servers=(replace(OLLAMA, place=Place.MY_NETWORK),)),
            Mode.CODING_AUTO,
            False,
        ),
        (Findings(servers=(STARTING,)), Mode.CODING_AUTO, True),
        (Findings(keys=(OPENAI,), servers=(OLLAMA,)), Mode.CODING_AUTO, False),
        (Findings(keys=(replace(OPENAI, used=True),)), Mode.CODING_AUTO, False),
        (Findings(keys=(LOGIN,)), Mode.CODING_AUTO, True),
        (Findings(clients=(CODEX,)), Mode.CODING_AUTO, False),
    ],
)
def test_the_mode_fits_and_nobody_is_left_without_a_way_on(
    findings: Findings, mode: Mode, offered: bool
) -> None:
    assert preset_mode(findings) is mode
    assert offers(findings) == (tuple(Offer) if offered else ())
