"""Aider: three keys in the `.aider.conf.yml` of the home folder.

It must not touch an API key that is there: then the gateway's key is the first part of
the address's path alone. The keys are as Aider's documentation has them, and so is what
wins: variables, which it also takes from `.env` files, over `.aider.conf.yml`.
"""

from __future__ import annotations

from collections.abc import Iterator
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
_EXPORTED: Final = "AIDER_OPENAI_API_BASE"
_EXPORTED_KEY: Final = "AIDER_OPENAI_API_KEY"
_EXPORTED_MODEL: Final = "AIDER_MODEL"
_ALONE: Final = (
    "Where nothing listens at all, Aider tries again for a while, then shows a "
    "connection error."
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del choice
    folder = _folder(surroundings)
    there = () if folder is None else (folder / _FILE, folder / ".env")
    return (_file(surroundings), _variables(surroundings), *there)


def _folder(surroundings: Surroundings) -> Path | None:
    """The folder with files of its own; the home's are the user's."""
    folder = surroundings.folder
    return None if folder == surroundings.home else folder


def _file(surroundings: Surroundings) -> Path:
    return surroundings.home / _FILE


def _variables(surroundings: Surroundings) -> Path:
    """Variables that Aider sets itself, as if they were exported."""
    return surroundings.home / ".env"


def _wanted(situation: Situation) -> Wanted:
    refusals = (
        *a_folder(situation, SETUP.name),
        *an_own_login(situation, SETUP.name),
        *exported(situation, _EXPORTED),
        *_set(situation),
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
    surroundings = situation.surroundings
    variables = _variables(surroundings)
    found = (
        value_now(situation, path, Format.YAML, (_KEY,)),
        value_now(situation, variables, Format.DOTENV, (_EXPORTED_KEY,)),
        surroundings.environ.get(_EXPORTED_KEY, ""),
    )
    return any(users_own(_KEY, value) for value in found)


def _set(situation: Situation) -> tuple[Refusal, ...]:
    """Another address in the home folder's variables wins over its own file."""
    path = _variables(situation.surroundings)
    address = text_now(situation, path, Format.DOTENV, (_EXPORTED,))
    if not address or address.startswith(situation.url):
        return ()
    return (
        Refusal(
            str(path),
            f"{_EXPORTED} is set there, and wins over Aider's own file",
            "Remove that line, then try again.",
            line_now(situation, path, _EXPORTED),
        ),
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
    surroundings = situation.surroundings
    variables = _variables(surroundings)
    named = text_now(situation, variables, Format.DOTENV, (_EXPORTED_MODEL,))
    if named or surroundings.environ.get(_EXPORTED_MODEL):
        notes.append(f"{_EXPORTED_MODEL} is set: that model is asked for.")
    notes += _of_folder(situation, keys)
    return tuple(notes)


def _of_folder(situation: Situation, keys: tuple[KeyWish, ...]) -> Iterator[str]:
    """Say what a folder's own two files set otherwise."""
    folder = _folder(situation.surroundings)
    if folder is None:
        return
    looked = [(folder / _FILE, Format.YAML, str(key.path[0])) for key in keys]
    looked += [
        (folder / ".env", Format.DOTENV, name)
        for name in (_EXPORTED, _EXPORTED_KEY, _EXPORTED_MODEL)
    ]
    for path, fmt, name in looked:
        if value_now(situation, path, fmt, (name,)) is not ABSENT:
            line = line_now(situation, path, name)
            yield f"In that folder {path}, line {line}, wins: it sets {name}."


SETUP: Final = ClientSetup("aider", "Aider", Reach.WIRED_BY_FILE, _places, _wanted)
