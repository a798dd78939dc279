"""Qwen Code: its own `.env` and how it signs in.

It must not touch an API key that is there. An exported `OPENAI_API_KEY` wins over the
one in its `.env`; so the gateway's key is the first part of the address's path, where
nothing hides it. Tried with version 0.15.10: a model named in its settings wins over
`OPENAI_MODEL`, and one of `modelProviders` brings an address that wins too. It writes
its settings anew when they are of an older form.
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
from wizard.clients.needs import Client, first_model
from wizard.clients.refusing import (
    a_folder,
    an_own_login,
    exported,
    passed_on,
    ruled,
    takes_logins,
)
from wizard.clients.seen import folder_of
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import ABSENT, Format
from wizard.plan import Choice, FileWish, KeyWish, Refusal

_ADDRESS: Final = "OPENAI_BASE_URL"
_KEY: Final = "OPENAI_API_KEY"
_MODEL: Final = "OPENAI_MODEL"
_BY_KEY: Final = "openai"
_SIGNS_IN: Final = ("security", "auth", "selectedType")
_SYSTEM: Final[Mapping[str, str]] = {
    "darwin": "/Library/Application Support/QwenCode/settings.json",
    "win32": "C:/ProgramData/qwen-code/settings.json",
}
_ALONE: Final = (
    "Where nothing listens at all, Qwen Code's requests end with a connection error."
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del choice
    return (
        _env(surroundings),
        _settings(surroundings),
        _system(surroundings),
        *_of_folder(surroundings),
    )


def _env(surroundings: Surroundings) -> Path:
    return folder_of(surroundings, "QWEN_HOME", ".qwen") / ".env"


def _settings(surroundings: Surroundings) -> Path:
    return folder_of(surroundings, "QWEN_HOME", ".qwen") / "settings.json"


def _system(surroundings: Surroundings) -> Path:
    usual = _SYSTEM.get(surroundings.platform, "/etc/qwen-code/settings.json")
    return Path(surroundings.environ.get("QWEN_CODE_SYSTEM_SETTINGS_PATH", "") or usual)


def _of_folder(surroundings: Surroundings) -> tuple[Path, ...]:
    """The other `.env` files of a folder: the first that is there is read alone."""
    folder = surroundings.folder
    return () if folder is None else (folder / ".qwen" / ".env", folder / ".env")


def _wanted(situation: Situation) -> Wanted:
    refusals = (
        *a_folder(situation, SETUP.name),
        *an_own_login(situation, SETUP.name),
        *exported(situation, _ADDRESS),
        *_ruled(situation),
        *_elsewhere(situation),
    )
    if refusals:
        return Wanted(refusals=refusals)
    surroundings = situation.surroundings
    settings = (
        KeyWish(_SIGNS_IN, _BY_KEY, "it asks the address in its .env"),
        *_chosen_model(situation),
    )
    return Wanted(
        files=(
            FileWish(_env(surroundings), Format.DOTENV, _lines(situation)),
            FileWish(_settings(surroundings), Format.JSONC, settings),
        ),
        means=_means(situation),
        without=telling.without(SETUP.name, _ALONE),
        notes=_notes(situation),
    )


def _asked(situation: Situation) -> str:
    return first_model(Client.QWEN_CODE, situation.providers)


def _lines(situation: Situation) -> tuple[KeyWish, ...]:
    address = with_path_key(f"{situation.url}/v1", situation.key)
    key = KeyWish((_KEY,), situation.key, "it starts with some key only", True)
    return (
        KeyWish((_ADDRESS,), address, "Turnout's address, with Qwen Code's key", True),
        *(() if _has_key(situation) else (key,)),
        KeyWish((_MODEL,), _asked(situation), "the model it asks for"),
    )


def _has_key(situation: Situation) -> bool:
    """A key in its `.env`, in the environment, or in its settings' own places."""
    surroundings = situation.surroundings
    settings = _settings(surroundings)
    found = (
        value_now(situation, _env(surroundings), Format.DOTENV, (_KEY,)),
        surroundings.environ.get(_KEY, ""),
        value_now(situation, settings, Format.JSONC, ("env", _KEY)),
        value_now(situation, settings, Format.JSONC, ("security", "auth", "apiKey")),
    )
    return any(users_own(_KEY, value) for value in found)


def _chosen_model(situation: Situation) -> tuple[KeyWish, ...]:
    """A model chosen in its settings wins over the environment's name."""
    path = _settings(situation.surroundings)
    if value_now(situation, path, Format.JSONC, ("model", "name")) is ABSENT:
        return ()
    reason = "a model named here wins over the one in .env"
    return (KeyWish(("model", "name"), _asked(situation), reason),)


def _listed(situation: Situation) -> frozenset[str]:
    path = _settings(situation.surroundings)
    found = value_now(situation, path, Format.JSONC, ("modelProviders", _BY_KEY))
    entries = found if isinstance(found, list) else []
    names = (entry.get("id") for entry in entries if isinstance(entry, dict))
    return frozenset(name for name in names if isinstance(name, str))


def _means(situation: Situation) -> tuple[str, ...]:
    kept = ("The API key you have for it stays where it is.",)
    path = _settings(situation.surroundings)
    before = value_now(situation, path, Format.JSONC, _SIGNS_IN)
    login = ("It no longer uses its Qwen login, until this is taken back.",)
    return (
        telling.with_keys(SETUP.name),
        *(kept if _has_key(situation) else ()),
        *(login if before == "qwen-oauth" else ()),
    )


# --- what stands in the way -----------------------------------------------------------


def _ruled(situation: Situation) -> tuple[Refusal, ...]:
    """What wins over us: the administrator's file, and a name in a list of models."""
    path = _system(situation.surroundings)
    if text_now(situation, path, Format.JSONC, _SIGNS_IN) not in {"", _BY_KEY}:
        return (ruled(situation, path, "security.auth.selectedType"),)
    if _asked(situation) not in _listed(situation):
        return ()
    path = _settings(situation.surroundings)
    return (
        Refusal(
            str(path),
            f"modelProviders has a model named {_asked(situation)} with an address of "
            "its own, which wins over Turnout's",
            "Take that entry out or give it another id, then try again.",
            line_now(situation, path, f'"{_asked(situation)}"'),
        ),
    )


def _elsewhere(situation: Situation) -> tuple[Refusal, ...]:
    """A key for another service must not reach a vendor that takes logins."""
    if not takes_logins(situation) or not _has_key(situation):
        return ()
    path = _env(situation.surroundings)
    address = text_now(situation, path, Format.DOTENV, (_ADDRESS,))
    return passed_on(situation, path, _ADDRESS, address, "openai")


def _notes(situation: Situation) -> tuple[str, ...]:
    environ = situation.surroundings.environ
    found = [
        f"In that folder {path} is read instead, and Qwen Code goes past Turnout."
        for path in _of_folder(situation.surroundings)
        if is_there(situation, path) and path != _env(situation.surroundings)
    ][:1]
    if environ.get(_MODEL, _asked(situation)) != _asked(situation):
        found.append(f"{_MODEL} is set in the environment: that name is asked for.")
    if any(environ.get(name) for name in ("HTTPS_PROXY", "https_proxy")):
        found.append(
            "HTTPS_PROXY is set, and Qwen Code uses that proxy for this machine too, "
            "whatever NO_PROXY says: take it out where you start Qwen Code."
        )
    return (
        *found,
        "A folder's own .env is read instead of this file, if there is one.",
        telling.restart(SETUP.name),
    )


SETUP: Final = ClientSetup(
    "qwen-code", "Qwen Code", Reach.WIRED_BY_FILE, _places, _wanted
)
