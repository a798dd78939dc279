from __future__ import annotations

from dataclasses import replace

import pytest
from desktop_bridge import AskedBridge
from desktop_scenes import AT_LOGIN
from PySide6.QtWidgets import QApplication

from app.commands.lifecycle import LoginState
from app.desktop.at_login import AtLogin
from app.failure import CommandFailed


@pytest.fixture
def bridge(qapp: QApplication) -> AskedBridge:
    return AskedBridge()


def made(
    bridge: AskedBridge, platform: str = "linux"
) -> tuple[AtLogin, list[LoginState | None]]:
    subject = AtLogin(bridge, platform)  # type: ignore[arg-type]
    known: list[LoginState | None] = []
    subject.known.connect(known.append)
    return subject, known


def test_it_is_read_and_changes_nothing(bridge: AskedBridge) -> None:
    subject, known = made(bridge)
    bridge.answers["login"] = AT_LOGIN
    subject.look()
    assert bridge.given == [("login", {})]
    assert known == [AT_LOGIN]
    assert bridge.notices == []


def test_what_cannot_be_read_is_not_known(bridge: AskedBridge) -> None:
    subject, known = made(bridge)
    bridge.answers["login"] = CommandFailed("No", "It cannot be read.")
    subject.look()
    assert known == [None]


@pytest.mark.parametrize(
    ("platform", "on", "given"),
    [
        ("linux", True, {"state": "on", "way": "desktop"}),
        ("linux", False, {"state": "off"}),
        ("darwin", True, {"state": "on"}),
        ("win32", True, {"state": "on"}),
    ],
)
def test_it_is_turned_on_for_this_desktop_and_off_as_it_was(
    bridge: AskedBridge, platform: str, on: bool, given: dict[str, object]
) -> None:
    subject, known = made(bridge, platform)
    state = replace(AT_LOGIN, on=on)
    bridge.answers["login"] = state
    subject.set(on=on)
    assert bridge.given == [("login", given)]
    assert known == [state]
    (told,) = bridge.notices
    assert told.message == state.sentence
    assert not told.bad


def test_a_refusal_is_told_and_the_truth_shown_again(bridge: AskedBridge) -> None:
    subject, known = made(bridge)
    bridge.answers["login"] = CommandFailed("Not ours", "A file is there.", "Look.")
    subject.set(on=True)
    assert [name for name, _ in bridge.given] == ["login", "login"]
    assert bridge.given[1] == ("login", {})
    assert [each.title for each in bridge.notices] == ["Not ours"]
    assert known == [None]
