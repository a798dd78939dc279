"""Start at login in made homes: never over others' files, and gone exactly."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.login_start import LoginRefused, LoginStart, windows_values
from app.paths import make_folders, paths_for
from discovery.surroundings import Surroundings
from wizard.autostart import LoginWay

PROGRAM = "/opt/turnout/bin/turnout"
DESKTOP = ".config/autostart/turnout.desktop"
UNIT = ".config/systemd/user/turnout.service"
LINK = ".config/systemd/user/default.target.wants/turnout.service"


class Values:
    """The registry's Run values."""

    def __init__(self) -> None:
        self.all: dict[str, str] = {"Other": "other.exe"}

    def get(self, name: str) -> str | None:
        return self.all.get(name)

    def set(self, name: str, value: str) -> None:
        self.all[name] = value

    def remove(self, name: str) -> None:
        del self.all[name]


class Scene:
    """One person's machine."""

    def __init__(self, folder: Path, platform: str = "linux", **environ: str) -> None:
        self.home = folder / "person"
        self.home.mkdir()
        self.values = Values()
        paths = paths_for({}, folder / "turnout")
        make_folders(paths)
        self.own_home = str(paths.home)
        around = Surroundings(self.home, environ, platform)
        self.start = LoginStart(around, paths, PROGRAM, lambda: self.values)

    def files(self) -> set[str]:
        """Everything in the person's home, folders with a slash."""
        return {
            f"{path.relative_to(self.home)}{'/' if path.is_dir() else ''}"
            for path in self.home.rglob("*")
        }


@pytest.fixture
def desktop(tmp_path: Path) -> Scene:
    return Scene(tmp_path, DISPLAY=":0")


@pytest.fixture
def headless(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_desktop_gets_an_entry_that_starts_the_tray_hidden(desktop: Scene) -> None:
    assert not desktop.start.now().on
    assert desktop.files() == set()
    on = desktop.start.turn_on()
    assert (on.on, on.way) == (True, LoginWay.DESKTOP)
    assert on == desktop.start.now()
    entry = desktop.home / DESKTOP
    assert on.where == str(entry)
    assert not entry.is_symlink()
    told = f"Exec={PROGRAM} tray --hidden --home {desktop.own_home}\n"
    assert told in entry.read_text()
    before = entry.stat()
    desktop.start.turn_on()
    assert entry.stat() == before
    assert not desktop.start.turn_off().on
    assert desktop.files() == set()


def test_a_machine_without_a_display_gets_a_unit_that_is_wanted(
    headless: Scene,
) -> None:
    (headless.home / ".config").mkdir()
    on = headless.start.turn_on()
    assert on.way is LoginWay.SERVICE
    told = f"ExecStart={PROGRAM} serve --home {headless.own_home}\n"
    assert told in (headless.home / UNIT).read_text()
    assert (headless.home / LINK).resolve() == (headless.home / UNIT)
    headless.start.turn_on()
    assert headless.start.now() == on
    assert not headless.start.turn_off().on
    assert headless.files() == {".config/"}


def test_another_way_than_the_usual_one_can_be_asked_for(headless: Scene) -> None:
    # The tray knows of a display that the gateway may not see.
    assert headless.start.turn_on(LoginWay.DESKTOP).way is LoginWay.DESKTOP
    assert headless.start.now().way is LoginWay.DESKTOP
    headless.start.turn_on(LoginWay.SERVICE)
    headless.start.turn_off()
    assert headless.files() == set()
    with pytest.raises(LoginRefused, match="no such way") as refused:
        headless.start.turn_on(LoginWay.REGISTRY)
    assert refused.value.todo == "Choose desktop or service."


def test_folders_that_were_there_or_are_used_stay(desktop: Scene) -> None:
    (desktop.home / ".config").mkdir()
    desktop.start.turn_on()
    (desktop.home / ".config/autostart/other.desktop").write_text("x")
    desktop.start.turn_off()
    assert desktop.files() == {
        ".config/",
        ".config/autostart/",
        ".config/autostart/other.desktop",
    }


def test_a_foreign_entry_is_neither_written_over_nor_removed(desktop: Scene) -> None:
    entry = desktop.home / DESKTOP
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nName=Turnout trains\nExec=trains\n")
    with pytest.raises(LoginRefused, match=re.escape(str(entry))):
        desktop.start.turn_on()
    assert not desktop.start.now().on
    desktop.start.turn_off()
    assert "trains" in entry.read_text()


def test_a_link_in_its_place_is_left_and_never_followed(desktop: Scene) -> None:
    mine = desktop.home / "dotfiles.desktop"
    mine.write_text("mine")
    entry = desktop.home / DESKTOP
    entry.parent.mkdir(parents=True)
    entry.symlink_to(mine)
    with pytest.raises(LoginRefused, match="is a link"):
        desktop.start.turn_on()
    desktop.start.turn_off()
    assert entry.is_symlink()
    assert mine.read_text() == "mine"


def test_a_masked_unit_is_somebodys_no(headless: Scene) -> None:
    unit = headless.home / UNIT
    unit.parent.mkdir(parents=True)
    unit.symlink_to("/dev/null")
    with pytest.raises(LoginRefused):
        headless.start.turn_on()
    assert not headless.start.now().on


def test_a_foreign_link_of_the_units_name_keeps_everything_unwritten(
    headless: Scene,
) -> None:
    link = headless.home / LINK
    link.parent.mkdir(parents=True)
    link.symlink_to("/usr/lib/systemd/user/other.service")
    with pytest.raises(LoginRefused):
        headless.start.turn_on()
    assert not (headless.home / UNIT).exists()


def test_what_the_desktop_switched_off_is_off_and_can_be_on_again(
    desktop: Scene,
) -> None:
    desktop.start.turn_on()
    entry = desktop.home / DESKTOP
    text = entry.read_text()
    entry.write_text(text.replace("enabled=true", "enabled=false"))
    assert not desktop.start.now().on
    desktop.start.turn_on()
    assert entry.read_text() == text


def test_an_older_place_of_the_program_is_brought_up_to_date(desktop: Scene) -> None:
    desktop.start.turn_on()
    entry = desktop.home / DESKTOP
    text = entry.read_text()
    entry.write_text(text.replace(PROGRAM, "/old/turnout"))
    assert desktop.start.turn_on().on
    assert entry.read_text() == text


def test_macos_gets_an_agent(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "darwin")
    on = scene.start.turn_on()
    assert on.way is LoginWay.AGENT
    assert on.where.endswith("Library/LaunchAgents/turnout.plist")
    assert scene.start.now().on
    scene.start.turn_off()
    assert scene.files() == set()


def test_windows_gets_a_run_value(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "win32")
    on = scene.start.turn_on()
    assert (on.on, on.way) == (True, LoginWay.REGISTRY)
    assert scene.values.all["Turnout"].startswith(f"{PROGRAM} tray --hidden")
    assert scene.start.now().on
    scene.start.turn_off()
    assert scene.values.all == {"Other": "other.exe"}
    scene.values.set("Turnout", "trains.exe")
    with pytest.raises(LoginRefused):
        scene.start.turn_on()
    scene.start.turn_off()
    assert scene.values.all["Turnout"] == "trains.exe"


class Winreg:
    """The module of Windows, with the calls that are used."""

    HKEY_CURRENT_USER, KEY_READ, KEY_WRITE, REG_SZ = 1, 2, 4, 1

    def __init__(self) -> None:
        self.all: dict[str, str] = {}
        self.keys: list[tuple[int, str, int]] = []

    @contextlib.contextmanager
    def CreateKeyEx(  # noqa: N802
        self, key: int, sub_key: str, reserved: int, access: int
    ) -> Iterator[dict[str, str]]:
        self.keys.append((key, sub_key, access))
        assert reserved == 0
        yield self.all

    def QueryValueEx(self, key: dict[str, str], name: str) -> tuple[str, int]:  # noqa: N802
        if name not in key:
            raise FileNotFoundError
        return key[name], 1

    def SetValueEx(  # noqa: N802
        self, key: dict[str, str], name: str, reserved: int, kind: int, value: str
    ) -> None:
        assert (reserved, kind) == (0, self.REG_SZ)
        key[name] = value

    def DeleteValue(self, key: dict[str, str], name: str) -> None:  # noqa: N802
        del key[name]


def test_the_registry_is_used_as_windows_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = Winreg()
    monkeypatch.setitem(__import__("sys").modules, "winreg", module)
    values = windows_values()
    assert values.get("Turnout") is None
    values.set("Turnout", "turnout tray --hidden")
    assert values.get("Turnout") == "turnout tray --hidden"
    values.remove("Turnout")
    assert module.all == {}
    run = r"Software\Microsoft\Windows\CurrentVersion\Run"
    assert {(key, name) for key, name, _ in module.keys} == {(1, run)}


def test_elsewhere_there_is_no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "winreg", None)
    with pytest.raises(OSError, match="not Windows"):
        windows_values()
