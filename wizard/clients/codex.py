"""Codex: a profile file of its own, or one root key where the user said "always"; pure.

Tried with version 0.169.0. It must never set `model_provider` in `config.toml`: Codex
then shows none of the chats it had before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from discovery.files import Trouble
from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients import telling
from wizard.clients.addresses import local_address, ours, with_path_key
from wizard.clients.needs import PRACTICE_MODEL, Client, first_model
from wizard.clients.seen import (
    folder_of,
    line_of,
    shown_path,
    text_of,
    value_in,
    words_in,
)
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import ABSENT, Absent, Format, Json
from wizard.plan import Choice, FileWish, KeyWish, Login, Refusal

CODEX_MODEL: Final = "turnout-code"
"""A name Codex does not know: it keeps its tools in the plain form."""

LAUNCHER: Final = '#!/bin/sh\nexec codex --profile turnout "$@"\n'
"""What is typed instead of `codex` to start it with the profile."""

_NAME: Final = "Codex"
_OWN: Final = "turnout"
_BUILT_IN: Final = "openai"
_PROVIDER: Final = ("model_providers", _OWN)
_VENDOR: Final = re.compile(r"https://(?:[\w-]+\.)*(?:openai|chatgpt)\.com(?:[:/]|$)")


def _config(surroundings: Surroundings) -> Path:
    return folder_of(surroundings, "CODEX_HOME", ".codex") / "config.toml"


def _profile(surroundings: Surroundings) -> Path:
    return _config(surroundings).with_name("turnout.config.toml")


def _programs(surroundings: Surroundings) -> Path:
    return surroundings.home / ".local" / "bin"


def places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    """Return its two files, and the folder and name of the launcher."""
    del choice
    programs = _programs(surroundings)
    return (
        _config(surroundings),
        _profile(surroundings),
        programs,
        programs / "codex-turnout",
    )


def wanted(situation: Situation) -> Wanted:
    """Return the profile, or with `always` the one key in the user's own file."""
    if situation.choice.project is not None:
        return _no_project(situation.choice.project)
    if situation.choice.always:
        return _always(situation)
    if refusals := (*_taken(situation), *_elsewhere(situation)):
        return Wanted(refusals=refusals)
    launcher = _launcher(situation)
    profile = _profile_wish(situation)
    left = _no_longer_always(situation)
    typed = "codex-turnout" if launcher and _on_path(situation) else None
    return Wanted(
        files=(profile, *left, *launcher),
        means=(
            _means(situation.login),
            (
                f"`{typed or 'codex --profile turnout'}` goes through Turnout; `codex` "
                "alone works as before."
            ),
        ),
        without=_WITHOUT,
        notes=tuple(_profile_notes(situation, launcher)),
    )


# --- the profile ----------------------------------------------------------------------


def _profile_wish(situation: Situation) -> FileWish:
    path = _profile(situation.surroundings)
    if situation.login is Login.OWN:
        keys = tuple(_own_keys(situation))
    else:
        keys = tuple(_provider_keys(situation))
    held = value_in(situation.files, path, Format.TOML, ())
    if not _has_more(held):
        return FileWish(path, Format.TOML, keys, whole=True)
    stale = (
        KeyWish(old, ABSENT, "an older wiring's")
        for old in (("openai_base_url",), ("model_provider",), ("model",), _table(held))
        if value_in(situation.files, path, Format.TOML, old) is not ABSENT
        and not any(key.path[: len(old)] == old for key in keys)
    )
    return FileWish(path, Format.TOML, (*stale, *keys))


def _taken(situation: Situation) -> tuple[Refusal, ...]:
    """Refuse where somebody else has a profile of our name."""
    path = _profile(situation.surroundings)
    text = text_of(situation.files, path)
    if not text.strip() or ours(text):
        return ()
    held = value_in(situation.files, path, Format.TOML, _PROVIDER)
    address = held.get("base_url") if isinstance(held, dict) else None
    if address is not None and local_address(address):
        return ()
    return (
        Refusal(
            str(path),
            "there is a profile of this name already, and it is not Turnout's",
            "Give it another name (the profile's name is the file's), then try again.",
        ),
    )


def _own_keys(situation: Situation) -> Iterator[KeyWish]:
    config = _config(situation.surroundings)
    root = value_in(situation.files, config, Format.TOML, ("model_provider",))
    yield _base_url(situation)
    if root is not ABSENT and root != _BUILT_IN:
        # A root provider of another name would take the requests past the address.
        yield KeyWish(
            ("model_provider",), _BUILT_IN, "this profile uses the built-in provider"
        )


def _base_url(situation: Situation) -> KeyWish:
    return KeyWish(
        ("openai_base_url",),
        with_path_key(f"{situation.url}/v1", situation.key),
        "requests come to Turnout, which knows Codex by the key in the path",
        secret=True,
    )


def _provider_keys(situation: Situation) -> Iterator[KeyWish]:
    model = first_model(Client.CODEX, situation.providers)
    yield KeyWish(
        ("model",),
        CODEX_MODEL if model == PRACTICE_MODEL else model,
        "a model that can be asked for there",
    )
    # A root key goes to the top: the file is known for ours by its first line.
    yield KeyWish(("model_provider",), _OWN, "this profile uses Turnout")
    yield KeyWish((*_PROVIDER, "name"), "Turnout", "its name in Codex")
    yield KeyWish(
        (*_PROVIDER, "base_url"), f"{situation.url}/v1", "requests come to Turnout"
    )
    yield KeyWish((*_PROVIDER, "wire_api"), "responses", "the only kind Codex knows")
    if situation.choice.helper:
        words: list[Json] = ["keys", "show", "codex"]
        if situation.home is not None:
            # Codex may be started where no variable names Turnout's folder.
            words += ["--home", str(situation.home)]
        yield KeyWish(
            (*_PROVIDER, "auth"),
            {"command": situation.command, "args": words},
            "Codex asks Turnout for its key, which starts the gateway",
        )
    else:
        yield KeyWish(
            (*_PROVIDER, "http_headers"),
            {"x-turnout-key": situation.key},
            "Turnout knows Codex by this key",
            secret=True,
        )


def _table(held: Json | Absent) -> tuple[str, ...]:
    """Return the table to take away: all of it where ours is the only one."""
    providers = held.get("model_providers") if isinstance(held, dict) else None
    only = isinstance(providers, dict) and set(providers) == {_OWN}
    return _PROVIDER[:1] if only else _PROVIDER


def _has_more(held: Json | Absent) -> bool:
    """Say whether our profile has lines of the user's beside ours."""
    if not isinstance(held, dict):
        return False
    more = set(held) - {"model", "model_provider", "model_providers", "openai_base_url"}
    return bool(more) or ("model_providers" in held and _table(held) == _PROVIDER)


def _launcher(situation: Situation) -> tuple[FileWish, ...]:
    """Return the launcher where there is a folder for it and its name is free."""
    surroundings = situation.surroundings
    folder = situation.files.get(_programs(surroundings))
    path = _programs(surroundings) / "codex-turnout"
    there = text_of(situation.files, path)
    if surroundings.platform == "win32" or folder is None:
        return ()
    # A folder is no file: that is how it is known to be there.
    if folder.trouble is not Trouble.NOT_A_FILE or there not in {"", LAUNCHER}:
        return ()
    key = KeyWish((), LAUNCHER, "starts Codex with the profile")
    return (FileWish(path, Format.TEXT, (key,), whole=True, program=True),)


def _on_path(situation: Situation) -> bool:
    folders = situation.surroundings.environ.get("PATH", "").split(":")
    return str(_programs(situation.surroundings)) in folders


# --- always ---------------------------------------------------------------------------


def _always(situation: Situation) -> Wanted:
    path = _config(situation.surroundings)
    # The key must stand before the first table; as its first line it always does.
    wish = FileWish(path, Format.TOML, (_base_url(situation),))
    refusals = [*_elsewhere(situation)]
    root = value_in(situation.files, path, Format.TOML, ("model_provider",))
    if root is not ABSENT and root != _BUILT_IN:
        text = text_of(situation.files, path)
        refusals.append(
            Refusal(
                str(path),
                f"{_named(situation, path, root)}, so Codex would not use the address "
                "that is set here",
                'Remove that line, or leave out "always": the profile works beside it.',
                line_of(text, "model_provider", "="),
            )
        )
    if refusals:
        return Wanted(refusals=tuple(refusals))
    return Wanted(
        files=(wish,),
        means=(
            _means(situation.login),
            (
                "Every `codex`, its extension and its desktop app go through "
                "Turnout. Your chats stay listed: the built-in provider is kept."
            ),
        ),
        without=_WITHOUT,
        notes=tuple(_always_notes(situation)),
    )


def _no_longer_always(situation: Situation) -> tuple[FileWish, ...]:
    """Take an older "always" away: plain `codex` is to work as before."""
    path = _config(situation.surroundings)
    held = value_in(situation.files, path, Format.TOML, ("openai_base_url",))
    if not ours(held):
        return ()
    key = KeyWish(("openai_base_url",), ABSENT, 'the older "always" ends')
    return (FileWish(path, Format.TOML, (key,)),)


def _elsewhere(situation: Situation) -> Iterator[Refusal]:
    """Refuse where a login at another service would be passed on to OpenAI."""
    path = _config(situation.surroundings)
    found = value_in(situation.files, path, Format.TOML, ("openai_base_url",))
    address = words_in(found)
    if situation.login is Login.KEY or situation.choice.login is not None:
        return
    if not address or local_address(address) or _VENDOR.match(address):
        return
    yield Refusal(
        str(path),
        "openai_base_url names another service there, and the login Codex has at it "
        "would be passed on to OpenAI",
        'Set that service up as a provider in Turnout and choose the login "key". If '
        'the login is OpenAI\'s, choose the login "own".',
        line_of(text_of(situation.files, path), "openai_base_url", "="),
    )


def _always_notes(situation: Situation) -> Iterator[str]:
    yield telling.restart(_NAME)
    yield (
        "This way is experimental: it was tried with requests of the real form, not "
        "yet with a login at OpenAI. With Turnout gone, signing in to Codex fails too."
    )
    yield (
        'Codex first asks for a WebSocket and may say so ("failed to connect"); it '
        "goes on without."
    )
    if situation.login is Login.KEY:
        yield (
            "Codex has to be signed in with anything at all, or it asks for a login. "
            "Turnout does not use that login here."
        )
    if situation.choice.helper:
        yield "On this way Codex runs no command for its key: it stands in the address."


# --- words ----------------------------------------------------------------------------

_WITHOUT: Final = telling.without(
    _NAME,
    'Where nothing listens at all, Codex says "Reconnecting... waiting for network" '
    "about once a minute until you stop it.",
)


def _means(login: Login) -> str:
    if login is Login.OWN:
        return telling.with_its_login(_NAME, "its vendor")
    return telling.with_keys(_NAME)


def _profile_notes(
    situation: Situation, launcher: tuple[FileWish, ...]
) -> Iterator[str]:
    surroundings = situation.surroundings
    path = _programs(surroundings) / "codex-turnout"
    if launcher:
        also = "" if _on_path(situation) else " Its folder is not on your PATH."
        yield (
            f"{shown_path(surroundings, path)} is a launcher of two lines that types "
            f"`codex --profile turnout` for you.{also}"
        )
    elif text_of(situation.files, path):
        yield (
            f"{shown_path(surroundings, path)} is there already and is not Turnout's; "
            "it stays. Type `codex --profile turnout`."
        )
    yield "The desktop app and the extension take no profile; they stay as they are."
    config = _config(surroundings)
    root = value_in(situation.files, config, Format.TOML, ("model_provider",))
    if root is not ABSENT and root not in {_BUILT_IN, _OWN}:
        yield (
            f"{_named(situation, config, root)}: `codex` alone goes on using that, and "
            "lists only the chats it had there. Turnout leaves it as it is."
        )
    if situation.login is Login.OWN:
        yield (
            "Codex has to be signed in. The provider is chatgpt where that is a "
            "ChatGPT plan, and openai where it is an API key; set up one of them."
        )
    else:
        yield (
            "Codex lists the chats of this profile apart from the others, as it does "
            "for every provider."
        )
    if situation.choice.helper and situation.login is Login.OWN:
        yield "Beside its own login Codex runs no command for Turnout's key."


def _named(situation: Situation, path: Path, root: Json | Absent) -> str:
    """Return who else is named in the user's file, in words."""
    where = ("model_providers", str(root), "base_url")
    address = local_address(value_in(situation.files, path, Format.TOML, where))
    points = f", a gateway on this machine at {address}" if address else ""
    file = shown_path(situation.surroundings, path)
    return f'{file} names model_provider = "{root}"{points}'


def _no_project(project: Path) -> Wanted:
    return Wanted(
        refusals=(
            Refusal(
                str(project / ".codex" / "config.toml"),
                "Codex lets no project choose where its requests go",
                "Wire Codex without --project: its profile is used only where you "
                "ask for it.",
            ),
        )
    )


SETUP: Final = ClientSetup("codex", _NAME, Reach.WIRED_BY_FILE, places, wanted)
