"""Every client that is wired by files: wired, the same again, and as it was before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_plans import KEY, NOW, URL

from discovery.files import look_at
from discovery.findings import Reach
from discovery.surroundings import Surroundings
from proxy.catalogue import KeyRef, known_providers
from wizard.apply import AppliedClient, NotApplied, apply_client
from wizard.clients import CLIENTS
from wizard.clients.terms import ClientSetup, Situation
from wizard.formats import Format
from wizard.journal import Journal
from wizard.plan import Choice, ClientPlan, Login
from wizard.planning import plan_client
from wizard.undo import apply_undo

WIRED = [setup for setup in CLIENTS if setup.reach is Reach.WIRED_BY_FILE]
by_client = pytest.mark.parametrize("setup", WIRED, ids=lambda setup: setup.id)

# A file as somebody has it, with a byte order and blanks of his own.
THEIRS = {
    Format.JSON: b'{\r\n\t"theirs" : {"a": [1, 2]}\r\n}\r\n',
    Format.JSONC: b'// mine\n{\n  "theirs": 1, // stays\n}\n',
    Format.JSON5: b"// mine\n{\n  theirs: 'x',\n}\n",
    Format.TOML: b'# mine\ntheirs = "x"  # stays\n\n[their.table]\na = 1\n',
    Format.YAML: b"# mine\ntheirs:   x   # stays\n",
    Format.DOTENV: b"# mine\nexport THEIRS='x'\n",
}


def plan_for(setup: ClientSetup, home: Path, login: Login) -> ClientPlan:
    platform = "darwin" if setup.id == "claude-desktop" else "linux"
    surroundings = Surroundings(home, {}, platform)
    providers = tuple(
        replace(known_providers()[name], key=KeyRef("env", "EXAMPLE_KEY"))
        for name in ("anthropic", "openai", "gemini")
    )
    choice = Choice(setup.id, login=login)
    places = setup.places(surroundings, choice)
    situation = Situation(
        surroundings=surroundings,
        choice=choice,
        login=login,
        url=URL,
        key=KEY,
        command="/usr/bin/turnout",
        key_file=home / "turnout" / "key",
        providers=providers,
        files={path: look_at(path) for path in places},
    )
    return plan_client(setup, situation)


def contents(home: Path) -> dict[str, bytes | None]:
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for path in home.rglob("*")
    }


def there_and_back(setup: ClientSetup, home: Path, folder: Path, login: Login) -> None:
    before = contents(home)
    journal = Journal(folder)
    wanted = plan_for(setup, home, login)
    if not wanted.can_be_applied:
        assert login is Login.OWN, "a client that has no sign-in of its own to keep"
        assert wanted.refusals
        done = apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
        assert isinstance(done, NotApplied)
        assert contents(home) == before
        return
    done = apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
    assert isinstance(done, AppliedClient)
    wired = contents(home)
    assert wired != before
    again = plan_for(setup, home, login)
    assert not again.changes_anything
    apply_client(again, journal, now=NOW, plan_id="p", port=8787)
    assert contents(home) == wired
    (undone,) = apply_undo(journal, (setup.id,), now=NOW)
    assert undone.left == ()
    assert contents(home) == before


@by_client
@pytest.mark.parametrize("login", [Login.KEY, Login.OWN])
def test_in_an_empty_home(setup: ClientSetup, tmp_path: Path, login: Login) -> None:
    home = tmp_path / "home"
    home.mkdir()
    there_and_back(setup, home, tmp_path / "wiring", login)


@by_client
@pytest.mark.parametrize("login", [Login.KEY, Login.OWN])
def test_in_a_home_with_files(setup: ClientSetup, tmp_path: Path, login: Login) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for edit in plan_for(setup, home, login).edits:
        if not edit.whole:
            edit.path.parent.mkdir(parents=True, exist_ok=True)
            edit.path.write_bytes(THEIRS[edit.format])
    there_and_back(setup, home, tmp_path / "wiring", login)
