"""Aider: three keys in the `.aider.conf.yml` of the home folder.

It must not touch an API key that is there: then the gateway's key is the first part of
the address's path alone. The keys are as Aider's documentation has them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients import telling
from wizard.clients.addresses import with_path_key
from wizard.clients.current import line_now, text_now, users_own, value_now
from wizard.clients.needs import Client, first_model
from wizard.clients.refusing import (
    a_folder,
    an_own_login,
    exported,
    passed_on,
    takes_logins,
)
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import ABSENT, Format
from wizard.plan import Choice, FileWish, KeyWish, Refusal

_FILE: Final = ".aider.conf.yml"
_ADDRESS: Final = "openai-api-base"
_KEY: Final = "openai-api-key"
_ALONE: Final = (
    "Where nothing listens at all, Aider tries again for a while, then shows a "
    "connection error."
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del choice
    folder = surroundings.folder
    return (_file(surroundings), *((folder / _FILE,) if folder is not None else ()))


def _file(surroundings: Surroundings) -> Path:
    return surroundings.home / _FILE


def _wanted(situation: Situation) -> Wanted:
    refusals = (
        *a_folder(situation, SETUP.name),
        *an_own_login(situation, SETUP.name),
        *exported(situation, "AIDER_OPENAI_API_BASE"),
        *_elsewhere(situation),
    )
    if refusals:
        return Wanted(refusals=refusals)
    path = _file(situation.surroundings)
    keys = _keys(situation, path)
    kept = ("The API key you have there stays as it is.",)
    return Wanted(
        files=(FileWish(path, Format.YAML, keys),),
        means=(
            (
                f"Aider asks Turnout, for {_asked(situation)}. It shows this name with "
                "openai/ before it, which says only how it is asked."
            ),
            *(kept if _has_key(situation, path) else ()),
        ),
        without=telling.without(SETUP.name, _ALONE),
        notes=(*_notes(situation, path, keys), telling.restart(SETUP.name)),
    )


def _asked(situation: Situation) -> str:
    return first_model(Client.AIDER, situation.providers)


def _keys(situation: Situation, path: Path) -> tuple[KeyWish, ...]:
    address = with_path_key(f"{situation.url}/v1", situation.key)
    key = KeyWish((_KEY,), situation.key, "it starts with some key only", True)
    return (
        KeyWish((_ADDRESS,), address, "Turnout's address, with Aider's key", True),
        *(() if _has_key(situation, path) else (key,)),
        KeyWish(("model",), f"openai/{_asked(situation)}", "the model it asks for"),
    )


def _has_key(situation: Situation, path: Path) -> bool:
    """A key in its file, or one exported for it, which wins over the file's."""
    environ = situation.surroundings.environ
    found = value_now(situation, path, Format.YAML, (_KEY,))
    return users_own(_KEY, found) or users_own(
        _KEY, environ.get("AIDER_OPENAI_API_KEY", "")
    )


def _elsewhere(situation: Situation) -> tuple[Refusal, ...]:
    """A key for another service must not reach a vendor that takes logins."""
    path = _file(situation.surroundings)
    if not takes_logins(situation) or not _has_key(situation, path):
        return ()
    address = text_now(situation, path, Format.YAML, (_ADDRESS,))
    return passed_on(situation, path, _ADDRESS, address, "openai")


def _notes(
    situation: Situation, path: Path, keys: tuple[KeyWish, ...]
) -> tuple[str, ...]:
    notes: list[str] = []
    others = ("weak-model", "editor-model")
    names = [
        name
        for name in others
        if value_now(situation, path, Format.YAML, (name,)) is not ABSENT
    ]
    if names:
        verb = "stays as it is" if len(names) == 1 else "stay as they are"
        notes.append(
            f"Your {' and '.join(names)} {verb}; requests for a model of another "
            "vendor go past Turnout."
        )
    folder = situation.surroundings.folder
    if folder is not None and folder / _FILE != path:
        for key in keys:
            name = str(key.path[0])
            found = value_now(situation, folder / _FILE, Format.YAML, key.path)
            if found is not ABSENT:
                line = line_now(situation, folder / _FILE, name)
                notes.append(
                    f"In that folder {folder / _FILE}, line {line}, wins: it sets "
                    f"{name}."
                )
    return tuple(notes)


SETUP: Final = ClientSetup("aider", "Aider", Reach.WIRED_BY_FILE, _places, _wanted)
