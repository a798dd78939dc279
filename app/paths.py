"""Says where everything of one user's Turnout lies, and makes those folders private.

It must not read or write any file. Every other module gets its places from here.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_LONGEST_SOCKET = 100  # bytes; Linux takes 107, macOS 103
# A gateway binds under its process id first and renames; this is the longest name.
_LONGEST_NAME = "control.sock.4194304"
_PRIVATE = 0o700


class PathRefused(Exception):
    """A folder cannot be used safely; the text says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place of one home; all folders are for this user alone (0700).

    `state` holds the last good configuration, `run` the locks and, unless its path is
    too long for a socket, the sockets; `sockets` is where they really are. `home` is
    None where the platform's own folders are used.
    """

    home: Path | None
    config_file: Path
    database: Path
    backups: Path
    logs: Path
    runs: Path
    run: Path
    state: Path
    sockets: Path

    @property
    def control_socket(self) -> Path:
        """The socket that commands and the event feed go over."""
        return self.sockets / "control.sock"

    @property
    def keeper_socket(self) -> Path:
        """The keeper's own socket.

        Always in `run`: the keeper reaches it from inside that folder, so its path
        may be of any length.
        """
        return self.run / "keeper.sock"

    @property
    def last_good_config(self) -> Path:
        """The copy of the last configuration that had no problem."""
        return self.state / "config.last-good.toml"

    @property
    def kept_health(self) -> Path:
        """How providers were a moment ago, for the next gateway: numbers and names."""
        return self.state / "health.json"

    @property
    def learned_counts(self) -> Path:
        """What was learned about how models count tokens: numbers only."""
        return self.state / "counts.msgpack"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that has to be there, outer ones first, each once."""
        wanted = (
            *((self.home,) if self.home else ()),
            self.config_file.parent,
            self.database.parent,
            self.backups,
            self.logs,
            self.runs,
            self.state,
            self.run,
            self.sockets.parent,
            self.sockets,
        )
        return tuple(dict.fromkeys(wanted))


def paths_for(environ: Mapping[str, str], home: Path | None = None) -> Paths:
    """Return the places for this environment; makes nothing.

    `home` (the option `--home`) wins over `TURNOUT_HOME`; without both, the
    platform's folders for configuration, data, state and logs are used.
    """
    chosen = home or (Path(named) if (named := environ.get("TURNOUT_HOME")) else None)
    if chosen is None:
        return _platform_paths(environ)
    # Two spellings of one folder must find the same sockets.
    root = chosen.expanduser().resolve()
    return Paths(
        home=root,
        config_file=root / "config.toml",
        database=root / "turnout.db",
        backups=root / "backups",
        logs=root / "logs",
        runs=root / "runs",
        run=root / "run",
        state=root / "state",
        sockets=_socket_folder(root, root / "run", environ),
    )


def _platform_paths(environ: Mapping[str, str]) -> Paths:
    # Without appauthor=False Windows doubles the folder's name.
    dirs = platformdirs.PlatformDirs("turnout", appauthor=False, ensure_exists=False)
    data, state = dirs.user_data_path, dirs.user_state_path
    return Paths(
        home=None,
        config_file=dirs.user_config_path / "config.toml",
        database=data / "turnout.db",
        backups=data / "backups",
        logs=dirs.user_log_path,
        runs=data / "runs",
        run=state / "run",
        state=state,
        sockets=_socket_folder(state, state / "run", environ),
    )


def _socket_folder(root: Path, run: Path, environ: Mapping[str, str]) -> Path:
    """Return `run`, or a short folder named by a hash of `root` where it is too long.

    Where `XDG_RUNTIME_DIR` is not set, as in a cron job, its usual place is tried, so
    that such a program finds the gateway of the desktop session.
    """
    if sys.platform == "win32" or _fits(run):
        return run
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    usual = Path(f"/run/user/{os.getuid()}")
    given = environ.get("XDG_RUNTIME_DIR", "")
    runtime = Path(given) if given.startswith("/") else usual
    folder = runtime / "turnout" / name
    if runtime.is_dir() and _fits(folder):
        return folder
    return Path(f"/tmp/turnout-{os.getuid()}") / name  # noqa: S108 - checked below


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _LONGEST_NAME)) <= _LONGEST_SOCKET


def make_folders(paths: Paths) -> None:
    """Make every folder, and make those that are there private.

    Raises:
        PathRefused: a folder cannot be made, belongs to another user, is open for
            all to write in, is not a folder, or is the user's whole home folder.
    """
    _refuse_whole_home(paths)
    for folder in paths.folders:
        try:
            folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            if sys.platform != "win32":
                _make_private(folder)
        except OSError as error:
            raise PathRefused(
                f"Turnout cannot use the folder {folder}: {error.strerror}. It did"
                " not start. Mend the folder, or name another with TURNOUT_HOME."
            ) from None


def _refuse_whole_home(paths: Paths) -> None:
    """A home that holds other things must not be closed to everybody else."""
    home = paths.home
    if home is None or (home != Path.home().resolve() and home != Path(home.anchor)):
        return
    raise PathRefused(
        f"Turnout needs a folder of its own and {home} is not one. It did not start."
        " Name a folder inside it with TURNOUT_HOME or --home."
    )


def _make_private(folder: Path) -> None:
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode):
        # Anybody may plant a link in a shared folder such as /tmp.
        if found.st_uid != os.getuid():
            raise PathRefused(_not_yours(folder))
        found = folder.stat()
    if found.st_uid != os.getuid():
        raise PathRefused(_not_yours(folder))
    if found.st_mode & stat.S_IWOTH:
        raise PathRefused(
            f"Turnout does not use the folder {folder}, because every user may write"
            f" there. It did not start. Run `chmod 700 {folder}` if it is meant, or"
            " name another folder with TURNOUT_HOME."
        )
    if stat.S_IMODE(found.st_mode) != _PRIVATE:
        folder.chmod(_PRIVATE)


def _not_yours(folder: Path) -> str:
    return (
        f"Turnout does not use the folder {folder}, because it belongs to another"
        " user. It did not start. Run it as that user, or name another folder with"
        " TURNOUT_HOME."
    )


def keep_private() -> None:
    """Let every file this process makes from now on be for this user alone."""
    os.umask(0o077)
