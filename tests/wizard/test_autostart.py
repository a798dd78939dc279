"""What starts Turnout at login: texts that each system's own reader understands."""

import configparser
import plistlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from wizard.autostart import (
    LABEL,
    LoginWay,
    desktop_entry,
    is_on,
    is_ours,
    launch_agent,
    login_way,
    run_value,
    text_for,
    user_unit,
)

PROGRAM = "/home/a b/.local/bin/turnout"
TRAY = (PROGRAM, "tray", "--hidden", "--home", '/x/50%/"q"$h')
SERVE = (PROGRAM, "serve", "--home", '/x/50%/"q"$h')


@pytest.mark.parametrize(
    ("platform", "display", "way"),
    [
        ("linux", True, LoginWay.DESKTOP),
        ("linux", False, LoginWay.SERVICE),
        ("darwin", False, LoginWay.AGENT),
        ("win32", True, LoginWay.REGISTRY),
    ],
)
def test_each_system_has_its_way(platform: str, display: bool, way: LoginWay) -> None:
    assert login_way(platform, display=display) is way


def test_the_desktop_entry_word_for_word() -> None:
    assert desktop_entry(("/usr/bin/turnout", "tray", "--hidden")) == (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=Turnout\n"
        "Comment=Serves the coding tools that are connected to Turnout\n"
        "Exec=/usr/bin/turnout tray --hidden\n"
        "Icon=turnout\n"
        "Terminal=false\n"
        "X-GNOME-Autostart-enabled=true\n"
        "X-Turnout-Written=true\n"
    )


def run_by_a_desktop(entry: str) -> list[str]:
    """Read `Exec` as the specification says: the value first, then the arguments."""
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(entry)
    value = parser["Desktop Entry"]["Exec"]
    value = re.sub(
        r"\\(.)", lambda m: {"n": "\n", "t": "\t", "s": " "}.get(m[1], m[1]), value
    )
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', value)
    return [
        re.sub(r"\\(.)", r"\1", quoted).replace("%%", "%") or bare.replace("%%", "%")
        for quoted, bare in words
    ]


def test_a_desktop_runs_the_very_words() -> None:
    assert run_by_a_desktop(desktop_entry(TRAY)) == list(TRAY)


def test_a_unit_of_systemd_is_one(tmp_path: Path) -> None:
    program = tmp_path / "a b" / "turnout"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = user_unit((str(program), *SERVE[1:]))
    assert "Type=exec\n" in text
    assert "Restart=on-failure\n" in text
    assert 'serve --home "/x/50%%/\\"q\\"$$h"' in text
    unit = tmp_path / "turnout.service"
    unit.write_text(text)
    verify = shutil.which("systemd-analyze")
    if verify is None:
        return
    told = subprocess.run(
        [verify, "verify", "--user", str(unit)],
        env={"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "turnout.service" not in told.stderr, told.stderr


def test_an_agent_of_macos_is_one() -> None:
    found = plistlib.loads(launch_agent(TRAY).encode())
    assert found["Label"] == LABEL
    assert found["ProgramArguments"] == list(TRAY)
    assert found["RunAtLoad"] is True


def test_a_run_value_of_windows_is_a_command_line() -> None:
    words = ("C:\\Program Files\\Turnout\\turnout.exe", "tray", "--hidden")
    told = '"C:\\Program Files\\Turnout\\turnout.exe" tray --hidden'
    assert run_value(words) == told


@pytest.mark.parametrize("way", LoginWay)
def test_what_we_write_is_known_again_and_nothing_else_is(way: LoginWay) -> None:
    words = SERVE if way is LoginWay.SERVICE else TRAY
    assert is_ours(way, text_for(way, words))
    assert is_on(way, text_for(way, words))
    for foreign in ("", "[Desktop Entry]\nName=Turnout\nExec=turnout\n", "turnout"):
        assert not is_ours(way, foreign)


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled = false"])
def test_an_entry_that_a_desktop_switched_off_is_off(line: str) -> None:
    text = f"{desktop_entry(TRAY)}{line}\n"
    assert is_ours(LoginWay.DESKTOP, text)
    assert not is_on(LoginWay.DESKTOP, text)
