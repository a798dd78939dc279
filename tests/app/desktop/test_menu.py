from __future__ import annotations

from dataclasses import replace

import pytest
from desktop_scenes import (
    AT_LOGIN,
    CONNECTED,
    DRIFTED,
    OLD_PORT,
    READY,
    SIGHTS,
    SUSPENDED,
    TROUBLED,
    Wishes,
)
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.desktop import words
from app.desktop.menu import TrayMenu
from app.desktop.sight import Link, Sight
from app.desktop.words import warnings
from app.settings.fields import OnQuit
from discovery.findings import Reach
from proxy.routing.modes import MEANINGS, Mode
from wizard.clients import CLIENTS
from wizard.clients.needs import Client

WINDOWS = (("overview", "O&verview window"),)


@pytest.fixture
def wishes() -> Wishes:
    return Wishes()


@pytest.fixture
def menu(qtbot: QtBot, wishes: Wishes) -> TrayMenu:
    made = TrayMenu(wishes, WINDOWS)
    qtbot.addWidget(made)
    return made


def lines(menu: QMenu) -> list[str]:
    """The visible entries as a person reads them; (disabled), * checked, > submenu."""
    return [line(entry) for entry in menu.actions() if shown(entry)]


def shown(entry: QAction) -> bool:
    return entry.isVisible() and not entry.isSeparator()


def line(entry: QAction) -> str:
    text = entry.text().replace("&&", "\0").replace("&", "").replace("\0", "&")
    if not entry.isEnabled():
        text = f"({text})"
    if entry.isChecked():
        text = f"* {text}"
    return f"{text} >" if submenu(entry) is not None else text


def submenu(entry: QAction) -> QMenu | None:
    found: QMenu | None = entry.menu()  # type: ignore[assignment]
    return found


def entry(menu: QMenu, start: str) -> QAction:
    for action in menu.actions():
        if action.text().replace("&", "").startswith(start):
            return action
    raise AssertionError(start)


def test_the_menu_is_complete_without_a_window(menu: TrayMenu) -> None:
    menu.show_sight(SIGHTS["ready"])
    assert lines(menu) == [
        "(Turnout, direct: ready. Today 1.84 $, 3.12 $ covered, 3 of unknown cost)",
        "* Direct: send to what was asked for",
        "Offline: this machine only",
        "Coding auto: the cheapest that is good enough",
        "Coding fast: quick and cheap, a tier lower where that will do",
        "Coding premium: premium models for all real work",
        "Today: 1.84 $, 3.12 $ covered, 3 of unknown cost >",
        "Last: Claude Code > anthropic/claude-sonnet-5, 0.0138 $, answered",
        "Overview window",
        "Set up clients...",
        "Connect >",
        "Copy client settings >",
        "Check Turnout (doctor)...",
        "(Start at login)",
        "When you quit >",
        "Quit (the gateway goes on serving)",
        "Stop the gateway and quit",
    ]
    assert lines(menu.today) == [
        "(Claude Code: 1.53 $ (31 requests, about 3.12 $ covered, 2 of unknown cost))",
        "(Codex: 0.3123 $ (8 requests))",
        "(opencode: 0 $ (6 requests))",
        "(unknown: unknown (1 request))",
        "(Escalated to a stronger model: 1 request)",
        "(Downgraded to a weaker model: 2 requests)",
    ]
    assert lines(menu.copies) == list(words.CLIENT_NAMES.values())
    assert set(words.CLIENT_NAMES) == set(Client)
    assert lines(menu.connects) == list(words.CONNECTABLE.values())


def test_every_client_that_can_be_reached_can_be_connected() -> None:
    reached = {
        each.id: each.name for each in CLIENTS if each.reach is not Reach.UNREACHABLE
    }
    assert reached == words.CONNECTABLE


def test_no_two_entries_share_a_letter(menu: TrayMenu) -> None:
    menu.show_sight(SIGHTS["ready"])
    letters = [
        entry.text().replace("&&", "").partition("&")[2][:1].lower()
        for entry in menu.actions()
        if entry.isVisible()
    ]
    used = [letter for letter in letters if letter]
    assert len(used) == len(set(used))
    assert {"d", "o", "a", "f", "p"} <= set(used)


def test_without_a_gateway_nothing_that_needs_one_can_be_chosen(
    menu: TrayMenu,
) -> None:
    menu.show_sight(SIGHTS["away"])
    assert lines(menu)[:2] == [
        "(Turnout: no gateway is running)",
        "(No gateway is running. Clients get no answer until one runs.)",
    ]
    assert not any(each.isEnabled() for each in menu.modes.values())
    assert not menu.copies.isEnabled()
    assert not menu.setup.isEnabled()
    assert not menu.connects.isEnabled()
    assert not menu.login.isEnabled()
    assert entry(menu, "Quit").isEnabled()
    assert lines(menu.today) == ["(No request today)"]


def test_warnings_are_there_only_while_they_are_true(menu: TrayMenu) -> None:
    troubled = Sight(Link.LIVE, TROUBLED)
    menu.show_sight(troubled)
    assert lines(menu)[1:4] == [f"({each})" for each in warnings(troubled)]
    assert menu.modes[Mode.CODING_AUTO].isChecked()
    menu.show_sight(SIGHTS["ready"])
    assert lines(menu)[1].startswith("* Direct")


def test_entries_change_in_place(menu: TrayMenu) -> None:
    for scene in SIGHTS.values():
        menu.show_sight(scene)
    before = menu.actions()
    inner = menu.today.actions()
    for scene in SIGHTS.values():
        menu.show_sight(scene)
    assert menu.actions() == before
    assert menu.today.actions() == inner


def test_choosing_asks_once(menu: TrayMenu, wishes: Wishes) -> None:
    menu.show_sight(SIGHTS["ready"])
    menu.modes[Mode.OFFLINE].trigger()
    entry(menu, "Last").trigger()
    entry(menu, "Overview").trigger()
    entry(menu.copies, "Codex").trigger()
    entry(menu, "Set up").trigger()
    entry(menu, "Check").trigger()
    entry(menu.connects, "opencode").trigger()
    entry(menu, "Quit").trigger()
    entry(menu, "Stop").trigger()
    assert wishes.asked == [
        ("mode", "offline"),
        ("show", "overview"),
        ("show", "overview"),
        ("copy", "codex"),
        ("show", "setup"),
        ("show", "doctor"),
        ("connect", "opencode"),
        ("quit",),
        ("stop",),
    ]


def test_start_at_login_is_ticked_as_it_is(menu: TrayMenu, wishes: Wishes) -> None:
    menu.show_sight(SIGHTS["ready"])
    menu.show_login(AT_LOGIN)
    assert lines(menu)[13] == "* Start at login"
    assert menu.login.toolTip() == AT_LOGIN.sentence
    menu.login.trigger()
    assert wishes.asked == [("login", "off")]
    menu.show_login(replace(AT_LOGIN, on=False))
    assert lines(menu)[13] == "Start at login"
    menu.show_sight(SIGHTS["away"])
    assert lines(menu)[-4] == "(Start at login)"


def test_it_is_read_anew_when_the_menu_opens(menu: TrayMenu, wishes: Wishes) -> None:
    menu.aboutToShow.emit()
    assert wishes.asked == [("look at login",)]


def test_what_quit_does_is_chosen_and_said(menu: TrayMenu, wishes: Wishes) -> None:
    menu.show_sight(SIGHTS["connected"])
    assert lines(menu.quits[OnQuit.ASK].parent())[0].startswith("* Ask")  # type: ignore[arg-type]
    assert lines(menu)[-2] == "Quit..."
    menu.quits[OnQuit.UNWIRE].trigger()
    assert wishes.asked == [("quits", "unwire")]
    unwire = replace(CONNECTED, on_quit=OnQuit.UNWIRE)
    menu.show_sight(Sight(Link.LIVE, unwire))
    said = "Quit (clients are disconnected until the next start)"
    assert lines(menu)[-2] == said
    menu.show_sight(Sight(Link.LIVE, replace(CONNECTED, on_quit=OnQuit.KEEP)))
    assert lines(menu)[-2] == "Quit (the gateway goes on serving)"


def test_a_client_that_needs_somebody_has_a_menu_of_its_own(
    menu: TrayMenu, wishes: Wishes
) -> None:
    menu.show_sight(SIGHTS["drifted"])
    assert lines(menu)[1:4] == [
        "Claude Code needs a look >",
        "Codex needs a look >",
        "opencode >",
    ]
    first, second, third = (each.menu for each in menu.wirings.menus)
    assert lines(first) == [f"({DRIFTED.sentence})", "Repair...", "Accept"]
    assert lines(second) == [f"({OLD_PORT.sentence})", "Repair..."]
    assert lines(third) == [f"({SUSPENDED.sentence})"]
    entry(first, "Repair").trigger()
    entry(first, "Accept").trigger()
    assert wishes.asked == [("repair", "claude-code"), ("accept", "claude-code")]
    menu.show_sight(SIGHTS["connected"])
    assert lines(menu)[1].startswith("* Direct")


def test_entries_say_what_they_do_or_why_they_cannot(menu: TrayMenu) -> None:
    assert menu.toolTipsVisible()
    for mode, entry in menu.modes.items():
        assert entry.toolTip()[1:-1] in f" {MEANINGS[mode]}"
    assert "not known" in menu.login.toolTip()


def test_the_mode_shown_is_the_gateways(menu: TrayMenu) -> None:
    menu.show_sight(SIGHTS["offline"])
    assert [m for m, each in menu.modes.items() if each.isChecked()] == [Mode.OFFLINE]
    # A click ticks at once; if the gateway refused, its state is shown again.
    menu.modes[Mode.DIRECT].trigger()
    menu.show_sight(SIGHTS["offline"])
    assert [m for m, each in menu.modes.items() if each.isChecked()] == [Mode.OFFLINE]


def test_in_one_process_quit_says_what_it_stops(qtbot: QtBot, wishes: Wishes) -> None:
    menu = TrayMenu(wishes, WINDOWS, inline=True)
    qtbot.addWidget(menu)
    assert lines(menu)[-1] == "Quit (the gateway stops with it)"


def test_names_with_an_ampersand_are_shown_whole(menu: TrayMenu) -> None:
    named = replace(READY, problems=("R&D: is no provider.",))
    menu.show_sight(Sight(Link.LIVE, named))
    assert "(R&D: is no provider.)" in lines(menu)
