import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import __main__ as program
from app import serve

NAMED = 8790


@pytest.fixture(autouse=True)
def mask() -> Any:
    """`main` makes this process private; the tests after this one are not."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path | None, int]]:
    found: list[tuple[Path | None, int]] = []

    def become(paths: Any, port: int) -> int:
        found.append((paths.home, port))
        return 7

    monkeypatch.setattr(serve, "become_keeper", become)
    return found


def test_serve_takes_the_port_it_is_told(
    became: list[tuple[Path, int]], turnout_home: Path
) -> None:
    assert program.main(["serve", "--port", str(NAMED)]) == 7
    assert became == [(turnout_home, NAMED)]


def test_serve_takes_the_port_of_the_file(
    became: list[tuple[Path, int]], turnout_home: Path
) -> None:
    turnout_home.mkdir()
    (turnout_home / "config.toml").write_text("[gateway]\nport = 8791\n")
    assert program.main(["serve"]) == 7
    assert became == [(turnout_home, 8791)]


def test_the_option_home_wins(became: list[tuple[Path, int]], tmp_path: Path) -> None:
    assert program.main(["serve", "--home", str(tmp_path / "other")]) == 7
    assert became == [(tmp_path / "other", 8787)]
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o700


def test_without_a_display_the_tray_serves(
    became: list[tuple[Path, int]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM")
    monkeypatch.setattr(sys, "platform", "linux")
    assert program.tray() == 7
    assert "without a tray" in capsys.readouterr().out
    assert len(became) == 1


def test_with_a_display_it_is_the_tray(monkeypatch: pytest.MonkeyPatch) -> None:
    from app import desktop

    asked: list[Any] = []

    def run_tray(paths: Any, environ: Any, **how: Any) -> int:
        asked.append(how)
        return 5

    monkeypatch.setattr(desktop, "run_tray", run_tray)
    assert program.main(["tray", "--inline", "--port", str(NAMED)]) == 5
    assert asked == [{"inline": True, "hidden": False, "port": NAMED}]


def refuse(*_: object, **__: object) -> int:
    raise serve.CannotServe("The port is taken by somebody.")


@pytest.mark.parametrize("words", [["serve"], ["tray"]])
def test_a_refusal_is_one_sentence(
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from app import desktop

    monkeypatch.setattr(serve, "become_keeper", refuse)
    monkeypatch.setattr(desktop, "run_tray", refuse)
    assert program.main(words) == 1
    assert capsys.readouterr().err == "The port is taken by somebody.\n"


def test_a_folder_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert program.main(["serve", "--home", str(tmp_path / "file")]) == 1
    said = capsys.readouterr().err
    assert "did not start" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("place", ["file", "file/below"])
@pytest.mark.parametrize(
    "words", [["consents"], ["setup", "resume"], ["wirings"], ["undo"], ["uninstall"]]
)
def test_a_home_that_is_a_file_is_told_by_every_command(
    words: list[str],
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TURNOUT_HOME", str(tmp_path / place))
    assert program.main(words) == 1
    assert f"cannot use the folder {tmp_path / place}" in capsys.readouterr().err


def test_a_foreign_room_stops_everything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "stranger", lambda: "proxy")
    assert program.main(["version"]) == 1
    assert "The Python package proxy" in capsys.readouterr().err


def test_a_command_runs_without_a_gateway(
    capsys: pytest.CaptureFixture[str], turnout_home: Path
) -> None:
    assert program.main(["version"]) == 0
    assert "0.1" in capsys.readouterr().out
    modes: Callable[[Path], int] = lambda path: path.stat().st_mode & 0o077  # noqa: E731
    assert [path for path in turnout_home.rglob("*") if modes(path)] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status"], "No gateway is running"),
        (["events"], "Nothing has been recorded yet."),
        (["spend"], "0 requests today"),
        (["keys", "list"], "No key has been made yet."),
        (["models"], "No provider"),
        (["explain", "last"], "no such request"),
        (["keys", "show", "codex"], "no kept key"),
        (["logs"], ""),
    ],
)
def test_looking_at_an_unused_home_makes_nothing_there(
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    turnout_home: Path,
) -> None:
    program.main(words)
    told = capsys.readouterr()
    assert said in told.out + told.err
    assert not turnout_home.exists()


def test_a_new_key_begins_a_home(turnout_home: Path) -> None:
    assert program.main(["keys", "new", "codex"]) == 0
    assert (turnout_home / "turnout.db").exists()
    assert program.main(["keys", "list"]) == 0


def test_a_gateway_is_for_the_keeper_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        program.main(["gateway"])
