import os
import socket
import stat
from pathlib import Path

import pytest

from app.paths import PathRefused, Paths, keep_private, make_folders, paths_for


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_lies_in_the_home(tmp_path: Path) -> None:
    paths = paths_for({"TURNOUT_HOME": str(tmp_path)})
    assert paths.home == tmp_path
    assert paths.config_file == tmp_path / "config.toml"
    assert paths.database == tmp_path / "turnout.db"
    assert paths.control_socket == tmp_path / "run" / "control.sock"
    assert paths.keeper_socket == tmp_path / "run" / "keeper.sock"
    assert all(folder.is_relative_to(tmp_path) for folder in paths.folders)


def test_the_option_wins_over_the_variable(tmp_path: Path) -> None:
    paths = paths_for({"TURNOUT_HOME": "/nowhere"}, tmp_path)
    assert paths.home == tmp_path


def test_two_spellings_of_one_home_are_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    expected = paths_for({}, tmp_path / "real")
    assert paths_for({}, tmp_path / "link") == expected
    assert paths_for({}, Path("real")) == expected
    assert paths_for({"TURNOUT_HOME": "x/../real"}) == expected


@pytest.mark.parametrize("environ", [{}, {"TURNOUT_HOME": ""}])
def test_without_a_home_the_platforms_folders_are_used(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    paths = paths_for(environ)
    assert paths.home is None
    assert paths.config_file == tmp_path / "config" / "turnout" / "config.toml"
    assert paths.database == tmp_path / "data" / "turnout" / "turnout.db"
    assert paths.run == tmp_path / "state" / "turnout" / "run"
    assert paths.last_good_config.parent == tmp_path / "state" / "turnout"


def test_folders_are_made_private_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    paths = paths_for({}, home)
    before = os.umask(0)
    try:
        make_folders(paths)
    finally:
        os.umask(before)
    assert {mode_of(folder) for folder in paths.folders} == {0o700}
    make_folders(paths)


def test_a_folder_that_is_there_is_made_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "logs").mkdir(mode=0o750)
    paths = paths_for({}, home)
    make_folders(paths)
    assert mode_of(home) == mode_of(home / "logs") == 0o700


def test_a_folder_open_to_all_is_refused_and_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    with pytest.raises(PathRefused, match="every user may write"):
        make_folders(paths_for({}, home))
    assert mode_of(home) == 0o777


def test_a_file_in_a_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(PathRefused, match="cannot use the folder"):
        make_folders(paths_for({}, tmp_path / "home"))


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = paths_for({}, tmp_path / "home")
    make_folders(paths)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(PathRefused, match="belongs to another user"):
        make_folders(paths)


def test_the_whole_user_folder_is_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    tmp_path.chmod(0o755)
    for home in (tmp_path, Path("/")):
        with pytest.raises(PathRefused, match="a folder of its own"):
            make_folders(paths_for({}, home))
    assert mode_of(tmp_path) == 0o755


def deep(tmp_path: Path) -> Path:
    return tmp_path / ("d" * 120)


def test_a_socket_path_that_is_too_long_moves(tmp_path: Path) -> None:
    runtime = Path("/tmp") / f"turnout-test-{os.getpid()}"
    runtime.mkdir(mode=0o700)
    try:
        paths = paths_for({"XDG_RUNTIME_DIR": str(runtime)}, deep(tmp_path))
        assert paths.sockets.parent == runtime / "turnout"
        assert len(paths.sockets.name) == 16
        assert paths.run == deep(tmp_path) / "run"
        assert paths.keeper_socket.parent == paths.run
        other = paths_for({"XDG_RUNTIME_DIR": str(runtime)}, deep(tmp_path) / "other")
        assert other.sockets != paths.sockets
        make_folders(paths)
        assert mode_of(paths.sockets) == mode_of(paths.sockets.parent) == 0o700
        bound(paths)
    finally:
        for folder in (paths.sockets, paths.sockets.parent, runtime):
            folder.rmdir()


def bound(paths: Paths) -> None:
    """Bind the longest name there may be."""
    name = paths.sockets / f"{paths.control_socket.name}.4194304"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(name))
    name.unlink()


def test_without_a_runtime_folder_it_moves_below_tmp(tmp_path: Path) -> None:
    paths = paths_for({"XDG_RUNTIME_DIR": "/does/not/exist"}, deep(tmp_path))
    assert paths.sockets.parent == Path(f"/tmp/turnout-{os.getuid()}")
    too_long = tmp_path / ("r" * 90)
    too_long.mkdir()
    again = paths_for({"XDG_RUNTIME_DIR": str(too_long)}, deep(tmp_path))
    assert again.sockets == paths.sockets


@pytest.mark.parametrize("length", range(60, 90))
def test_every_socket_name_fits_its_limit(length: int) -> None:
    home = Path("/") / ("h" * length)
    paths = paths_for({"XDG_RUNTIME_DIR": "/nowhere"}, home)
    name = f"{paths.control_socket}.4194304"
    assert len(os.fsencode(name)) <= 103
    short = len(os.fsencode(f"{home}/run/control.sock.4194304")) <= 100
    assert (paths.sockets == paths.run) is short


def test_a_planted_link_in_a_shared_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = paths_for({}, tmp_path / "home")
    make_folders(paths)
    target = tmp_path / "mine"
    target.mkdir(mode=0o700)
    paths.run.rmdir()
    paths.run.symlink_to(target)
    make_folders(paths)
    owner = os.getuid()
    real = Path.lstat

    def planted(self: Path) -> os.stat_result:
        found = list(real(self))
        if self == paths.run:
            found[stat.ST_UID] = owner + 1
        return os.stat_result(found)

    monkeypatch.setattr(Path, "lstat", planted)
    with pytest.raises(PathRefused, match="belongs to another user"):
        make_folders(paths)


def test_new_files_are_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        keep_private()
        (tmp_path / "file").touch()
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "file") == 0o600
