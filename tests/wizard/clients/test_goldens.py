"""Every wired client's files before and after, as folders under tests/golden/wiring.

A case is a folder `wiring/CLIENT/CASE`. `before.EXT` is the client's first place (see
its `places`), `before.NAME` another of its files by its name without a leading dot;
`after...` is what it becomes, or `refused.txt` and `asked.txt` are what stands in the
way. `case.toml`, where there is one, says how it was asked:

    login = "own"         # the login the planner found usual; "key" without it
    chosen = true         # and the user said so himself
    helper = true         # as always, free_model and over_local: see `Choice`
    project = "~/work"    # the folder it is wired for alone
    folder = "~/work"     # the folder the user named
    platform = "darwin"
    providers = ["anthropic=client", "openai=env:KEY"]
    folders = ["~/.local/bin"]           # folders that are there
    [environ]                            # the environment, `~` is the home
    [files]                              # names for files whose own would not do
    project = "~/work/.claude/settings.json"
    [trouble]                            # what is wrong with a file as such
    before = "hard-link"

`--update-golden` writes what is expected anew.
"""

from __future__ import annotations

import importlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from golden_files import Golden

from discovery.files import FileState, Trouble
from discovery.findings import Reach
from discovery.surroundings import Surroundings
from proxy.catalogue import KeyRef, Provider, known_providers
from proxy.catalogue.keyref import parse_key
from wizard.clients.terms import ClientSetup, Situation
from wizard.formats import Format
from wizard.plan import Choice, ClientPlan, Login
from wizard.planning import plan_client

ROOT = Path(__file__).resolve().parents[2] / "golden" / "wiring"
HOME = Path("/home/somebody")
KEY = "tnt_exampleKeyOfTheGoldensNotASecret000000000000000000"
URL = "http://127.0.0.1:8787"
FOLDERS = sorted(path for path in ROOT.glob("*/*") if path.is_dir())
CLIENTS = sorted(path.name for path in ROOT.iterdir() if path.is_dir())
ENOUGH = 12


def setup_of(client: str) -> ClientSetup:
    """Return the client's module's own word; a module is named after its client."""
    name = client.replace("-", "_")
    # `continue` is a word of the language.
    name += "_" if name == "continue" else ""
    found: ClientSetup = importlib.import_module(f"wizard.clients.{name}").SETUP
    return found


@dataclass(frozen=True, slots=True)
class Case:
    """One folder as values; `names` is what each file is called in the folder."""

    setup: ClientSetup
    situation: Situation
    names: Mapping[Path, str]


def at_home(text: str) -> Path:
    """Return the path that `~/...` or an absolute path names."""
    return HOME / text[2:] if text.startswith("~/") else Path(text)


def providers_of(words: list[str]) -> tuple[Provider, ...]:
    found = []
    for word in words:
        name, _, key = word.partition("=")
        ref = parse_key(key or "env:KEY")
        assert isinstance(ref, KeyRef)
        found.append(replace(known_providers()[name], key=ref))
    return tuple(found)


def read(folder: Path) -> Case:
    """Return the case a folder tells."""
    file = folder / "case.toml"
    said = tomllib.loads(file.read_text()) if file.exists() else {}
    setup = setup_of(folder.parent.name)
    login = Login(said.get("login", "key"))
    choice = Choice(
        client=setup.id,
        login=login if said.get("chosen") else None,
        always=said.get("always", False),
        free_model=said.get("free_model", False),
        helper=said.get("helper", False),
        project=at_home(said["project"]) if "project" in said else None,
        over_local=said.get("over_local", False),
    )
    environ = {
        name: value.replace("~", str(HOME))
        for name, value in said.get("environ", {}).items()
    }
    where = at_home(said["folder"]) if "folder" in said else None
    around = Surroundings(HOME, environ, said.get("platform", "linux"), where)
    names = names_of(setup, around, choice, said.get("files", {}))
    situation = Situation(
        surroundings=around,
        choice=choice,
        login=login,
        url=URL,
        key=KEY,
        command="/opt/turnout/turnout",
        key_file=HOME / ".local" / "state" / "turnout" / "keys" / setup.id,
        providers=providers_of(said.get("providers", ["anthropic"])),
        files=states(folder, names, said),
    )
    return Case(setup, situation, names)


def names_of(
    setup: ClientSetup,
    around: Surroundings,
    choice: Choice,
    given: Mapping[str, str],
) -> dict[Path, str]:
    """Return how the folder calls each of the client's places."""
    named = {at_home(path): f".{name}" for name, path in given.items()}
    found: dict[Path, str] = {}
    for number, path in enumerate(setup.places(around, choice)):
        plain = PurePosixPath(path.name).name.lstrip(".")
        usual = Path(plain).suffix or f".{plain}" if number == 0 else f".{plain}"
        extension = Path(path.name).suffix
        name = f"{named[path]}{extension}" if path in named else usual
        assert name not in found.values(), f"name {path} in case.toml's [files]"
        found[path] = name
    return found


def states(
    folder: Path, names: Mapping[Path, str], said: Mapping[str, Any]
) -> dict[Path, FileState]:
    found = {}
    there = {at_home(path) for path in said.get("folders", [])}
    for path, name in names.items():
        file = folder / f"before{name}"
        data = file.read_bytes() if file.exists() else None
        mode = None if data is None else 0o600
        trouble = Trouble(said.get("trouble", {}).get(f"before{name}", "none"))
        if path in there:
            trouble = Trouble.NOT_A_FILE
        found[path] = FileState(path, path, data, mode, trouble=trouble)
    return found


def shown(plan: ClientPlan) -> Iterator[tuple[str, str]]:
    """What stands in the way, as text for the folder."""
    if plan.refusals:
        told = [
            f"{each.file}, line {each.line}\n{each.why}\n{each.todo}\n"
            for each in plan.refusals
        ]
        yield "refused.txt", "\n".join(told)
    if plan.questions:
        told = [f"{each.key}\n{each.sentence}\n" for each in plan.questions]
        yield "asked.txt", "\n".join(told)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_clients_files_become_what_is_written_down(
    golden: Golden, folder: Path, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--update-golden", default=False):
        for file in (*folder.glob("after*"), *folder.glob("*.txt")):
            file.unlink()
    case = read(folder)
    plan = plan_client(case.setup, case.situation)
    place = f"wiring/{folder.parent.name}/{folder.name}"
    expected = set()
    for file in (*folder.glob("before*"), *folder.glob("case.toml")):
        golden.check(f"{place}/{file.name}", file.read_bytes())
        expected.add(file.name)
    assert expected <= {"case.toml", *(f"before{name}" for name in case.names.values())}
    for name, text in shown(plan):
        golden.check(f"{place}/{name}", text.encode())
        expected.add(name)
    if not plan.refusals:
        for edit in plan.edits:
            name = f"after{case.names[edit.path]}"
            golden.check(f"{place}/{name}", edit.after)
            expected.add(name)
    assert {file.name for file in folder.iterdir()} == expected
    if not plan.refusals:
        sound(plan, case)


def sound(plan: ClientPlan, case: Case) -> None:
    """What holds for every plan: it is read back, and done twice it is done once."""
    for edit in plan.edits:
        read_back(edit.format, edit.after)
        for change in edit.changes:
            assert change.secret or KEY not in json.dumps(change.after)
        assert KEY not in repr(edit)
    files = dict(case.situation.files)
    for edit in plan.edits:
        files[edit.path] = replace(
            files[edit.path], data=edit.after, mode=edit.mode, trouble=Trouble.NONE
        )
    again = plan_client(case.setup, replace(case.situation, files=files))
    assert again.refusals == ()
    assert again.questions == ()
    assert not again.changes_anything or again.commands


def read_back(fmt: Format, data: bytes) -> None:
    """Read a file with a reader that is none of ours, where there is one."""
    text = data.decode("utf-8-sig")
    match fmt:
        case Format.JSON:
            json.loads(text)
        case Format.TOML:
            tomllib.loads(text)
        case _:
            assert text


@pytest.mark.parametrize("client", CLIENTS)
def test_every_wired_client_has_enough_cases(client: str) -> None:
    if setup_of(client).reach is Reach.WIRED_BY_FILE:
        assert len([path for path in FOLDERS if path.parent.name == client]) >= ENOUGH
