"""What may stand in the files of this tree, and who may import whom."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import clients
import pytest

_ROOT = Path(__file__).resolve().parent.parent
_REQUIREMENTS = sorted((_ROOT / "requirements").glob("*.txt"))
_NPM = sorted((_ROOT / "setup" / "clients").glob("*/package-lock.json"))

# Where packages come from is the machine's business. In pieces: this file passes too.
_REGISTRIES = tuple(
    ".".join(pieces)
    for pieces in (
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("archive", "ubuntu", "com"),
    )
)
_MACHINE_PATHS = re.compile(
    "|".join(("/work" + "/(main|shared)", "/root" + "/", "/opt" + "/(pypi|wheels)"))
)


def _tracked() -> list[Path]:
    words = ["git", "ls-files", "-z"]
    done = subprocess.run(words, capture_output=True, check=True, cwd=_ROOT, text=True)
    paths = [_ROOT / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def test_no_file_names_a_registry() -> None:
    naming = [
        f"{path.relative_to(_ROOT)}: {host}"
        for path in _tracked()
        for host in _REGISTRIES
        if host in _text(path)
    ]
    assert not naming


def test_no_file_names_a_folder_of_some_machine() -> None:
    naming = [
        f"{path.relative_to(_ROOT)}: {found[0]}"
        for path in _tracked()
        if (found := _MACHINE_PATHS.search(_text(path)))
    ]
    assert not naming


@pytest.mark.parametrize("path", _REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_exact_hashed_and_without_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    loose = [
        entry.partition("\n")[0]
        for entry in entries
        if not re.match(r"[\w.-]+==[\w.+]+[ ;]", entry) or "--hash=sha256:" not in entry
    ]
    assert not loose


def test_there_are_locks_for_running_testing_and_building() -> None:
    names = [path.name for path in _REQUIREMENTS]
    assert names == ["build.txt", "dev.txt", "runtime.txt"]


def test_what_runs_is_what_was_tested() -> None:
    dev = _text(_ROOT / "requirements" / "dev.txt")
    runtime = _text(_ROOT / "requirements" / "runtime.txt")
    pins = re.findall(r"^[\w.-]+==[\w.+]+", runtime, re.MULTILINE)
    assert [pin for pin in pins if f"{pin} " not in dev] == []


def test_the_lock_meets_what_the_project_asks_for() -> None:
    project = tomllib.loads(_text(_ROOT / "pyproject.toml"))["project"]
    runtime = _text(_ROOT / "requirements" / "runtime.txt")
    names = [re.split(r"[<>=;]", line)[0].strip() for line in project["dependencies"]]
    missing = [name for name in names if f"\n{name}==" not in f"\n{runtime}"]
    assert not missing


@pytest.mark.parametrize("path", _NPM, ids=lambda path: path.parent.name)
def test_npm_locks_have_integrity_and_no_address(path: Path) -> None:
    lock = json.loads(_text(path))
    # The hash of a package that bundles others covers those too.
    packages = {
        name: entry
        for name, entry in lock["packages"].items()
        if name and not entry.get("inBundle")
    }
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


@pytest.mark.parametrize("path", _NPM, ids=lambda path: path.parent.name)
def test_npm_packages_are_asked_for_by_exact_version(path: Path) -> None:
    manifest = json.loads(_text(path.with_name("package.json")))
    asked = {
        **manifest.get("dependencies", {}),
        **manifest.get("optionalDependencies", {}),
    }
    assert asked
    loose = [name for name, wanted in asked.items() if not re.match(r"\d", wanted)]
    assert not loose


@pytest.mark.parametrize(
    "client", [*clients.MAIN, *clients.MORE], ids=lambda client: client.name
)
def test_the_version_a_client_must_tell_is_the_one_pinned(
    client: clients.Client,
) -> None:
    manifest = _text(_ROOT / "setup" / "clients" / client.folder / "package.json")
    told = re.search(r"\d+\.\d+\.\d+", client.version)
    assert told is not None
    assert f'"{told[0]}"' in manifest


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(linter), "--no-logo", "--cache-dir", ".cache/import-linter"],
        capture_output=True,
        check=False,
        cwd=_ROOT,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("shell", "more"),
    [("app.cli, app.door", ("PySide6",)), ("app.desktop.program", ("zstandard",))],
)
def test_the_shells_start_light(shell: str, more: tuple[str, ...]) -> None:
    heavy = ("aiohttp", "keyring", "peewee", "sqlite3", *more)
    program = f"""import sys
import {shell}
print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        cwd=_ROOT,
        text=True,
    )
    assert done.stdout == "[]\n"


def test_the_example_of_an_environment_holds_no_value() -> None:
    lines = _text(_ROOT / ".env.example").splitlines()
    settings = [line for line in lines if line and not line.startswith("#")]
    assert settings
    assert [line for line in settings if not re.fullmatch(r"[A-Z_]+=", line)] == []


def test_what_ci_starts_can_be_started() -> None:
    assert os.access(_ROOT / ".ci" / "run", os.X_OK)
