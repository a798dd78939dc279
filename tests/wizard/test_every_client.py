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
from wizard.drift import drift
from wizard.formats import Edit, Format, Item, decoded, with_edits
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


def plan_for(
    setup: ClientSetup,
    home: Path,
    login: Login,
    url: str = URL,
    *,
    always: bool = False,
) -> ClientPlan:
    platform = "darwin" if setup.id == "claude-desktop" else "linux"
    surroundings = Surroundings(home, {}, platform)
    providers = tuple(
        replace(known_providers()[name], key=KeyRef("env", "EXAMPLE_KEY"))
        for name in ("anthropic", "openai", "gemini")
    )
    choice = Choice(setup.id, login=login, always=always)
    places = setup.places(surroundings, choice)
    situation = Situation(
        surroundings=surroundings,
        choice=choice,
        login=login,
        url=url,
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


# --- wired again for another port -----------------------------------------------------

FOREIGN = "https://foreign.example/x"
MOVED = "http://127.0.0.1:9999"


def with_foreign_values(setup: ClientSetup, home: Path, login: Login) -> list[str]:
    """Give every key that a wiring would set a value of the user's, where it may."""
    given = []
    for edit in plan_for(setup, home, login).edits:
        if edit.whole or any(
            isinstance(part, Item) for c in edit.changes for part in c.path
        ):
            continue
        edit.path.parent.mkdir(parents=True, exist_ok=True)
        edit.path.write_bytes(THEIRS[edit.format])
        for change in edit.changes:
            if not isinstance(change.after, str) or change.secret:
                continue
            before = edit.path.read_bytes()
            value = FOREIGN if URL in change.after else "foreign"
            theirs = with_edits(
                edit.format, decoded(before).text, [Edit(change.path, value)]
            )
            edit.path.write_bytes(theirs.encode())
            if not plan_for(setup, home, login).can_be_applied:
                edit.path.write_bytes(before)
                continue
            given.append(value)
    return given


@by_client
@pytest.mark.parametrize("login", [Login.KEY, Login.OWN])
def test_the_users_values_outlive_another_port(
    setup: ClientSetup, tmp_path: Path, login: Login
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    given = with_foreign_values(setup, home, login)
    by_names_of_ours = {"codex", "continue"}
    assert given or login is Login.OWN or setup.id in by_names_of_ours
    before = contents(home)
    journal = Journal(tmp_path / "wiring")
    for url in (URL, MOVED, URL):
        wanted = plan_for(setup, home, login, url)
        if not wanted.can_be_applied:
            assert login is Login.OWN
            return
        done = apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
        assert isinstance(done, AppliedClient)
        assert not plan_for(setup, home, login, url).changes_anything
    (undone,) = apply_undo(journal, (setup.id,), now=NOW)
    assert undone.left == ()
    assert contents(home) == before


def test_codex_gets_its_users_address_back_when_always_ends(tmp_path: Path) -> None:
    home = tmp_path / "home"
    config = home / ".codex" / "config.toml"
    config.parent.mkdir(parents=True)
    theirs = b'# mine\r\nopenai_base_url = "https://foreign.example/x"  # stays\r\n'
    config.write_bytes(theirs)
    before = contents(home)
    (setup,) = (each for each in WIRED if each.id == "codex")
    journal = Journal(tmp_path / "wiring")
    wanted = plan_for(setup, home, Login.OWN, always=True)
    apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
    assert config.read_bytes() != theirs
    profile = plan_for(setup, home, Login.OWN)
    apply_client(profile, journal, now=NOW, plan_id="p", port=8787)
    assert config.read_bytes() == theirs, "plain codex works as before at once"
    assert not plan_for(setup, home, Login.OWN).changes_anything
    wiring = journal.current_of("codex")
    assert wiring is not None
    config.write_bytes(theirs.replace(b"foreign", b"another"))
    states = {file.path: look_at(file.path) for file in wiring.files}
    assert drift(wiring, states) == (), "that key is not ours any more"
    config.write_bytes(theirs)
    (undone,) = apply_undo(journal, ("codex",), now=NOW)
    assert undone.left == ()
    assert contents(home) == before


@pytest.mark.parametrize("there", [b"", b"# mine\n", None])
def test_codex_always_and_then_its_profile(tmp_path: Path, there: bytes | None) -> None:
    home = tmp_path / "home"
    config = home / ".codex" / "config.toml"
    config.parent.mkdir(parents=True)
    if there is not None:
        config.write_bytes(there)
    before = contents(home)
    (setup,) = (each for each in WIRED if each.id == "codex")
    journal = Journal(tmp_path / "wiring")
    for always in (True, False, True, False):
        wanted = plan_for(setup, home, Login.OWN, always=always)
        apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
    (undone,) = apply_undo(journal, ("codex",), now=NOW)
    assert undone.left == ()
    assert contents(home) == before
