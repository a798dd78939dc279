"""What a person is shown of a plan and of its outcome: text only, keys masked; pure.

Shells (windows, terminal, JSON) show these values as they are. It must hold no bytes
of a file and no secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from wizard.plan import Login


class LineKind(StrEnum):
    """What a line of a difference is."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference, masked; `ours` marks a line with a key of ours.

    `before` and `after` are its numbers from 1, 0 where it is not on that side. A
    `cut` line stands for lines that are left out.
    """

    kind: LineKind
    text: str
    ours: bool = False
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class KeyView:
    """One key of ours: `env.ANTHROPIC_BASE_URL`, its values as text, and what for.

    `before` is '' where it was not there, `after` is '' where it is taken away.
    """

    name: str
    before: str
    after: str
    reason: str
    same: bool = False


@dataclass(frozen=True, slots=True)
class FileView:
    """One file: `new` says that it is made, `path` is shown with `~` for the home."""

    path: str
    new: bool
    keys: tuple[KeyView, ...]
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True)
class RefusalView:
    """Why a client stays as it is: the file, what was found, what to do now."""

    file: str
    why: str
    todo: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class QuestionView:
    """What only the user can answer; `key` is the answer's name for that client."""

    key: str
    sentence: str


@dataclass(frozen=True, slots=True)
class StepView:
    """What is done by hand."""

    where: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client's plan as it is shown before the yes.

    `ready` says that nothing stands in the way, `changes` that a file would have other
    bytes. `commands` are the client's own commands that would be run.
    """

    client: str
    name: str
    login: Login
    ready: bool
    changes: bool
    files: tuple[FileView, ...] = ()
    commands: tuple[str, ...] = ()
    steps: tuple[StepView, ...] = ()
    refusals: tuple[RefusalView, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    means: tuple[str, ...] = ()
    without: str = ""
    notes: tuple[str, ...] = ()
    undo: str = ""


@dataclass(frozen=True, slots=True)
class PlanView:
    """Everything that would happen after the yes.

    `own` are sentences about Turnout's own configuration (providers, mode, start at
    login); `backups` is the folder the way back is kept in; `undo_all` the one command
    that takes everything back. `id` is what `setup apply` takes.
    """

    id: str
    clients: tuple[ClientView, ...]
    own: tuple[str, ...] = ()
    backups: str = ""
    undo_all: str = ""
    notes: tuple[str, ...] = ()


class Applied(StrEnum):
    """How it ended for one client."""

    APPLIED = "applied"
    ALREADY = "already"
    BY_HAND = "by-hand"
    REFUSED = "refused"
    TAKEN_BACK = "taken-back"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TestStep:
    """One step of the test request: port, key, stream, tool call, route, cost.

    `ok` is None where it was not reached or cannot be told. `ms` is the time since the
    test began.
    """

    __test__ = False  # pytest takes the name for a test of its own

    name: str
    ok: bool | None
    text: str
    ms: int = 0


@dataclass(frozen=True, slots=True)
class ClientOutcome:
    """What became of one client; `sentence` and `todo` are for people.

    `steps` are what is left to do by hand, with the client's key in them.
    """

    client: str
    name: str
    state: Applied
    sentence: str
    todo: str = ""
    files: tuple[str, ...] = ()
    test: tuple[TestStep, ...] = ()
    request: str = ""
    steps: tuple[StepView, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the client is not as it was wished for."""
        return self.state in {Applied.REFUSED, Applied.TAKEN_BACK, Applied.FAILED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan; `own` are sentences about Turnout's own configuration."""

    clients: tuple[ClientOutcome, ...]
    own: tuple[str, ...] = ()
    undo_all: str = ""

    @property
    def failed(self) -> bool:
        """Whether any client is not as it was wished for."""
        return any(client.failed for client in self.clients)
