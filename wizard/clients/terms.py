"""What a client's module is handed and what it answers; values only, pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from discovery.files import FileState
from discovery.findings import Reach
from discovery.surroundings import Surroundings
from proxy.catalogue import Provider
from wizard.plan import (
    Choice,
    ClientCommand,
    FileWish,
    Login,
    Question,
    Refusal,
    Step,
)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a client's module may decide by.

    `url` is the gateway's address without a path (`http://127.0.0.1:8787`), `key` the
    client's gateway key or its placeholder, `command` the full path of `turnout`,
    `key_file` a 0600 file of ours that holds the key for clients that can read one.
    `providers` are those the configuration has or will have after this plan. `files`
    are the states of the paths that the module's `places` named. `home` is Turnout's
    own folder where it is not the usual one: a command that a client runs has to name
    it. `older_is_ours` is False where a gateway key stands in the files that this
    Turnout never made.
    """

    surroundings: Surroundings
    choice: Choice
    login: Login
    url: str
    key: str = field(repr=False)
    command: str
    key_file: Path
    providers: tuple[Provider, ...]
    files: Mapping[Path, FileState] = field(repr=False)
    home: Path | None = None
    older_is_ours: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client's module asks for; the planner makes edits of it."""

    files: tuple[FileWish, ...] = ()
    commands: tuple[ClientCommand, ...] = ()
    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    questions: tuple[Question, ...] = ()
    means: tuple[str, ...] = ()
    without: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientSetup:
    """One client as the wizard knows it.

    `places` names the files that decide (ours to be, and those that may win over
    them); `wanted` is pure and sees them in the `Situation`.
    """

    id: str
    name: str
    reach: Reach
    places: Callable[[Surroundings, Choice], tuple[Path, ...]]
    wanted: Callable[[Situation], Wanted]
