"""opencode: one more provider, "Turnout", in its own file, or its own ones redirected.

It must not change a provider of the user's beyond the address and one header.
Read in version 1.18.33: it merges its files (`config.json`, `opencode.json`,
`opencode.jsonc`, then `OPENCODE_CONFIG`), a later one wins. Version 2 reads the same
files; where one has version 2's own `providers`, ours is written in that shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from proxy.catalogue import Model
from proxy.model import Protocol
from wizard.clients import telling
from wizard.clients.current import is_there, line_now, text_now, value_now
from wizard.clients.models import first_listing, listed, small_of, tongue
from wizard.clients.needs import NEEDS, Client, own
from wizard.clients.refusing import passed_on, ruled
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import ABSENT, Format, Json, KeyPath
from wizard.plan import Choice, FileWish, KeyWish, Login, Refusal

_NAMES: Final = ("opencode.json", "opencode.jsonc")
"""In the order they are read in: what the last one says wins."""

_USUAL_OUTPUT: Final = 32_000  # tokens; what opencode asks for at most by itself
# The library that speaks each protocol; all three are within opencode.
_PACKAGES: Final[Mapping[Protocol, str]] = {
    Protocol.CHAT: "@ai-sdk/openai-compatible",
    Protocol.MESSAGES: "@ai-sdk/anthropic",
    Protocol.RESPONSES: "@ai-sdk/openai",
}
_MANAGED: Final[Mapping[str, str]] = {
    "darwin": "/Library/Application Support/opencode",
    "win32": "C:/ProgramData/opencode",
}
_ALONE: Final = (
    "Where nothing listens at all, opencode tries for about a minute and then says "
    '"Cannot connect to API".'
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    if choice.project is not None:
        return tuple(choice.project / name for name in _NAMES)
    given = _given(surroundings)
    return (
        *_global(surroundings),
        *((given,) if given is not None else ()),
        *_managed(surroundings),
        *_of_folder(surroundings),
    )


def _global(surroundings: Surroundings) -> tuple[Path, ...]:
    folder = surroundings.config_home / "opencode"
    return tuple(folder / name for name in _NAMES)


def _given(surroundings: Surroundings) -> Path | None:
    """The file a variable names; a relative one is another in each folder."""
    named = Path(surroundings.environ.get("OPENCODE_CONFIG", ""))
    return named if named.is_absolute() else None


def _managed(surroundings: Surroundings) -> tuple[Path, ...]:
    folder = Path(_MANAGED.get(surroundings.platform, "/etc/opencode"))
    return tuple(folder / name for name in _NAMES)


def _of_folder(surroundings: Surroundings) -> tuple[Path, ...]:
    if surroundings.folder is None:
        return ()
    folders = (surroundings.folder, surroundings.folder / ".opencode")
    return tuple(folder / name for folder in folders for name in _NAMES)


def _target(situation: Situation) -> Path:
    """The file that wins over the user's others, where there are several."""
    folder = situation.choice.project
    given = _given(situation.surroundings)
    if folder is None and given is not None:
        return given
    named = (
        _global(situation.surroundings)
        if folder is None
        else tuple(folder / name for name in _NAMES)
    )
    there = (path for path in reversed(named) if is_there(situation, path))
    return next(there, named[0])


def _wanted(situation: Situation) -> Wanted:
    path = _target(situation)
    if situation.login is Login.OWN:
        keys, refusals = _own_keys(situation, path)
        means = _own_means(situation)
    else:
        keys, refusals = _keys(situation, path), ()
        means = _means(situation)
    return Wanted(
        files=(FileWish(path, Format.JSONC, keys),),
        refusals=(*refusals, *_ruled(situation, keys)),
        means=means,
        without=telling.without(SETUP.name, _ALONE),
        notes=(*_notes(situation, keys), telling.restart(SETUP.name)),
    )


# --- one more provider ----------------------------------------------------------------


def _keys(situation: Situation, path: Path) -> tuple[KeyWish, ...]:
    names = _models(situation)
    first = next(iter(names))
    package = _PACKAGES[tongue(first_listing(situation.providers))]
    address, key = f"{situation.url}/v1", _key(situation)
    at: KeyPath
    if _is_second(situation, path):
        at, options = ("providers", "turnout"), "settings"
        library = KeyWish((*at, "package"), f"aisdk:{package}", "the protocol")
        models: Json = {name: _second(model) for name, model in names.items()}
        smaller: tuple[KeyWish, ...] = ()
    else:
        at, options = ("provider", "turnout"), "options"
        library = KeyWish((*at, "npm"), package, "the protocol")
        models = {name: _first(name, model) for name, model in names.items()}
        smaller = (
            KeyWish(
                ("small_model",), f"turnout/{small_of(names)}", "the model for titles"
            ),
        )
    secret = situation.choice.project is None
    return (
        library,
        KeyWish((*at, "name"), "Turnout", "the name in the list of models"),
        KeyWish((*at, options, "baseURL"), address, "Turnout's address"),
        KeyWish((*at, options, "apiKey"), key, "opencode's key there", secret),
        KeyWish((*at, "models"), models, "the models that are set up"),
        KeyWish(("model",), f"turnout/{first}", "the model it starts with"),
        *smaller,
    )


def _key(situation: Situation) -> str:
    """A file in a project may be shared, so there it only says where the key is."""
    if situation.choice.project is None:
        return situation.key
    return f"{{file:{situation.key_file}}}"


def _is_second(situation: Situation, path: Path) -> bool:
    """Version 2 prefers an entry of its own shape to one of the same name in ours."""
    there = value_now(situation, path, Format.JSONC, ("providers",))
    before = value_now(situation, path, Format.JSONC, ("provider",))
    return there is not ABSENT and (
        before is ABSENT or (isinstance(there, dict) and "turnout" in there)
    )


def _models(situation: Situation) -> Mapping[str, Model | None]:
    return listed(first_listing(situation.providers))


def _first(name: str, model: Model | None) -> Json:
    """One model in version 1's shape; without both of its marks images are left out."""
    if model is None:
        return {"name": name}
    entry: dict[str, Json] = {"name": model.display_name or model.id}
    if model.vision:
        entry["attachment"] = True
        entry["modalities"] = {"input": ["text", "image"], "output": ["text"]}
    return entry | _limit(model)


def _second(model: Model | None) -> Json:
    if model is None:
        return {}
    entry: dict[str, Json] = {"name": model.display_name or model.id}
    if model.vision:
        entry["capabilities"] = {
            "tools": model.tools,
            "input": ["text", "image"],
            "output": ["text"],
        }
    return entry | _limit(model)


def _limit(model: Model) -> dict[str, Json]:
    if model.context is None:
        return {}
    output = model.max_output or _USUAL_OUTPUT
    return {"limit": {"context": model.context, "output": output}}


def _means(situation: Situation) -> tuple[str, ...]:
    first = next(iter(_models(situation)))
    return (
        (
            f'opencode gets one more provider, "Turnout", and starts with its {first}. '
            "Your other providers and keys stay, and can be picked as before."
        ),
        *_where_it_holds(situation),
    )


# --- its own providers ----------------------------------------------------------------


def _own_names(situation: Situation) -> tuple[str, ...]:
    takes = own(Client.OPENCODE, situation.providers)
    return tuple(each.id for each in takes) or NEEDS[Client.OPENCODE].own[:1]


def _own_keys(
    situation: Situation, path: Path
) -> tuple[tuple[KeyWish, ...], tuple[Refusal, ...]]:
    keys: list[KeyWish] = []
    refusals: list[Refusal] = []
    secret = situation.choice.project is None
    for name in _own_names(situation):
        if value_now(situation, path, Format.JSONC, ("providers", name)) is not ABSENT:
            refusals.append(_other_shape(situation, path, name))
        options = ("provider", name, "options")
        address = f"{situation.url}/v1"
        base = (*options, "baseURL")
        now = text_now(situation, path, Format.JSONC, base)
        refusals += passed_on(situation, path, ".".join(base), now, name)
        header = (*options, "headers", "x-turnout-key")
        keys += (
            KeyWish(base, address, "Turnout's address"),
            KeyWish(header, _key(situation), "opencode's key there", secret),
        )
    return tuple(keys), tuple(refusals)


def _other_shape(situation: Situation, path: Path, name: str) -> Refusal:
    return Refusal(
        str(path),
        f"it sets {name} under providers, in the way of opencode 2, which would win "
        "over what Turnout writes",
        f"Take providers.{name} out, or wire opencode with the providers' keys in "
        "Turnout (login = key).",
        line_now(situation, path, f'"{name}"'),
    )


def _own_means(situation: Situation) -> tuple[str, ...]:
    names = " and ".join(_own_names(situation))
    return (
        (
            f"opencode's own requests to {names} go through Turnout, with the API key "
            "opencode was given; Turnout passes it on and keeps nothing of it."
        ),
        "A login with a ChatGPT plan is not sent this way.",
        *_where_it_holds(situation),
    )


def _where_it_holds(situation: Situation) -> tuple[str, ...]:
    project = situation.choice.project
    if project is None:
        return ()
    return (
        (
            f"It holds in {project} only. The file has no key in it: it names "
            f"{situation.key_file}, a file of yours, so it is of no use to others."
        ),
    )


# --- what wins over it ----------------------------------------------------------------


def _ruled(situation: Situation, keys: tuple[KeyWish, ...]) -> tuple[Refusal, ...]:
    """A file of the system's administrator that sets what we would set."""
    if situation.choice.project is not None:
        return ()
    places = _managed(situation.surroundings)
    named = ((path, _sets(situation, path, keys)) for path in places)
    return tuple(ruled(situation, path, name) for path, name in named if name)


def _notes(situation: Situation, keys: tuple[KeyWish, ...]) -> tuple[str, ...]:
    if situation.choice.project is not None:
        return ()
    notes: list[str] = []
    for path in _of_folder(situation.surroundings):
        name = _sets(situation, path, keys)
        if name:
            line = line_now(situation, path, f'"{name.rpartition(".")[2]}"')
            notes.append(f"In that folder {path}, line {line}, wins: it sets {name}.")
    environ = situation.surroundings.environ
    if environ.get("OPENCODE_CONFIG_CONTENT"):
        notes.append(
            "OPENCODE_CONFIG_CONTENT is set; what stands in it wins over every file."
        )
    if environ.get("OPENCODE_CONFIG") and _given(situation.surroundings) is None:
        notes.append(
            "OPENCODE_CONFIG names a file relative to each folder; what such a file "
            "sets wins there."
        )
    return tuple(notes)


def _sets(situation: Situation, path: Path, keys: tuple[KeyWish, ...]) -> str:
    """The first of our keys that a file has too, with a value of its own."""
    for key in keys:
        value = value_now(situation, path, Format.JSONC, key.path)
        if value is not ABSENT and value != key.value:
            return ".".join(str(part) for part in key.path)
    return ""


SETUP: Final = ClientSetup(
    "opencode", "opencode", Reach.WIRED_BY_FILE, _places, _wanted
)
