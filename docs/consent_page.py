"""Makes the pages of consents and of the doctor's codes; writes no file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.doctor.codes import CODES
from proxy.ledger.rows import ConsentKind

_GUIDE: Final = Path(__file__).resolve().parent / "guide" / "doctor"

_TEXT: Final = """\
What you agreed to is on record, oldest first: `turnout consents` lists it. An entry
is never changed or removed; taking it back (`turnout consents revoke N`) is an entry
of its own. Each entry holds the hash of the one before it, so a change from outside
shows: the list, and `turnout doctor`, say from which entry on. The newest entry's
number and hash are also kept in `backups/wiring/consents.head`, so that entries which
were cut off at the end show too. No entry holds a key."""

KINDS: Final[Mapping[ConsentKind, tuple[str, str]]] = {
    ConsentKind.WIRE_CLIENT: (
        "Turnout's own keys may stand in the client's files that are named",
        "the files go back (`turnout undo`), the client's gateway key ends",
    ),
    ConsentKind.USE_KEY: (
        "`config.toml` may name the place of a key that was found",
        "`config.toml` does not name it any more; the key stays where it is",
    ),
    ConsentKind.USE_SERVER: (
        "requests may go to a model server that was found",
        "its entry leaves `config.toml`; one with more in it is named, for you to do",
    ),
    ConsentKind.USE_LOGIN: (
        "a connected client's own login may be passed on to its provider",
        "its entry leaves `config.toml`; one with more in it is named, for you to do",
    ),
    ConsentKind.START_AT_LOGIN: (
        "Turnout may start when you log in",
        "it does not start at login any more: what was written for that is removed",
    ),
    ConsentKind.DOCKER: (
        "Docker may be asked for its containers",
        "nothing: `turnout discover --docker` agrees once, for that look alone",
    ),
    ConsentKind.SHELL_FILES: (
        "shells' start-up files may be read",
        "nothing: `--shell-files` agrees once, for that look alone",
    ),
    ConsentKind.KEYRING_MOVE: (
        "a key that was found may be copied into the system keyring",
        "nothing by itself: remove the entry in the keyring to end its use",
    ),
    ConsentKind.QUIT_CHOICE: (
        "what happens to connected clients when you quit",
        "nothing by itself: `turnout quit choice ask` asks again",
    ),
}
"""What each kind allows, and what taking it back does."""


def consents_page(made: str) -> str:
    """Return the page of kinds; `made` is the sentence that says who writes it."""
    parts = ["# Consents", "", made, "", _TEXT, ""]
    parts += ["| kind | what it allows | what taking it back does |"]
    parts += ["| --- | --- | --- |"]
    parts += [f"| `{kind}` | {may} | {ends} |" for kind, (may, ends) in KINDS.items()]
    return "\n".join(parts) + "\n"


def doctor_page(made: str) -> str:
    """Return the page of the doctor's codes, each with the title of its own page."""
    parts = ["# The doctor's codes", "", made, ""]
    parts += [
        "`turnout doctor` looks at each of these. A code is stable: pages, scripts"
    ]
    parts += ["and reports name it. Its page has symptom, cause and fix.", ""]
    parts += ["| code | what is looked at | page |", "| --- | --- | --- |"]
    parts += [
        f"| `{code}` | {name} | [{_title(code)}](../guide/doctor/{code}.md) |"
        for code, name in CODES.items()
    ]
    return "\n".join(parts) + "\n"


def _title(code: str) -> str:
    first = (_GUIDE / f"{code}.md").read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# ").strip()
