"""A person's home as it is on a real machine: clients, their files, and Turnout's.

Clients and Turnout are started with a home and a path and nothing else, so whatever
points a client anywhere stands in a file that Turnout wrote.
"""

import contextlib
import hashlib
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.clients import BIN, Place, Ran, run
from e2e.gateway import SCRIPTED_KEY, TURNOUT, Row, rows_of
from e2e.house import House, house
from upstream.coding import prepare

PATH = f"{BIN}:/usr/local/bin:/usr/bin:/bin"
# A known provider at the scripted one's address; its key is in the environment.
CONFIG = """\
[gateway]
port = {port}

[[providers]]
id = "{provider}"
base_url = "{upstream}"
"""

# What the clients' own users would write to have no traffic but their own. None of it
# points a client anywhere.
QUIET_CLAUDE = """\
{
  "permissions": {"allow": ["Read(~/work/**)"]},
  "env": {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1"
  }
}
"""
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "claude-code": ("claude", "--allowedTools", "Read,Edit,Bash", "-p"),
    "codex": (
        *("codex", "exec", "--profile", "turnout"),
        "--dangerously-bypass-approvals-and-sandbox",
    ),
    "opencode": ("opencode", "run"),
}


@dataclass(frozen=True, slots=True)
class Bare(Place):
    """A place whose programs get a home, a path and nothing more."""

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """The whole environment."""
        path = f"{self.home}/.local/bin:{PATH}"
        return {"HOME": str(self.home), "PATH": path, **extra}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with clients, a Turnout of their own and a project to work on."""

    house: House
    place: Bare

    @property
    def home(self) -> Path:
        """The person's home folder."""
        return self.place.home

    def types(
        self, *words: str, limit: float = 90
    ) -> "subprocess.CompletedProcess[str]":
        """`turnout WORDS`, ended."""
        return subprocess.run(
            [str(TURNOUT), *words],
            env=self.house.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )

    def gets(self, *words: str) -> str:
        """What `turnout WORDS` says; it must succeed."""
        done = self.types(*words)
        said = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, f"turnout {' '.join(words)}\n{said}"
        return said

    def agrees(self, answers: str) -> str:
        """`turnout init --yes FILE` with these answers; it must succeed."""
        file = self.house.base / "answers.toml"
        file.write_text(answers)
        return self.gets("init", "--yes", str(file))

    def runs(
        self,
        words: tuple[str, ...],
        prompt: str,
        *,
        limit: float = 90,
        extra: Mapping[str, str] | None = None,
    ) -> Ran:
        """A client's command with a prompt, run in the project."""
        first = self.home / ".local" / "bin" / words[0]
        program = str(first if first.exists() else BIN / words[0])
        return run([program, *words[1:], prompt], self.place, extra or {}, limit)

    def events(self) -> list[Row]:
        """The record of finished requests, oldest first."""
        rows = rows_of(self.house.say("events", "--json"))
        return sorted(rows, key=lambda row: str(row["time"]))


@contextlib.contextmanager
def person(
    base: Path,
    config: str = "",
    *,
    project: str = "louder-greeting",
    variable: str = "ANTHROPIC_API_KEY",
) -> Iterator[Person]:
    """Somebody whose Turnout does not run yet; all of it ends with the block.

    `config` is the text of Turnout's own file, with `{port}` in the place of its port;
    `variable` holds the provider's key where Turnout is started.
    """
    with house(base) as made:
        home = Path(made.env["HOME"])
        made.env = {
            "HOME": str(home),
            "PATH": PATH,
            "TURNOUT_HOME": str(made.home),
            variable: SCRIPTED_KEY,
        }
        if config:
            file = made.home / "config.toml"
            file.write_text(config.replace("{port}", str(made.port)))
            file.chmod(0o600)
        place = Bare(home, base / project)
        place.project.mkdir()
        subprocess.run(["git", "init", "-q", str(place.project)], check=True)
        prepare(place.project)
        yield Person(made, place)


@dataclass(frozen=True, slots=True)
class Look:
    """One file, folder or link as it was at a moment."""

    kind: str
    mode: int
    content: str
    changed: int


def look_around(folder: Path, *leave_out: Path) -> dict[str, Look]:
    """Everything below a folder by its path there: bytes, mode and time of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if any(path == out or out in path.parents for out in leave_out):
            continue
        with contextlib.suppress(FileNotFoundError):
            found[str(path.relative_to(folder))] = _look(path)
    return found


def _look(path: Path) -> Look:
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return Look("link", mode, str(path.readlink()), status.st_mtime_ns)
    if stat.S_ISDIR(status.st_mode):
        return Look("folder", mode, "", status.st_mtime_ns)
    if not stat.S_ISREG(status.st_mode):
        return Look("other", mode, "", 0)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Look("file", mode, digest, status.st_mtime_ns)


def differing(before: Mapping[str, Look], after: Mapping[str, Look]) -> set[str]:
    """The files that came, went or changed between two looks; folders aside."""
    names = {
        name
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
    return {
        name for name in names if (after.get(name) or before[name]).kind != "folder"
    }
