"""Situations for tests of what clients are told: files as text, in a home of none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from discovery.files import FileState
from discovery.surroundings import Surroundings
from proxy.catalogue import KeyRef, Provider, known_providers
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import Absent, Json, KeyPath
from wizard.plan import Choice, Login

HOME = Path("/home/ada")
KEY = "tnt_" + "example-not-a-secret-0123456789"
OWN_KEY = "not-a-secret-canary-own-key-5d1e"
URL = "http://127.0.0.1:8787"
ANTHROPIC = replace(
    known_providers()["anthropic"], key=KeyRef("env", "ANTHROPIC_API_KEY")
)


def known(name: str, kind: str = "env") -> Provider:
    """A known provider with a key of Turnout's, or with the client's login."""
    key = KeyRef("client") if kind == "client" else KeyRef("env", "SOME_KEY")
    return replace(known_providers()[name], key=key)


def situation(
    setup: ClientSetup,
    files: Mapping[str, str] | None = None,
    *,
    login: Login = Login.KEY,
    environ: Mapping[str, str] | None = None,
    platform: str = "linux",
    folder: Path | None = None,
    providers: tuple[Provider, ...] = (ANTHROPIC,),
    project: Path | None = None,
) -> Situation:
    """All that a client's module sees; names of files are below the home.

    Only files that the module's `places` name are shown to it, as in real life.
    """
    surroundings = Surroundings(HOME, environ or {}, platform, folder)
    choice = Choice(setup.id, project=project)
    given = {HOME / name: text.encode() for name, text in (files or {}).items()}
    looked = setup.places(surroundings, choice)
    unseen = set(given) - set(looked)
    assert not unseen, f"{setup.id} does not look at {unseen}"
    return Situation(
        surroundings=surroundings,
        choice=choice,
        login=login,
        url=URL,
        key=KEY,
        command="/opt/turnout/bin/turnout",
        key_file=HOME / ".local/state/turnout/keys" / setup.id,
        providers=providers,
        files={path: FileState(path, path, given.get(path)) for path in looked},
    )


def wished(wanted: Wanted) -> dict[str, dict[KeyPath, Json | Absent]]:
    """The keys that shall be ours, by the file's path."""
    return {
        str(file.path): {key.path: key.value for key in file.keys}
        for file in wanted.files
    }


def all_text(wanted: Wanted) -> str:
    """Everything a person reads of it, but not what goes into files."""
    refused = [f"{each.why} {each.todo}" for each in wanted.refusals]
    asked = [each.sentence for each in wanted.questions]
    told = [*wanted.means, wanted.without, *wanted.notes]
    return "\n".join([*refused, *asked, *told, *(step.where for step in wanted.steps)])
