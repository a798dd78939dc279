from __future__ import annotations

from pathlib import Path

import pytest

from app.desktop.terminal import Terminal, terminal


def program(folder: Path, name: str) -> Path:
    made = folder / name
    made.write_text("#!/bin/sh\n")
    made.chmod(0o755)
    return made


def test_the_desktops_own_choice_comes_first(tmp_path: Path) -> None:
    program(tmp_path, "xterm")
    own = program(tmp_path, "x-terminal-emulator")
    found = terminal("linux", [str(tmp_path)])
    assert found is not None
    assert found._program == str(own)
    assert found()


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_where_none_is_known_none_is_offered(tmp_path: Path, platform: str) -> None:
    assert terminal(platform, [str(tmp_path)]) is None


def test_a_mac_has_one() -> None:
    assert terminal("darwin") is not None


def test_one_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    assert not Terminal(str(tmp_path / "gone"), ())()
