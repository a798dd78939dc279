import fcntl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.runs import RunLock, is_dead

OTHER = (
    "import sys; from pathlib import Path; from app.runs import RunLock;"
    "lock = RunLock(Path(sys.argv[1]), 'cafe'); print('held', flush=True);"
    "sys.stdin.read()"
)


def test_a_run_lives_while_its_lock_is_held(tmp_path: Path) -> None:
    lock = RunLock(tmp_path, "ab12")
    assert not is_dead(tmp_path, "ab12")
    assert stat.S_IMODE((tmp_path / "ab12.lock").stat().st_mode) == 0o600
    lock.release()
    assert is_dead(tmp_path, "ab12")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_lets_go_and_its_file_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        assert not is_dead(tmp_path, "cafe")
        other.kill()
    assert is_dead(tmp_path, "cafe")
    assert list(tmp_path.iterdir()) == []


def test_the_same_run_cannot_live_twice(tmp_path: Path) -> None:
    lock = RunLock(tmp_path, "ab12")
    with pytest.raises(BlockingIOError):
        RunLock(tmp_path, "ab12")
    lock.release()


@pytest.mark.parametrize("run", ["", "../x", "AB", "a" * 65, "x y"])
def test_what_is_no_run_is_dead_and_names_no_file(tmp_path: Path, run: str) -> None:
    assert is_dead(tmp_path / "nowhere", run)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "ab12.lock").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic link"):
        RunLock(tmp_path, "ab12")
    with pytest.raises(OSError, match="symbolic link"):
        is_dead(tmp_path, "ab12")
    assert (tmp_path / "target").read_text() == "kept"


def test_no_child_inherits_the_lock(tmp_path: Path) -> None:
    before = descriptors()
    lock = RunLock(tmp_path, "ab12")
    (held,) = descriptors() - before
    assert fcntl.fcntl(held, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
    lock.release()


def descriptors() -> set[int]:
    return {fd for fd in range(256) if Path(f"/proc/self/fd/{fd}").exists()}
