"""Makes the page of what Turnout sets in each coding tool's files; writes no file.

The files and keys are those of a plan for an empty home, drawn up by the clients' own
modules, so the page cannot say anything else than what is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from discovery.files import FileState, Trouble
from discovery.findings import Reach
from discovery.surroundings import Surroundings
from proxy.catalogue import KeyRef, known_providers
from wizard.clients import CLIENTS
from wizard.clients.claude_desktop import entry_id
from wizard.clients.needs import NEEDS, Client
from wizard.clients.terms import ClientSetup, Situation
from wizard.naming import key_name
from wizard.plan import Choice, ClientPlan, Login
from wizard.planning import PLACEHOLDER, plan_client

_GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "wiring"
_HOME: Final = Path("/home/you")
_PROJECT: Final = Path("/home/you/PROJECT")
_PROGRAMS: Final = _HOME / ".local" / "bin"

REACH: Final[Mapping[Reach, str]] = {
    Reach.WIRED_BY_FILE: "Turnout sets its keys in the client's files, tests them, and "
    "takes them back",
    Reach.GUIDED: "Turnout shows what to paste, with a key made for the client",
    Reach.UNREACHABLE: "nothing on this machine can bring its requests here",
}
"""What each level means."""

REAL_TESTS: Final[Mapping[str, str]] = {
    "claude-code": "make test",
    "codex": "make test",
    "opencode": "make test-clients",
    "gemini-cli": "make test-clients",
    "qwen-code": "make test-clients",
    "continue": "make test-clients",
    "openclaw": "make test-clients",
}
"""Client to the command that wires the real program and has it do a task."""

_TEXT: Final = """\
`turnout integrate CLIENT` sets these keys and no others. The levels:"""

_HOW: Final = """\
*Pairs* are files before and after that tests compare, byte for byte: empty, rich with
comments, of another router, with other line ends, broken and more. *Real program* names
the command whose tests wire the program itself in a home of its own, have it do a task
with a tool, and take it back."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of wiring a client, as it is asked for."""

    words: str
    choice: Choice


def wiring_page(made: str) -> str:
    """Return the page; `made` is the sentence that says who writes it."""
    parts = ["# What is set in coding tools", "", made, "", _TEXT, ""]
    parts += [f"- *{reach}*: {meaning}." for reach, meaning in REACH.items()]
    parts += ["", _HOW, "", *_overview()]
    for setup in CLIENTS:
        parts += ["", *_client(setup)]
    return "\n".join(parts) + "\n"


def _overview() -> Iterator[str]:
    yield "| client | level | its own login goes to | pairs | real program |"
    yield "| --- | --- | --- | --- | --- |"
    for setup in CLIENTS:
        own = ", ".join(f"`{name}`" for name in _logins(setup)) or "not passed on"
        if setup.reach is not Reach.WIRED_BY_FILE:
            own = "-"
        real = REAL_TESTS.get(setup.id)
        cells = (
            f"[{setup.name}](#{setup.id})",
            f"*{setup.reach}*",
            own,
            str(pairs(setup.id)) if pairs(setup.id) else "-",
            f"`{real}`" if real else "not tried",
        )
        yield f"| {' | '.join(cells)} |"


def pairs(client: str) -> int:
    """Return how many files before and after the tests compare for a client."""
    folder = _GOLDEN / client
    return sum(each.is_dir() for each in folder.iterdir()) if folder.is_dir() else 0


def _logins(setup: ClientSetup) -> tuple[str, ...]:
    return NEEDS[Client(setup.id)].own if setup.id in set(Client) else ()


def _client(setup: ClientSetup) -> Iterator[str]:
    yield f"## {setup.id}"
    yield ""
    match setup.reach:
        case Reach.WIRED_BY_FILE:
            yield from _wired(setup)
        case Reach.GUIDED:
            yield f"{setup.name} is set up by hand, in these places:"
            yield ""
            plan = plan_for(setup, _Way("", Choice(setup.id)).choice)
            yield from (f"- {step.where}" for step in plan.steps)
        case Reach.UNREACHABLE:
            plan = plan_for(setup, Choice(setup.id))
            yield from (f"{setup.name}: {each.why}." for each in plan.refusals)


def _wired(setup: ClientSetup) -> Iterator[str]:
    yield "| asked for | file | key | what for |"
    yield "| --- | --- | --- | --- |"
    for way in _ways(setup):
        plan = plan_for(setup, way.choice)
        told = f"`{way.words}`" if way.words else "by itself"
        for edit in plan.edits:
            for change in edit.changes:
                # Claude Desktop's entry has a number made of the home folder's name.
                name = key_name(change.path).replace(entry_id(_HOME), "ENTRY")
                file = _shown(edit.path).replace(entry_id(_HOME), "ENTRY")
                yield f"| {told} | `{file}` | `{name}` | {change.reason} |"


def _ways(setup: ClientSetup) -> Iterator[_Way]:
    plain = Choice(setup.id)
    if not _logins(setup):
        yield _Way("", plain)
    else:
        yield _Way("--login key", replace(plain, login=Login.KEY))
        yield _Way("--login own", replace(plain, login=Login.OWN))
    more = {
        "claude-code": (
            _Way("--free-model", replace(plain, free_model=True)),
            _Way("--helper", replace(plain, helper=True)),
            _Way("--project PROJECT", replace(plain, project=_PROJECT)),
        ),
        "codex": (
            _Way("--always", replace(plain, always=True)),
            _Way("--helper", replace(plain, helper=True)),
        ),
        "opencode": (_Way("--project PROJECT", replace(plain, project=_PROJECT)),),
    }
    yield from more.get(setup.id, ())


def plan_for(setup: ClientSetup, choice: Choice) -> ClientPlan:
    """Return the plan for a home with no settings of that client in it."""
    login = choice.login or Login.KEY
    # There is no Claude Desktop for Linux.
    platform = "darwin" if setup.id == "claude-desktop" else "linux"
    around = Surroundings(_HOME, {}, platform, choice.project)
    key = KeyRef("client") if login is Login.OWN else KeyRef("env", "KEY")
    names = _logins(setup) if login is Login.OWN else ("anthropic",)
    situation = Situation(
        surroundings=around,
        choice=choice,
        login=login,
        url="http://127.0.0.1:8787",
        key=PLACEHOLDER,
        command="turnout",
        key_file=_HOME / ".local" / "state" / "turnout" / "keys" / setup.id,
        providers=tuple(replace(known_providers()[name], key=key) for name in names),
        files={path: _nothing(path) for path in setup.places(around, choice)},
    )
    return plan_client(setup, situation)


def _nothing(path: Path) -> FileState:
    trouble = Trouble.NOT_A_FILE if path == _PROGRAMS else Trouble.NONE
    return FileState(path, path, None, trouble=trouble)


def _shown(path: Path) -> str:
    if path.is_relative_to(_PROJECT):
        return str(path.relative_to(_PROJECT.parent))
    return f"~/{path.relative_to(_HOME)}" if path.is_relative_to(_HOME) else str(path)
