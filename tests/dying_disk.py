"""Disks for tests: one that ends the process before a given call, one that fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from wizard.disk import Disk

KILLED = 137
_CALLS = frozenset(name for name in vars(Disk) if not name.startswith("_"))


class CountingDisk(Disk):
    """Counts the calls; what happens before each is `before(number, name)`."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def before(self, number: int, name: str, arguments: tuple[Any, ...]) -> None:
        """Do nothing; others do."""

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in _CALLS:
            return found

        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            self.before(len(self.calls), name, arguments)
            return found(*arguments)

        return call


class DyingDisk(CountingDisk):
    """Ends the process before call number `at`, or the first one called `name`.

    Half of a write is done with `torn`.
    """

    def __init__(self, at: int = 0, *, name: str = "", torn: bool = False) -> None:
        super().__init__()
        self.at = at
        self.name = name
        self.torn = torn

    def before(self, number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if number == self.at or name == self.name:
            if self.torn and name == "write":
                descriptor, data = arguments
                os.write(descriptor, data[: len(data) // 2])
            os._exit(KILLED)


class FullDisk(CountingDisk):
    """Fails as a full disk does at call number `at` and, with `ever`, from then on."""

    def __init__(self, at: int, *, ever: bool = False) -> None:
        super().__init__()
        self.at = at
        self.ever = ever

    def before(self, number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if number == self.at or (self.ever and number > self.at):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")


def killed(work: Callable[[], object]) -> bool:
    """Do the work in a child process; return whether it was killed meanwhile."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must not run the tests
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in {0, KILLED}:
        raise RuntimeError(f"the child ended with {code}")
    return code == KILLED
