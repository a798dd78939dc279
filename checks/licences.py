"""Checks that every installed Python package has a licence we may live with.

Two lists: what Turnout is shipped with, and what only builds and tests it. A package
whose metadata names no licence is allowed by name, with the licence its files show.
From the same facts it writes `docs/third-party.md` (`--write`), and else compares it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import msgspec

_ROOT = Path(__file__).resolve().parent.parent

# Licences that ask for a notice and nothing else.
_PERMISSIVE = (
    "0BSD",
    "Apache",
    "BSD",
    "ISC",
    "MIT",
    "Python Software Foundation",
    "PSF",
    "The Unlicense",
    "Unlicense",
    "Zlib",
)
# Weak copyleft on files we do not change: allowed in what is shipped by name only.
_SHIPPED_BY_NAME = {
    "pyside6-essentials": "LGPL-3.0-only, dynamically linked, replaceable",
    "shiboken6": "LGPL-3.0-only, dynamically linked, replaceable",
}
_WITHOUT_METADATA = {"peewee": "MIT"}
# Installed on Windows only, so the page knows them by name.
_ELSEWHERE = {"pywin32-ctypes": "BSD-3-Clause"}
# Never shipped, so a file-level copyleft has no effect on Turnout.
_TOOLS_ONLY = ("DFSG approved", "Mozilla Public License", "MPL")

_PAGE = _ROOT / "docs" / "third-party.md"
_HEAD = """# What Turnout is built on

Written by `make docs` from `requirements/runtime.txt` and the packages' own metadata.
These Python packages are installed with Turnout; each keeps its own licence. Qt for
Python is used unchanged, under the LGPL-3.0, as separate, replaceable libraries.
Why the direct ones are there: [decision 0006](decisions/0006-dependencies.md).

| package | version | licence |
| --- | --- | --- |
"""


class Licence(msgspec.Struct, frozen=True, rename="pascal"):
    """One package as pip-licenses tells it."""

    name: str
    license: str
    version: str


def main(words: list[str]) -> int:
    """Checks the environment this runs in; returns the exit status."""
    if words == ["--write"]:
        _PAGE.write_text(page(), encoding="utf-8")
        return 0
    shipped = frozenset(locked(_ROOT / "requirements" / "runtime.txt"))
    refused = [
        (licence, normal(licence.name) in shipped)
        for licence in installed()
        if not allowed(licence, shipped=normal(licence.name) in shipped)
    ]
    for licence, is_shipped in refused:
        where = "shipped" if is_shipped else "a tool"
        print(f"{licence.name} {licence.version} ({where}): {licence.license}")
    if refused:
        print("These licences are on no list in checks/licences.py.")
        return 1
    if not _PAGE.exists() or _PAGE.read_text(encoding="utf-8") != page():
        print(f"{_PAGE.relative_to(_ROOT)} is stale: run `make docs`.")
        return 1
    print("licences: all on the list")
    return 0


def normal(name: str) -> str:
    """A package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: Path) -> dict[str, str]:
    """The packages a lock file pins: normal name -> version."""
    pins = re.findall(
        r"^([\w.-]+)==([\w.+]+)", lock.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {normal(name): version for name, version in pins}


def installed() -> list[Licence]:
    """Every package of this environment but our own."""
    words = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed"]
    words += ["--with-system", "--ignore-packages", "turnout"]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    return msgspec.json.decode(done.stdout, type=list[Licence])


def allowed(licence: Licence, *, shipped: bool) -> bool:
    """Whether the package may be here: every part of its licence is on a list."""
    name = normal(licence.name)
    if name in _WITHOUT_METADATA or name in _SHIPPED_BY_NAME:
        return True
    names = _PERMISSIVE if shipped else _PERMISSIVE + _TOOLS_ONLY
    # Of alternatives one is enough; all parts of a combination are needed.
    return any(
        all(_known(part, names) for part in re.split(r" AND |;", choice))
        for choice in licence.license.split(" OR ")
    )


def _known(part: str, names: tuple[str, ...]) -> bool:
    words = part.strip().strip("()")
    return any(re.search(rf"\b{re.escape(name)}\b", words) for name in names)


def page() -> str:
    """The text of `docs/third-party.md`.

    Raises:
        importlib.metadata.PackageNotFoundError: a shipped package is not installed.
    """
    pins = locked(_ROOT / "requirements" / "runtime.txt")
    rows = [
        f"| {name} | {version} | {licence_of(name)} |"
        for name, version in sorted(pins.items())
    ]
    return _HEAD + "\n".join(rows) + "\n"


def licence_of(name: str) -> str:
    """The licence a shipped package states, in the words its metadata uses."""
    by_name = {**_WITHOUT_METADATA, **_SHIPPED_BY_NAME, **_ELSEWHERE}
    if name in by_name:
        return by_name[name]
    fields = metadata.metadata(name)
    if "License-Expression" in fields:
        return fields["License-Expression"]
    classes = fields.get_all("Classifier") or []
    found = [line.rpartition(" :: ")[2] for line in classes if "License ::" in line]
    if found:
        return ", ".join(found)
    # The old field; some put the whole text there.
    stated = fields["License"] if "License" in fields else ""  # noqa: SIM401 - no get
    return stated if stated and "\n" not in stated else "not stated"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
