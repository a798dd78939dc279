"""Gemini CLI: its own `.env` and how it signs in.

It must not touch an API key that is there. Gemini CLI takes the address from the
environment only, and an exported `GEMINI_API_KEY` wins over the one in its `.env`; so
the gateway's key is the first part of the address's path, where nothing hides it.
Read in version 0.61.0: it reads one `.env`, its own folder's only where the user trusts
the folder he is in, and a login with a Google account ignores the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients import telling
from wizard.clients.addresses import with_path_key
from wizard.clients.current import (
    is_there,
    line_now,
    text_now,
    users_own,
    value_now,
)
from wizard.clients.needs import Client, own
from wizard.clients.refusing import a_folder, exported, passed_on, ruled
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import Format
from wizard.plan import Choice, FileWish, KeyWish, Login, Refusal

_ADDRESS: Final = "GOOGLE_GEMINI_BASE_URL"
_KEY: Final = "GEMINI_API_KEY"
_SIGNS_IN: Final = ("security", "auth", "selectedType")
_BY_KEY: Final = "gemini-api-key"
_SYSTEM: Final[Mapping[str, str]] = {
    "darwin": "/Library/Application Support/GeminiCli/settings.json",
    "win32": "C:/ProgramData/gemini-cli/settings.json",
}
_ALONE: Final = (
    "Where nothing listens at all, Gemini CLI's requests end with a connection error."
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del choice
    return (
        _env(surroundings),
        _settings(surroundings),
        _system(surroundings),
        *_of_folder(surroundings),
    )


def _home(surroundings: Surroundings) -> Path:
    named = Path(surroundings.environ.get("GEMINI_CLI_HOME", ""))
    return (named if named.is_absolute() else surroundings.home) / ".gemini"


def _env(surroundings: Surroundings) -> Path:
    return _home(surroundings) / ".env"


def _settings(surroundings: Surroundings) -> Path:
    return _home(surroundings) / "settings.json"


def _system(surroundings: Surroundings) -> Path:
    usual = _SYSTEM.get(surroundings.platform, "/etc/gemini-cli/settings.json")
    return Path(
        surroundings.environ.get("GEMINI_CLI_SYSTEM_SETTINGS_PATH", "") or usual
    )


def _of_folder(surroundings: Surroundings) -> tuple[Path, ...]:
    """The other `.env` files of a folder: the first that is there is read alone."""
    folder = surroundings.folder
    return () if folder is None else (folder / ".gemini" / ".env", folder / ".env")


def _wanted(situation: Situation) -> Wanted:
    refusals = (
        *a_folder(situation, SETUP.name),
        *exported(situation, _ADDRESS),
        *_ruled(situation),
        *_google_login(situation),
        *_elsewhere(situation),
    )
    if refusals:
        return Wanted(refusals=refusals)
    surroundings = situation.surroundings
    signs_in = KeyWish(_SIGNS_IN, _BY_KEY, "a Google login would ignore the address")
    return Wanted(
        files=(
            FileWish(_env(surroundings), Format.DOTENV, _lines(situation)),
            FileWish(_settings(surroundings), Format.JSONC, (signs_in,)),
        ),
        means=_means(situation),
        without=telling.without(SETUP.name, _ALONE),
        notes=_notes(situation),
    )


def _lines(situation: Situation) -> tuple[KeyWish, ...]:
    address = with_path_key(situation.url, situation.key)
    there = KeyWish(
        (_ADDRESS,), address, "Turnout's address, with Gemini CLI's key", True
    )
    if situation.login is Login.OWN or _has_key(situation):
        return (there,)
    key = KeyWish((_KEY,), situation.key, "it starts with some key only", True)
    return (there, key)


def _has_key(situation: Situation) -> bool:
    surroundings = situation.surroundings
    here = value_now(situation, _env(surroundings), Format.DOTENV, (_KEY,))
    return users_own(_KEY, here) or users_own(_KEY, surroundings.environ.get(_KEY, ""))


def _means(situation: Situation) -> tuple[str, ...]:
    if situation.login is Login.OWN:
        return (telling.with_its_login(SETUP.name, "Google"),)
    kept = ("The API key you have for it stays where it is.",)
    return (
        telling.with_keys(SETUP.name),
        *(kept if _has_key(situation) else ()),
        *_leaves_google(situation),
    )


def _selected(situation: Situation) -> str:
    file = _settings(situation.surroundings)
    return text_now(situation, file, Format.JSONC, _SIGNS_IN)


def _leaves_google(situation: Situation) -> tuple[str, ...]:
    if _selected(situation) in {"", _BY_KEY, "gateway"}:
        return ()
    return (
        (
            "It signs in with a key instead of your Google login; the login is kept, "
            "and is used again when this is taken back."
        ),
    )


# --- what stands in the way -----------------------------------------------------------


def _ruled(situation: Situation) -> tuple[Refusal, ...]:
    path = _system(situation.surroundings)
    for name in ("enforcedType", "selectedType"):
        keys = ("security", "auth", name)
        if text_now(situation, path, Format.JSONC, keys) not in {"", _BY_KEY}:
            return (ruled(situation, path, f"security.auth.{name}"),)
    return ()


def _elsewhere(situation: Situation) -> tuple[Refusal, ...]:
    """A key for another service must not reach Google."""
    takes = situation.login is Login.OWN or own(Client.GEMINI_CLI, situation.providers)
    if not takes or not _has_key(situation):
        return ()
    path = _env(situation.surroundings)
    address = text_now(situation, path, Format.DOTENV, (_ADDRESS,))
    return passed_on(situation, path, _ADDRESS, address, "gemini")


def _google_login(situation: Situation) -> tuple[Refusal, ...]:
    if situation.login is not Login.OWN or _has_key(situation):
        return ()
    if _selected(situation) in {"", _BY_KEY, "gateway"}:
        return ()
    path = _settings(situation.surroundings)
    return (
        Refusal(
            str(path),
            "Gemini CLI is signed in with Google, and then asks Google whatever "
            "address is set",
            "Give Gemini CLI an API key of its own (GEMINI_API_KEY), or wire it with "
            "the providers' keys in Turnout (login = key).",
            line_now(situation, path, "selectedType"),
        ),
    )


def _notes(situation: Situation) -> tuple[str, ...]:
    found = [
        f"In that folder {path} is read instead, and Gemini CLI goes past Turnout."
        for path in _of_folder(situation.surroundings)
        if is_there(situation, path) and path != _env(situation.surroundings)
    ][:1]
    if situation.login is Login.OWN and not _has_key(situation):
        found.append(
            "No GEMINI_API_KEY was seen; one that you gave Gemini CLI itself is used."
        )
    return (
        *found,
        (
            "In a folder you did not tell Gemini CLI to trust it does not read this "
            "file, and a folder's own .env is read instead of it: there it goes past "
            "Turnout."
        ),
        telling.restart(SETUP.name),
    )


SETUP: Final = ClientSetup(
    "gemini-cli", "Gemini CLI", Reach.WIRED_BY_FILE, _places, _wanted
)
