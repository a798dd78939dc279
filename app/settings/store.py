"""Holds the configuration that acts and keeps it in step with the user's file.

It must not interpret the file (`config`) or change its text (`edit`). A file with
problems never takes over from a configuration that had none.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import resources
from app.failure import CommandFailed
from app.paths import Paths
from app.settings.config import MOST_BYTES, Config, built_in, read_config
from app.settings.edit import with_mode
from app.settings.files import (
    Stamp,
    read_whole,
    replace_whole,
    stamp_of,
    write_new,
)
from proxy.catalogue import ConfigProblem
from proxy.routing import Mode

_TRIES = 3


def first_config() -> bytes:
    """Return the commented file that a new home gets."""
    return resources.data("first_config.toml")


class ConfigStore:
    """The configuration of one home; safe to use from any thread.

    `load` once, then `poll` about once a second. `current` is replaced as a whole.
    """

    def __init__(self, paths: Paths) -> None:
        """Use the files that `paths` names; reads nothing yet."""
        self._paths = paths
        self._file = paths.config_file
        self._copy = paths.last_good_config
        self._data: bytes | None = None
        self._doubtful: bytes | None = None
        self._stamp: Stamp | None = None
        self._look_again = False
        self._lock = threading.RLock()
        self.price_problem = ""
        self.current = built_in()

    @property
    def current(self) -> Config:
        """The configuration that acts, with the prices in force."""
        return self._current

    @current.setter
    def current(self, config: Config) -> None:
        from app.prices import active_snapshot, repriced

        prices = active_snapshot(self._paths)
        self.price_problem = prices.problem
        if prices.refreshed:
            catalogue = repriced(config.catalogue, prices.snapshot)
            config = replace(config, catalogue=catalogue)
        self._current = config

    def write_first_config(self) -> bool:
        """Write the commented first file where there is none; False where there is.

        Raises `OSError` where it cannot be written.
        """
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return write_new(self._file, first_config())

    def load(self) -> Config:
        """Read the file at start and return the configuration that acts from now on.

        With problems in the file that is the last good copy, else what is sound in
        the file; without a file the built-in one.
        """
        with self._lock:
            try:
                self._data, self._stamp = read_whole(self._file, MOST_BYTES)
            except FileNotFoundError:
                self.current = built_in()
            except OSError as error:
                broken = replace(built_in(), problems=(self._unreadable(error),))
                self.current = self._instead_of(replace(broken, source="partial"))
            else:
                self._look_again = True
                self._adopt(self._data)
            return self.current

    def poll(self) -> bool:
        """Take over an edit of the file; True where `current` is another one now.

        Whatever is new may be half written: it is believed when two looks in a row
        find the same bytes, and so is a file that vanished.
        """
        with self._lock:
            stamp = stamp_of(self._file)
            if stamp == self._stamp and not self._look_again:
                return False
            # An edit within the clock's grain, of equal size, leaves the stamp as it
            # is: whatever is new is therefore read once more the next time.
            self._look_again = stamp != self._stamp
            self._stamp = stamp
            try:
                data, self._stamp = read_whole(self._file, MOST_BYTES)
            except OSError as error:
                return self._lost(error)
            return self._changed_to(data)

    def _changed_to(self, data: bytes) -> bool:
        if data == self._data:
            self._doubtful = None
            return False
        if data != self._doubtful:
            self._doubtful, self._look_again = data, True
            return False
        self._doubtful = None
        return self._adopt(data)

    def _lost(self, error: OSError) -> bool:
        """Go on with what acts while the file cannot be read."""
        self._doubtful = None
        never = self.current.source == "built-in" and not self.current.problems
        if never and isinstance(error, FileNotFoundError):
            return False
        if self._look_again:
            return False
        # Not b"": an empty file that takes its place is another configuration.
        before, self._data = self.current, None
        problems = (self._unreadable(error),)
        self.current = replace(before, problems=problems)
        if before.source == "file":
            self.current = replace(self.current, source="last-good")
        return self.current != before

    def _unreadable(self, error: OSError) -> ConfigProblem:
        return ConfigProblem(
            None,
            "",
            f"Turnout cannot read {self._file}: {error.strerror}.",
            "Put the file back, or let only your user own it.",
        )

    def _adopt(self, data: bytes) -> bool:
        before, self._data = self.current, data
        new = read_config(data)
        if new.problems:
            self.current = self._instead_of(new)
        else:
            self.current = new
            self._save_copy(data)
        return self.current != before

    def _instead_of(self, broken: Config) -> Config:
        """Return what acts while the file is `broken`."""
        good = self.current
        if good.source not in {"file", "last-good"}:
            copy = self._read_copy()
            if copy is None:
                return broken
            good = read_config(copy)
        return replace(good, problems=broken.problems, source="last-good")

    def _read_copy(self) -> bytes | None:
        """Return the last good copy, None where there is none that is still good."""
        try:
            data, _ = read_whole(self._copy, MOST_BYTES)
        except OSError:
            return None
        return None if read_config(data).problems else data

    def _save_copy(self, data: bytes) -> None:
        """Keep a copy for a start with a broken file, where there is a folder for it.

        A full disk must not keep a good configuration from acting, and a mere look at
        a home that was never used makes no folders there.
        """
        with contextlib.suppress(OSError):
            found = read_whole(self._copy, MOST_BYTES)[0]
            if found == data:
                return
        with contextlib.suppress(OSError):
            replace_whole(self._copy, data, stamp_of(self._copy))

    def save_mode(self, mode: Mode) -> Config:
        """Write the mode into the user's file and let it act; returns `current`.

        Everything else in the file stays as it is. Where the file has problems that
        are not about its form, the mode is written and acts all the same.

        Raises `CommandFailed` where the file is not valid TOML or cannot be written.
        """
        with self._lock:
            data = self._write(
                lambda before: with_mode(before, mode), "The mode was not changed"
            )
            self._stamp, self._look_again = stamp_of(self._file), True
            self._adopt(data)
            if self.current.settings.mode is not mode:
                self._force_mode(mode)
            return self.current

    def save(self, change: Callable[[bytes], bytes]) -> Config:
        """Write what `change` makes of the user's file and let it act.

        Returns `current`. A new home's file is the commented first one. Raises
        `CommandFailed` where `change` does or the file cannot be written.
        """
        with self._lock:
            data = self._write(change, "Turnout's own configuration was not changed")
            self._stamp, self._look_again = stamp_of(self._file), True
            self._adopt(data)
            return self.current

    def text(self) -> bytes:
        """Return the file's bytes as they are now, the first file's where none is."""
        try:
            return self._read_or_first()[0]
        except OSError:
            return b""

    def _force_mode(self, mode: Mode) -> None:
        """Let the mode act in the configuration that stands in for the file."""
        settings = replace(self.current.settings, mode=mode)
        self.current = replace(
            self.current, settings=settings, raw_mode=mode.value, mode_unreadable=False
        )
        copy = self._read_copy()
        if copy is not None:
            with contextlib.suppress(CommandFailed):
                self._save_copy(with_mode(copy, mode))

    def _write(self, change: Callable[[bytes], bytes], title: str) -> bytes:
        try:
            for _ in range(_TRIES):
                data, stamp = self._read_or_first()
                new = change(data)
                if new == data and stamp is not None:
                    return data
                if replace_whole(self._file, new, stamp):
                    return new
        except OSError as error:
            raise _not_written(title, self._file, f"{error.strerror}") from None
        why = "another program keeps changing it"
        raise _not_written(title, self._file, why)

    def _read_or_first(self) -> tuple[bytes, Stamp | None]:
        try:
            return read_whole(self._file, MOST_BYTES)
        except FileNotFoundError:
            return first_config(), None


def _not_written(title: str, file: Path, why: str) -> CommandFailed:
    return CommandFailed(
        title,
        f"Turnout cannot write {file}: {why}. The file is as it was, and so is what"
        " acts.",
        "Make sure that the file and its folder belong to you, then try again.",
    )
