import sys
from pathlib import Path
from types import ModuleType

import pytest

from app import identity
from app.identity import command_path, stranger, version


def test_the_version_is_the_distributions() -> None:
    assert version().count(".") == 2


def test_the_command_is_its_name_where_it_is_found_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("python", "turnout"):
        (bin_folder / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(bin_folder / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert command_path() == str(bin_folder / "turnout")
    monkeypatch.setenv("PATH", str(bin_folder))
    assert command_path() == "turnout"


def test_another_programs_name_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "turnout").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "ours" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "theirs"))
    assert command_path() == str(tmp_path / "ours" / "turnout")


def test_without_a_script_the_interpreter_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert command_path() == f"{tmp_path / 'python'} -m app"


def test_our_rooms_are_ours() -> None:
    assert stranger() == ""


@pytest.mark.parametrize("origin", ["/site-packages/proxy/__init__.py", None])
def test_a_room_from_elsewhere_is_named(
    monkeypatch: pytest.MonkeyPatch, origin: str | None
) -> None:
    strange = ModuleType("proxy")
    strange.__file__ = origin
    monkeypatch.setitem(sys.modules, "proxy", strange)
    assert identity.stranger() == "proxy"
