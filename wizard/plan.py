"""What Turnout would change for a client, as values to look at before any yes; pure.

It must not read or write files; `wizard.apply` carries a plan out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from wizard.formats import Absent, Format, Json, KeyPath


class Login(StrEnum):
    """What the client signs in with upstream: providers' keys here, or its own."""

    KEY = "key"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a user chose for one client; `login` None is the usual one.

    `always` is Codex's explicit "always"; `free_model` lets Turnout choose the model
    where the client would ask for its dearest; `helper` lets the client fetch its key
    by a command that starts the gateway; `project` writes for one folder only;
    `over_local` is the user's yes to replacing an address that already points at a
    local gateway, which is not kept as the user's own.
    """

    client: str
    login: Login | None = None
    always: bool = False
    free_model: bool = False
    helper: bool = False
    project: Path | None = None
    over_local: bool = False


@dataclass(frozen=True, slots=True)
class KeyWish:
    """One key that shall be ours; `reason` says in a clause what it is there for.

    `secret` marks a value that is shown with its last characters only. `line` and
    `prefix` as in `wizard.formats.Edit`.
    """

    path: KeyPath
    value: Json | Absent = field(repr=False)
    reason: str = ""
    secret: bool = False
    line: bool = False
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class FileWish:
    """The keys that shall be ours in one file; it is made with 0600 if not there.

    `whole` marks a file that is ours from its first byte. `follow_links` is False for
    clients that must not find a link's target changed. `program` makes a new file 0700.
    """

    path: Path
    format: Format
    keys: tuple[KeyWish, ...]
    whole: bool = False
    follow_links: bool = True
    program: bool = False


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What happens to one key: its value before, and ours.

    A value that is secret or points at a local gateway is not kept: `before` is then
    ABSENT. `same` says that the file has our value already.
    """

    path: KeyPath
    before: Json | Absent = field(repr=False)
    after: Json | Absent = field(repr=False)
    reason: str = ""
    secret: bool = False
    line: bool = False
    prefix: str = ""
    same: bool = False


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file before and after. `before` None: there is none yet.

    `digest` is the SHA-256 of the bytes before ('' for none): it is checked again
    before anything is written.
    """

    path: Path
    real: Path
    format: Format
    before: bytes | None = field(repr=False)
    after: bytes = field(repr=False)
    digest: str
    mode: int
    changes: tuple[KeyChange, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a client cannot be wired as it is: what was found, and what to do now."""

    file: str
    why: str
    todo: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """Something only the user can answer before a client is wired.

    `key` names the field of `Choice` that says yes.
    """

    key: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something the user does by hand: where, and the text to put there."""

    where: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientCommand:
    """The client's own command that writes its file; `writes` is that file.

    It is run without a shell. `undo` is its counterpart.
    """

    words: tuple[str, ...] = field(repr=False)
    undo: tuple[str, ...]
    writes: Path


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """All that would be done for one client.

    `means` says what changes for the user, `without` what happens while Turnout is not
    running, `notes` what to mind, `undo` the command that takes it all back. With a
    refusal or an open question nothing is applied. No edit that changes a byte and no
    command: it is wired already.
    """

    client: str
    name: str
    choice: Choice
    edits: tuple[FileEdit, ...] = ()
    commands: tuple[ClientCommand, ...] = ()
    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    questions: tuple[Question, ...] = ()
    means: tuple[str, ...] = ()
    without: str = ""
    notes: tuple[str, ...] = ()
    undo: str = ""

    @property
    def changes_anything(self) -> bool:
        """Whether a file would have other bytes afterwards."""
        return bool(self.commands) or any(
            edit.before != edit.after for edit in self.edits
        )

    @property
    def can_be_applied(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.refusals and not self.questions


@dataclass(frozen=True, slots=True)
class Plan:
    """The plans of all chosen clients; `id` is a digest of all they would do.

    The id is made with a placeholder in the place of each gateway key, so the same
    choice on the same files has the same id.
    """

    id: str
    clients: tuple[ClientPlan, ...]
