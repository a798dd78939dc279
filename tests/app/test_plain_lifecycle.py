"""Quit, login, drift and uninstall as lines for people."""

from dataclasses import replace
from datetime import UTC, datetime

from app.commands.lifecycle import (
    Accepted,
    LoginState,
    QuitChoice,
    QuitResult,
    Repair,
    WiringList,
    WiringRow,
)
from app.commands.undo import UndoneClient, UndoneFile
from app.commands.uninstall import Uninstall
from app.plain import plain
from app.settings.fields import OnQuit
from app.state import WiringHealth
from wizard.autostart import LoginWay
from wizard.plan import Login
from wizard.records import WiringState
from wizard.undone import Way
from wizard.view import Applied, ClientOutcome, ClientView, Outcome, PlanView

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROW = WiringRow(
    client="codex",
    name="Codex",
    state=WiringHealth.WIRED,
    sentence="Codex goes through Turnout.",
    todo="",
    culprit="",
    files=("/p/a", "/p/b"),
    port=8787,
    since=NOW,
    last_seen=None,
)


def text(result: object) -> str:
    return "\n".join(plain(result, "/opt/t"))


def test_login_says_how_to_turn_it_on() -> None:
    off = LoginState(False, LoginWay.DESKTOP, "/p/t.desktop", "It does not start.")
    assert (
        text(off) == "It does not start.\n`/opt/t login on` lets it, by /p/t.desktop."
    )
    on = LoginState(True, LoginWay.SERVICE, "/p/t.service", "It starts.", "And linger.")
    assert text(on) == "It starts.\nAnd linger."


def test_wirings_are_a_table_and_what_is_wrong() -> None:
    assert "No client is connected" in text(WiringList(()))
    drifted = replace(
        ROW,
        client="claude-code",
        state=WiringHealth.DRIFTED,
        sentence="A key was changed.",
        todo="/opt/t repair claude-code",
        last_seen=NOW,
    )
    said = text(WiringList((ROW, drifted)))
    assert "codex        connected" in said
    assert "never" in said
    assert "/p/a, /p/b" in said
    assert "A key was changed.\n  /opt/t repair claude-code" in said
    assert "/opt/t accept claude-code" in said
    assert "Codex goes through" not in said
    for state in WiringHealth:
        assert text(WiringList((replace(ROW, state=state),)))


def test_quit_and_its_choice() -> None:
    told = QuitResult(False, OnQuit.KEEP, "It goes on.", ("codex",), ("A note.",))
    assert text(told) == "It goes on.\nA note."
    assert text(QuitChoice(OnQuit.ASK, "It asks.", True)) == "It asks."
    assert "quit choice ask|keep|unwire" in text(QuitChoice(OnQuit.ASK, "A.", False))


def test_a_repair_is_shown_before_it_is_done() -> None:
    assert text(Repair(False, "Nothing to repair.")) == "Nothing to repair."
    view = ClientView("codex", "Codex", Login.KEY, ready=True, changes=True)
    plan = PlanView("", (view,), undo_all="/opt/t undo --all")
    asked = Repair(True, "Nothing was changed yet.", ("codex",), plan)
    assert text(asked).endswith("`/opt/t repair codex --yes` makes these changes.")
    both = replace(asked, clients=("codex", "opencode"))
    assert "`/opt/t repair --yes`" in text(both)
    assert "--yes" not in text(replace(asked, asks=False))
    ended = ClientOutcome("codex", "Codex", Applied.APPLIED, "Codex is connected.")
    done = replace(asked, asks=False, outcome=Outcome((ended,)), sentence="Repaired.")
    assert "Codex is connected." in text(done)
    assert text(done).endswith("Repaired.")


def test_accepted_names_what_was_left() -> None:
    told = Accepted("codex", "It stays so.", released=True, left=("url in /p/a",))
    assert text(told) == "  left: url in /p/a\nIt stays so."


def test_an_uninstall_is_shown_whole() -> None:
    client = UndoneClient(
        "codex", 1, NOW, WiringState.APPLIED, True, (UndoneFile("/p/a", Way.EXACT),)
    )
    shown = Uninstall(
        asks=True,
        done=False,
        clients=(client,),
        login="/p/t.desktop",
        keys=("codex",),
        gateway="The gateway ends.",
        stays=("/p/home",),
        notes=("Mind this.",),
    )
    said = text(shown)
    for word in ("/p/a gets its bytes back", "/p/t.desktop", "codex", "/p/home"):
        assert word in said
    assert said.endswith("`/opt/t uninstall --yes` does it.")
    done = text(replace(shown, asks=False, done=True))
    assert "/p/a is byte for byte as it was before" in done
    assert done.endswith("Remove the program the way it was installed.")
    assert text(replace(shown, asks=False)).endswith("This is not done.")
