from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import debian
import pytest

Tool = Callable[[str, str], None]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Puts a made-up program on a PATH where nothing else is."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CI", raising=False)

    def make(name: str, script: str) -> None:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    return make


def _user(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)


def test_nothing_is_asked_where_everything_is_there(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("dpkg-query", "echo 'installed xvfb '; echo 'installed dbus '")
    _user(monkeypatch, 1000)
    debian.require(("xvfb", "dbus"))


def test_a_package_under_a_new_name_counts(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("dpkg-query", "echo 'installed libglib2.0-0t64 libglib2.0-0 (= 2.80), x'")
    _user(monkeypatch, 1000)
    debian.require(("libglib2.0-0",))


def test_an_ordinary_user_gets_the_line_to_type(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("dpkg-query", "echo 'installed dbus '; echo 'not-installed xvfb '")
    _user(monkeypatch, 1000)
    with pytest.raises(debian.MissingPackages) as problem:
        debian.require(("xvfb", "dbus", "trayer"))
    line = str(problem.value).splitlines()[-1]
    assert line.endswith(
        "sudo apt-get install --yes --no-install-recommends xvfb trayer"
    )


def test_root_gets_only_what_is_missing(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool(
        "dpkg-query",
        f"echo 'installed dbus '; [ ! -e {tmp_path}/done ] || echo 'installed xvfb '",
    )
    tool(
        "apt-get",
        f'echo "$@" >> {tmp_path}/calls; [ "$1" = update ] || > {tmp_path}/done',
    )
    _user(monkeypatch, 0)
    debian.require(("dbus", "xvfb"))
    update, install = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert update.startswith("update")
    assert install.endswith("--no-install-recommends xvfb")


def test_an_installation_that_fails_ends_with_the_line_to_type(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("dpkg-query", "true")
    tool("apt-get", "exit 100")
    _user(monkeypatch, 0)
    with pytest.raises(debian.MissingPackages, match=r"apt-get install .* xvfb"):
        debian.require(("xvfb",))


def test_another_system_is_left_alone(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _user(monkeypatch, 1000)
    debian.require(("xvfb",))
