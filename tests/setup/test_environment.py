from __future__ import annotations

import dataclasses
from pathlib import Path

import environment
import pytest
import stamp

_LOCKS = ("runtime.txt", "dev.txt", "build.txt")


@dataclasses.dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout whose environment stands, with a made-up interpreter in it."""

    root: Path

    def interpreter(self, status: int = 0) -> None:
        path = environment.python(self.root)
        path.parent.mkdir(parents=True, exist_ok=True)
        script = f'#!/bin/sh\necho "$@" >> {self.root}/calls\nexit {status}\n'
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def calls(self) -> list[str]:
        calls = self.root / "calls"
        return calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.interpreter()
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    stamp.Stamp(tmp_path / ".venv" / ".turnout-venv", (), salt=str(tmp_path)).set()
    (tmp_path / "requirements").mkdir()
    for name in _LOCKS:
        (tmp_path / "requirements" / name).write_text("one==1\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").touch()
    return made


def test_packages_come_by_their_hashes_and_nothing_else(checkout: Checkout) -> None:
    environment.install(checkout.root, dev=True)
    packages, project, compiled = checkout.calls()
    assert "--require-hashes --no-deps" in packages
    assert "dev.txt" in packages
    assert "build.txt" in packages
    assert "--no-deps --no-build-isolation --editable" in project
    assert "compileall" in compiled


def test_a_second_set_up_does_nothing(checkout: Checkout) -> None:
    environment.install(checkout.root, dev=False)
    done = checkout.calls()
    environment.install(checkout.root, dev=False)
    assert checkout.calls() == done


def test_what_tests_need_is_enough_to_run(checkout: Checkout) -> None:
    environment.install(checkout.root, dev=True)
    done = checkout.calls()
    environment.install(checkout.root, dev=False)
    assert checkout.calls() == done


def test_what_runs_is_not_enough_for_tests(checkout: Checkout) -> None:
    environment.install(checkout.root, dev=False)
    done = checkout.calls()
    environment.install(checkout.root, dev=True)
    assert len(checkout.calls()) > len(done)


def test_a_changed_lock_installs_anew(checkout: Checkout) -> None:
    environment.install(checkout.root, dev=False)
    done = checkout.calls()
    lock = checkout.root / "requirements" / "runtime.txt"
    lock.write_text("one==2\n", encoding="utf-8")
    environment.install(checkout.root, dev=False)
    assert len(checkout.calls()) > len(done)


def test_a_set_up_that_failed_is_done_again(checkout: Checkout) -> None:
    checkout.interpreter(status=1)
    with pytest.raises(environment.EnvironmentProblem, match="pip install failed"):
        environment.install(checkout.root, dev=False)
    checkout.interpreter()
    environment.install(checkout.root, dev=False)
    assert any("--editable" in call for call in checkout.calls())


@pytest.mark.slow
def test_an_environment_made_in_part_is_made_anew(checkout: Checkout) -> None:
    (checkout.root / ".venv" / ".turnout-venv").unlink()
    with pytest.raises(environment.EnvironmentProblem, match="pip install failed"):
        # The real interpreter takes the place of the made-up one and refuses the lock.
        environment.install(checkout.root, dev=False)
    assert environment.python(checkout.root).is_symlink()
