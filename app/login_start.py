"""Reads, writes and removes what starts Turnout at login; it asks nobody.

Whoever calls `set_login` has the user's yes, and it is recorded here. A file that is
not ours is never written over or removed, and what is written is a real file, never a
link's target.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from app.consenting import agreed, taken_back
from app.failure import CommandFailed
from app.identity import program
from app.settings.files import read_whole, replace_whole, stamp_of, write_new
from proxy.ledger.rows import ConsentKind
from wizard.autostart import (
    VALUE_NAME,
    LoginWay,
    is_on,
    is_ours,
    login_way,
    text_for,
)

if TYPE_CHECKING:
    from app.paths import Paths
    from app.services import Services
    from discovery.surroundings import Surroundings

CONSENT_SUBJECT: Final = "turnout"
"""What the consent to start at login is about."""

_TITLE: Final = "Start at login was not changed"
_ENTRY: Final = "autostart/turnout.desktop"
_UNIT: Final = "systemd/user/turnout.service"
_WANTED: Final = "systemd/user/default.target.wants/turnout.service"
_WANTED_LEADS_TO: Final = "../turnout.service"
_AGENT: Final = "Library/LaunchAgents/turnout.plist"
_RUN_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
_DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_CURRENT_DESKTOP")
_MOST_BYTES: Final = 65_536


class LoginRefused(Exception):
    """It was left as it is; the text is a sentence that says why.

    `todo` says what to do now.
    """

    def __init__(self, why: str, todo: str) -> None:
        """Keep the sentence and what to do."""
        super().__init__(why)
        self.todo = todo


class RunValues(Protocol):
    """The values that Windows runs when this user signs in."""

    def get(self, name: str) -> str | None:
        """Return a value, None where there is none."""
        ...

    def set(self, name: str, value: str) -> None:
        """Write a value."""
        ...

    def remove(self, name: str) -> None:
        """Remove a value that is there."""
        ...


@dataclass(frozen=True, slots=True)
class LoginNow:
    """Whether Turnout starts at login; `where` is the file or value that does it."""

    on: bool
    way: LoginWay
    where: str


class _Made(msgspec.Struct, frozen=True):
    """The folders that were made for our files, outer ones first."""

    folders: tuple[str, ...] = ()


class LoginStart:
    """What starts one user's Turnout at login; methods block for the disk.

    Those that write raise `LoginRefused` where something foreign is in the way, and
    `OSError` where that cannot be done.
    """

    def __init__(
        self,
        around: Surroundings,
        paths: Paths,
        program: str,
        values: Callable[[], RunValues] | None = None,
    ) -> None:
        """Look at nothing yet; `program` is started, `values` are Windows's."""
        self._environ = around.environ
        self._platform = around.platform
        self._home = around.home
        self._config = around.config_home
        self._own_home = paths.home
        self._made_file = paths.state / "login-start.json"
        self._program = program
        self._values = values or windows_values

    def usual_way(self) -> LoginWay:
        """Return how this system would do it."""
        display = any(self._environ.get(name) for name in _DISPLAYS)
        return login_way(self._platform, display=display)

    def now(self) -> LoginNow:
        """Return whether any way is on; one that is not comes with the usual way."""
        for way in self._ways():
            if self._is_on(way):
                return LoginNow(True, way, self.where(way))
        way = self.usual_way()
        return LoginNow(False, way, self.where(way))

    def turn_on(self, way: LoginWay | None = None) -> LoginNow:
        """Write what starts Turnout at login; the same again changes nothing."""
        chosen = self.usual_way() if way is None else way
        if chosen not in self._ways():
            here = " or ".join(self._ways())
            raise LoginRefused(
                f"This system has no such way to start at login: {chosen}.",
                f"Choose {here}.",
            )
        text = text_for(chosen, self._words(chosen))
        if chosen is LoginWay.REGISTRY:
            self._write_value(text)
        else:
            self._check_link(chosen)
            self._write_file(chosen, text)
            self._enable(chosen)
        return LoginNow(True, chosen, self.where(chosen))

    def turn_off(self) -> LoginNow:
        """Remove every file and value of ours; what is not ours is left."""
        for way in self._ways():
            found = self._read(way)
            if found is None or not is_ours(way, found):
                continue
            if way is LoginWay.REGISTRY:
                self._values().remove(VALUE_NAME)
                continue
            if way is LoginWay.SERVICE and self._is_our_link():
                (self._config / _WANTED).unlink()
            self._path(way).unlink()
        self._remove_folders()
        return self.now()

    def where(self, way: LoginWay) -> str:
        """Return the file or the value of one way, as people may look it up."""
        if way is LoginWay.REGISTRY:
            return rf"HKEY_CURRENT_USER\{_RUN_KEY}\{VALUE_NAME}"
        return str(self._path(way))

    # --- what is there ---

    def _ways(self) -> tuple[LoginWay, ...]:
        usual = self.usual_way()
        if usual in {LoginWay.AGENT, LoginWay.REGISTRY}:
            return (usual,)
        return (LoginWay.DESKTOP, LoginWay.SERVICE)

    def _words(self, way: LoginWay) -> tuple[str, ...]:
        verb = ("serve",) if way is LoginWay.SERVICE else ("tray", "--hidden")
        home = () if self._own_home is None else ("--home", str(self._own_home))
        return (self._program, *verb, *home)

    def _path(self, way: LoginWay) -> Path:
        if way is LoginWay.AGENT:
            return self._home / _AGENT
        return self._config / (_UNIT if way is LoginWay.SERVICE else _ENTRY)

    def _read(self, way: LoginWay) -> str | None:
        """Return the text of one way, None where there is none that can be ours."""
        if way is LoginWay.REGISTRY:
            return self._values().get(VALUE_NAME)
        path = self._path(way)
        if path.is_symlink():
            return None
        try:
            data, _ = read_whole(path, _MOST_BYTES)
        except OSError:
            return None
        return data.decode("utf-8", "replace")

    def _is_on(self, way: LoginWay) -> bool:
        text = self._read(way)
        if text is None or not is_ours(way, text) or not is_on(way, text):
            return False
        return way is not LoginWay.SERVICE or self._is_our_link()

    def _is_our_link(self) -> bool:
        link, unit = self._config / _WANTED, self._config / _UNIT
        if not link.is_symlink():
            return False
        return str(link.readlink()) in {_WANTED_LEADS_TO, str(unit)}

    # --- writing ---

    def _write_value(self, text: str) -> None:
        values = self._values()
        found = values.get(VALUE_NAME)
        if found is not None and not is_ours(LoginWay.REGISTRY, found):
            raise _foreign(self.where(LoginWay.REGISTRY))
        if found != text:
            values.set(VALUE_NAME, text)

    def _write_file(self, way: LoginWay, text: str) -> None:
        path = self._path(way)
        if path.is_symlink():
            raise LoginRefused(
                f"{path} is a link, and what starts at login has to be a real file."
                " It was left.",
                "Remove the link, then try again.",
            )
        self._make_folders(path.parent)
        if write_new(path, text.encode()):
            return
        stamp, found = stamp_of(path), self._read(way)
        if found is None or not is_ours(way, found):
            raise _foreign(str(path))
        if found != text and not replace_whole(path, text.encode(), stamp):
            raise LoginRefused(
                f"{path} was changed by another program just now. It was left.",
                "Try again.",
            )

    def _check_link(self, way: LoginWay) -> None:
        """Refuse before anything is written where the unit's name is another's."""
        link = self._config / _WANTED
        if way is not LoginWay.SERVICE or self._is_our_link():
            return
        if link.is_symlink() or link.exists():
            raise _foreign(str(link))

    def _enable(self, way: LoginWay) -> None:
        """Do what `systemctl --user enable` does, which may not be there."""
        if way is not LoginWay.SERVICE or self._is_our_link():
            return
        link = self._config / _WANTED
        self._make_folders(link.parent)
        link.symlink_to(_WANTED_LEADS_TO)

    # --- folders ---

    def _make_folders(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        if not missing:
            return
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
        known = self._made().folders
        made = tuple(str(each) for each in reversed(missing) if str(each) not in known)
        self._keep_made(_Made((*known, *made)))

    def _remove_folders(self) -> None:
        """Remove the folders that were made for our files, where they are empty."""
        for folder in reversed(self._made().folders):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        with contextlib.suppress(OSError):
            self._made_file.unlink()

    def _made(self) -> _Made:
        try:
            data, _ = read_whole(self._made_file, _MOST_BYTES)
            return msgspec.json.decode(data, type=_Made)
        except (OSError, msgspec.DecodeError):
            return _Made()

    def _keep_made(self, made: _Made) -> None:
        # Without it an empty folder may stay behind, nothing more.
        with contextlib.suppress(OSError):
            file = self._made_file
            replace_whole(file, msgspec.json.encode(made), stamp_of(file))


def login_start(services: Services) -> LoginStart:
    """Return what starts this Turnout at login, by the program that runs now."""
    return LoginStart(services.surroundings, services.paths, program())


async def set_login(
    services: Services, *, on: bool, way: LoginWay | None = None
) -> LoginNow:
    """Let Turnout start at login, or not any more, and record the user's word.

    Raises `CommandFailed` where it is left as it was.
    """
    start = login_start(services)
    try:
        if on:
            now = await asyncio.to_thread(start.turn_on, way)
        else:
            now = await asyncio.to_thread(start.turn_off)
    except LoginRefused as refused:
        raise CommandFailed(_TITLE, str(refused), refused.todo) from None
    except OSError as error:
        where = start.where(way or start.usual_way())
        raise CommandFailed(
            _TITLE,
            f"{where} cannot be changed ({error.strerror or 'it is not possible'}).",
            "Make sure that its folder belongs to you, then try again.",
        ) from None
    kind = ConsentKind.START_AT_LOGIN
    if on:
        detail = f"Turnout starts at login, by {now.where}."
        await agreed(services, kind, CONSENT_SUBJECT, now.where, detail)
    else:
        detail = "Turnout does not start at login any more."
        await taken_back(services, kind, CONSENT_SUBJECT, detail)
    return now


def _foreign(where: str) -> LoginRefused:
    return LoginRefused(
        f"{where} is there already and was not written by Turnout. It was left.",
        "Rename or remove it, then try again.",
    )


def windows_values() -> RunValues:
    """Return the Run values of this user; raises `OSError` on another system."""
    try:
        import winreg
    except ImportError:
        raise OSError(0, "this is not Windows") from None
    return _Registry(winreg)


class _Registry:
    """The Run values in the registry; `winreg` is there on Windows only."""

    def __init__(self, winreg: object) -> None:
        self._winreg: _Winreg = winreg  # type: ignore[assignment]

    def get(self, name: str) -> str | None:
        try:
            with self._open(self._winreg.KEY_READ) as key:
                value, _ = self._winreg.QueryValueEx(key, name)
        except FileNotFoundError:
            return None
        return str(value)

    def set(self, name: str, value: str) -> None:
        with self._open(self._winreg.KEY_WRITE) as key:
            self._winreg.SetValueEx(key, name, 0, self._winreg.REG_SZ, value)

    def remove(self, name: str) -> None:
        with self._open(self._winreg.KEY_WRITE) as key:
            self._winreg.DeleteValue(key, name)

    @contextlib.contextmanager
    def _open(self, access: int) -> Iterator[object]:
        root = self._winreg.HKEY_CURRENT_USER
        with self._winreg.CreateKeyEx(root, _RUN_KEY, 0, access) as key:
            yield key


class _Winreg(Protocol):
    """What is used of the module `winreg`."""

    HKEY_CURRENT_USER: int
    KEY_READ: int
    KEY_WRITE: int
    REG_SZ: int

    def CreateKeyEx(  # noqa: N802 - Windows's own names
        self, key: int, sub_key: str, reserved: int, access: int
    ) -> contextlib.AbstractContextManager[object]: ...

    def QueryValueEx(self, key: object, name: str) -> tuple[object, int]: ...  # noqa: N802

    def SetValueEx(  # noqa: N802
        self, key: object, name: str, reserved: int, kind: int, value: str
    ) -> None: ...

    def DeleteValue(self, key: object, name: str) -> None: ...  # noqa: N802
