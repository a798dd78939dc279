"""Finds programs and extensions and reads their versions from their own files.

It must not start any of them, and a name alone proves nothing: what is not shown by a
package's own words has no version here.
"""

from __future__ import annotations

import os
import plistlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from discovery.known_clients import Editor, Known, editors
from discovery.settings_text import json_of, word_of
from discovery.surroundings import Surroundings

_HOME_FOLDERS: Final = (
    ".local/bin",
    ".npm-global/bin",
    ".bun/bin",
    ".volta/bin",
    "bin",
)
_MAC_FOLDERS: Final = ("/opt/homebrew/bin", "/usr/local/bin")
_VERSION = re.compile(r"v?(\d+\.\d+[\w.+-]*)")
_EXTENSION = re.compile(r"(.+?)-(\d+\.\d+\.\d+[\w.+-]*)\Z")
_SYSTEM = re.compile(r"-(?:linux|darwin|win32|windows)-.+\Z")
_BASE = re.compile(r"\A(?:\$\{?\w+\}?|%~?\w+%?)/?")  # `$basedir/`, `%~dp0`
_UP = 6  # folders above a program in which its package may say its name
_MOST_EXTENSIONS = 1000
_SCRIPT = 4096  # bytes of a start script that are read


@dataclass(frozen=True, slots=True)
class Program:
    """An executable that bears a client's name.

    `proven` says that its package's own files name the client and its version. `other`
    is the package it belongs to where that is another one.
    """

    path: Path
    version: str = ""
    proven: bool = False
    other: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension of an editor; `proven` by its own `package.json`."""

    id: str
    version: str
    path: Path
    editor: str
    proven: bool


def program_of(known: Known, surroundings: Surroundings) -> Program | None:
    """Return the client's program, a proven one before any other; None if none.

    Looks on PATH and in the folders where installers put programs.
    """
    found = [_judged(path, known) for path in _executables(known, surroundings)]
    found += _apps(known, surroundings)
    return next((one for one in found if one.proven), found[0] if found else None)


def has_program(name: str, surroundings: Surroundings) -> Path | None:
    """Return the first executable of this name, None where there is none."""
    return next(_named(name, _folders(surroundings), surroundings.platform), None)


def _executables(known: Known, surroundings: Surroundings) -> Iterator[Path]:
    own = [surroundings.home / place for place in known.places]
    folders = [*_folders(surroundings), *own]
    for name in known.programs:
        yield from _named(name, folders, surroundings.platform)


def _folders(surroundings: Surroundings) -> list[Path]:
    home = surroundings.home
    words = surroundings.environ.get("PATH", "").split(os.pathsep)
    folders = [Path(word) for word in words if Path(word).is_absolute()]
    folders += [home / place for place in _HOME_FOLDERS]
    folders += sorted((home / ".nvm" / "versions" / "node").glob("*/bin"))[-3:]
    if surroundings.platform == "darwin":
        folders += [Path(place) for place in _MAC_FOLDERS]
    return list(dict.fromkeys(folders))


def _named(name: str, folders: Sequence[Path], platform: str) -> Iterator[Path]:
    endings = (".exe", ".cmd", ".ps1") if platform == "win32" else ("",)
    for folder in folders:
        for ending in endings:
            path = folder / f"{name}{ending}"
            if _runs(path, platform):
                yield path


def _runs(path: Path, platform: str) -> bool:
    try:
        return path.is_file() and (platform == "win32" or os.access(path, os.X_OK))
    except OSError:
        return False


def _judged(path: Path, known: Known) -> Program:
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return Program(path)
    for ask in (_by_package, _by_folder, _by_script, _by_wheel):
        found = ask(path, real, known)
        if found is not None:
            return found
    return Program(path)


def _by_package(path: Path, real: Path, known: Known) -> Program | None:
    """Look for the `package.json` that the program lies under."""
    for folder in list(real.parents)[:_UP]:
        told = json_of(folder / "package.json")
        name = word_of(told.get("name"))
        if name:
            if not _is_package(name, known):
                return Program(path, other=name)
            return Program(path, word_of(told.get("version")), proven=True)
    return None


def _is_package(name: str, known: Known) -> bool:
    # The native binary of a system has a package of its own: `NAME-linux-x64`.
    own = {*known.packages, *(known.programs if known.packages else ())}
    plain = _SYSTEM.sub("", name)
    return name in known.packages or (plain != name and plain in own)


def _by_folder(path: Path, real: Path, known: Known) -> Program | None:
    """Look for a version below a folder of the client's name: `claude/versions/2.1`."""
    own = {*known.programs, known.id, known.wheel}
    own |= {package.rpartition("/")[2] for package in known.packages}
    parts = real.parts
    for place in range(1, len(parts)):
        match = _VERSION.fullmatch(parts[place])
        above = parts[place - 1]
        if above == "versions" and place > 1:
            above = parts[place - 2]
        if match and above in own:
            return Program(path, match[1], proven=True)
    return None


def _by_script(path: Path, real: Path, known: Known) -> Program | None:
    """Look for the package that a start script of npm or pnpm names."""
    try:
        with real.open("rb") as file:
            text = file.read(_SCRIPT).decode("utf-8", "replace")
    except OSError:
        return None
    for package in known.packages:
        for folder in _script_folders(text.replace("\\", "/"), package, real.parent):
            told = json_of(folder / "package.json")
            if word_of(told.get("name")) == package:
                return Program(path, word_of(told.get("version")), proven=True)
    return None


def _script_folders(text: str, package: str, here: Path) -> Iterator[Path]:
    """Yield where a script says that `package` is, by a whole path or from `here`."""
    step = re.compile(rf"""([^\s"']*node_modules/{re.escape(package)})(?=[/"'\s])""")
    for match in step.finditer(text):
        named = _BASE.sub("", match[1])
        yield here / named
        yield here / named[named.index("node_modules/") :]


def _by_wheel(path: Path, real: Path, known: Known) -> Program | None:
    """Look for the `dist-info` of a Python package beside its script."""
    if not known.wheel:
        return None
    name = known.wheel.replace("-", "_")
    for prefix in (real.parent.parent, path.parent.parent):
        for library in ("lib/python3*/site-packages", "Lib/site-packages"):
            for info in sorted(prefix.glob(f"{library}/{name}-*.dist-info"))[-1:]:
                version = info.name.removesuffix(".dist-info").rpartition("-")[2]
                return Program(path, version, proven=True)
    return None


# --- desktop programs ---


def _apps(known: Known, surroundings: Surroundings) -> list[Program]:
    name = {"claude-desktop": "Claude", "cursor": "Cursor"}.get(known.id)
    if name is None:
        return []
    if surroundings.platform == "darwin":
        return list(_mac_apps(name, surroundings))
    if surroundings.platform == "win32":
        return list(_windows_apps(name, surroundings))
    return []


def _mac_apps(name: str, surroundings: Surroundings) -> Iterator[Program]:
    for folder in (surroundings.home / "Applications", Path("/Applications")):
        app = folder / f"{name}.app"
        if app.is_dir():
            yield Program(app, _mac_version(app), proven=bool(_mac_version(app)))


def _mac_version(app: Path) -> str:
    try:
        with (app / "Contents" / "Info.plist").open("rb") as file:
            told = plistlib.load(file)
    except (OSError, ValueError, plistlib.InvalidFileException):
        return ""
    return word_of(told.get("CFBundleShortVersionString"))


def _windows_apps(name: str, surroundings: Surroundings) -> Iterator[Program]:
    named = surroundings.environ.get("LOCALAPPDATA")
    local = Path(named) if named else surroundings.home / "AppData" / "Local"
    if name == "Claude":
        for folder in (
            local / "AnthropicClaude",
            *(local / "Packages").glob("Claude_*"),
        ):
            if folder.is_dir():
                yield Program(folder)
        return
    app = local / "Programs" / "cursor" / "resources" / "app" / "package.json"
    version = word_of(json_of(app).get("version"))
    if version:
        yield Program(app.parents[2], version, proven=True)


# --- extensions of editors ---


def extensions_of(
    surroundings: Surroundings, wanted: frozenset[str]
) -> tuple[Extension, ...]:
    """Return the wanted extensions of all editors, each editor's folders by name."""
    return tuple(
        found
        for editor in editors(surroundings)
        for found in _extensions(editor, wanted)
    )


def _extensions(editor: Editor, wanted: frozenset[str]) -> Iterator[Extension]:
    try:
        names = sorted(path.name for path in editor.extensions.iterdir())
    except OSError:
        return
    for name in names[:_MOST_EXTENSIONS]:
        match = _EXTENSION.match(name)
        if match and match[1].lower() in wanted:
            folder = editor.extensions / name
            told = json_of(folder / "package.json")
            own = f"{word_of(told.get('publisher'))}.{word_of(told.get('name'))}"
            proven = own.lower() == match[1].lower()
            version = word_of(told.get("version")) if proven else ""
            yield Extension(match[1].lower(), version, folder, editor.name, proven)
