"""Makes `.venv` with the locked packages and our project; touches no other Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import stamp

ROOMS = ("app", "proxy", "discovery", "wizard", "resources")


class EnvironmentProblem(Exception):
    """The environment could not be made; the message is for the person at the shell."""


def install(root: Path, *, dev: bool) -> None:
    """Makes `root/.venv` ready: to run the app, and with `dev` to test it as well.

    Raises:
        EnvironmentProblem: Python is too old, or a step ended with an error.
    """
    _make(root)
    names = ("dev", "build") if dev else ("runtime", "build")
    locks = tuple(root / "requirements" / f"{name}.txt" for name in names)
    marks = _marks(root)
    wanted = marks["dev"] if dev else marks["runtime"]
    # What tests need holds what the app needs.
    if wanted.fresh() or (not dev and marks["dev"].fresh()):
        return
    for mark in marks.values():
        mark.clear()
    print(
        f"Installing the locked Python packages into {root / '.venv'} ...", flush=True
    )
    files = [word for lock in locks for word in ("--requirement", str(lock))]
    _pip(root, "--require-hashes", "--no-deps", *files)
    _pip(root, "--no-deps", "--no-build-isolation", "--editable", str(root))
    _compile(root)
    wanted.set()


def python(root: Path) -> Path:
    """The environment's interpreter."""
    return root / ".venv" / "bin" / "python"


def _marks(root: Path) -> dict[str, stamp.Stamp]:
    def mark(name: str) -> stamp.Stamp:
        files = (f"requirements/{name}.txt", "requirements/build.txt", "pyproject.toml")
        inputs = tuple(root / file for file in files)
        return stamp.Stamp(root / ".venv" / f".turnout-{name}", inputs, salt=str(root))

    return {"runtime": mark("runtime"), "dev": mark("dev")}


def _make(root: Path) -> None:
    """Makes an empty environment unless a whole one of this Python stands there."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the machine's Python may be older
        found = ".".join(map(str, sys.version_info[:3]))
        message = f"Turnout needs Python 3.11 or newer; {sys.executable} is {found}."
        raise EnvironmentProblem(message)
    folder = root / ".venv"
    config = folder / "pyvenv.cfg"
    mark = stamp.Stamp(folder / ".turnout-venv", (), salt=str(root))
    if mark.fresh() and config.exists() and python(root).exists():
        return
    if Path(sys.prefix) == folder:
        message = (
            f"{sys.executable} cannot make its own environment: use another Python."
        )
        raise EnvironmentProblem(message)
    shutil.rmtree(folder, ignore_errors=True)
    print(f"Making {folder} ...", flush=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)
    if done.returncode != 0:
        message = (
            f"python3 -m venv {folder} failed (exit {done.returncode}); see above."
        )
        raise EnvironmentProblem(message)
    mark.set()


def _pip(root: Path, *words: str) -> None:
    command = [str(python(root)), "-m", "pip", "install", "--quiet", "--no-input"]
    command.append("--disable-pip-version-check")
    done = subprocess.run([*command, *words], cwd=root, check=False)
    if done.returncode != 0:
        message = f"pip install failed (exit {done.returncode}); see above."
        raise EnvironmentProblem(message)


def _compile(root: Path) -> None:
    """Compiles our own modules, so that the first start is as quick as the second."""
    rooms = [str(root / room) for room in ROOMS]
    command = [str(python(root)), "-m", "compileall", "-q", *rooms]
    # A file that cannot be compiled shows itself when it is imported.
    subprocess.run(command, check=False)
