"""openclaw: one more provider, "turnout", and its default model, in `openclaw.json`.

It must not run `openclaw config set`: read in version 2026.9.6, that command takes the
comments out of the file, writes all of it anew, refuses where any other key is unknown
to it, and leaves a copy with the key beside it. A splice changes our keys alone; a
running openclaw watches the file and takes them at once. openclaw replaces its file, so
a link in its place is refused. Its own service is called a gateway too.
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
from wizard.clients.current import is_there, text_now, value_now
from wizard.clients.models import first_listing, listed, tongue
from wizard.clients.refusing import ENVIRONMENT, a_folder, an_own_login
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import Format, Json
from wizard.plan import Choice, FileWish, KeyWish, Refusal

_APIS: Final[Mapping[Protocol, tuple[str, str]]] = {
    Protocol.CHAT: ("openai-completions", "/v1"),
    Protocol.RESPONSES: ("openai-responses", "/v1"),
    Protocol.MESSAGES: ("anthropic-messages", ""),
}
"""Its name for each protocol, and how the address ends then."""

_USUAL_CONTEXT: Final = 200_000  # tokens; openclaw wants a number
_USUAL_OUTPUT: Final = 32_000
_AT: Final = ("models", "providers", "turnout")
_DEFAULTS: Final = ("agents", "defaults")
_ALONE: Final = (
    "Where nothing listens at all, openclaw's requests fail; it goes on to your "
    "fallback models where you set some."
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    """Its file, or one under an older name, which it reads as long as it is alone."""
    del choice
    environ, home = surroundings.environ, surroundings.home
    named = environ.get("OPENCLAW_CONFIG_PATH", "").strip()
    if named:
        return (_under(home, named),)
    home = _under(home, environ.get("OPENCLAW_HOME", "").strip() or "~")
    state = environ.get("OPENCLAW_STATE_DIR", "").strip()
    usual = (home / ".openclaw", home / ".clawdbot")
    folders = (_under(home, state), *usual) if state else usual
    names = ("openclaw.json", "clawdbot.json")
    return tuple(folder / name for folder in folders for name in names)


def _under(home: Path, named: str) -> Path:
    if named == "~" or named.startswith(("~/", "~\\")):
        return home / named[2:]
    return home / named


def _wanted(situation: Situation) -> Wanted:
    refusals = _refusals(situation)
    if refusals:
        return Wanted(refusals=refusals)
    places = _places(situation.surroundings, situation.choice)
    path = next((each for each in places if is_there(situation, each)), places[0])
    models = listed(first_listing(situation.providers))
    first = f"turnout/{next(iter(models))}"
    wish = FileWish(
        path, Format.JSON5, _keys(situation, path, models, first), follow_links=False
    )
    return Wanted(
        files=(wish,),
        means=(
            (
                'openclaw gets one more provider, "turnout", and its agents ask '
                f"{first} unless they are set to another model. Your other providers, "
                "keys and channels stay."
            ),
            (
                "A running openclaw takes the change at once. Turnout does not touch "
                "openclaw's own service, which is called a gateway too."
            ),
        ),
        without=telling.without(SETUP.name, _ALONE),
        notes=_notes(situation, path, first),
    )


def _keys(
    situation: Situation,
    path: Path,
    models: Mapping[str, Model | None],
    first: str,
) -> tuple[KeyWish, ...]:
    api, end = _APIS[tongue(first_listing(situation.providers))]
    listed: Json = [_entry(name, model) for name, model in models.items()]
    return (
        KeyWish((*_AT, "baseUrl"), f"{situation.url}{end}", "Turnout's address"),
        KeyWish((*_AT, "apiKey"), situation.key, "openclaw's key there", True),
        KeyWish((*_AT, "api"), api, "the protocol"),
        KeyWish((*_AT, "models"), listed, "the models that are set up"),
        *_defaults(situation, path, first),
    )


def _entry(name: str, model: Model | None) -> Json:
    if model is None:
        return {"id": name, "name": name}
    return {
        "id": model.id,
        "name": model.display_name or model.id,
        "input": ["text", "image"] if model.vision else ["text"],
        "contextWindow": model.context or _USUAL_CONTEXT,
        "maxTokens": model.max_output or _USUAL_OUTPUT,
    }


def _defaults(situation: Situation, path: Path, first: str) -> tuple[KeyWish, ...]:
    """The default model stands in either of two shapes, and may have to be listed."""
    reason = "the model agents ask"
    if text_now(situation, path, Format.JSON5, (*_DEFAULTS, "model")):
        chosen = KeyWish((*_DEFAULTS, "model"), first, reason)
    else:
        chosen = KeyWish((*_DEFAULTS, "model", "primary"), first, reason)
    listed = value_now(situation, path, Format.JSON5, (*_DEFAULTS, "models"))
    if not isinstance(listed, dict) or not set(listed) - {first}:
        return (chosen,)
    if first in listed and listed[first] != {}:
        return (chosen,)
    allowed = KeyWish((*_DEFAULTS, "models", first), {}, "lets agents ask it")
    return (chosen, allowed)


def _refusals(situation: Situation) -> tuple[Refusal, ...]:
    refused = (
        *a_folder(situation, SETUP.name, "openclaw has one file for all folders"),
        *an_own_login(situation, SETUP.name),
    )
    if refused:
        return refused
    environ = situation.surroundings.environ
    for name in ("OPENCLAW_CONFIG_READONLY", "OPENCLAW_NIX_MODE"):
        if environ.get(name) == "1":
            return (
                Refusal(
                    ENVIRONMENT,
                    f"{name} is set: openclaw's file is made by another program and "
                    "is not to be changed by hand",
                    "Set models.providers.turnout in what that file is made from: "
                    "`turnout settings opencode` shows address and key.",
                ),
            )
    return ()


def _notes(situation: Situation, path: Path, first: str) -> tuple[str, ...]:
    notes: list[str] = []
    allow = value_now(
        situation, path, Format.JSON5, (*_DEFAULTS, "modelPolicy", "allow")
    )
    if isinstance(allow, list) and allow and not {first, "turnout/*"} & _texts(allow):
        notes.append(
            "agents.defaults.modelPolicy.allow lists the models that may be picked; "
            'add "turnout/*" to it to pick Turnout\'s by name.'
        )
    model = value_now(situation, path, Format.JSON5, (*_DEFAULTS, "model"))
    if isinstance(model, dict) and model.get("fallbacks"):
        notes.append("Your fallback models stay; requests to them go past Turnout.")
    for agents in ("entries", "list"):
        each = value_now(situation, path, Format.JSON5, ("agents", agents))
        single = list(each.values()) if isinstance(each, dict) else each
        if isinstance(single, list) and any(
            isinstance(agent, dict) and "model" in agent for agent in single
        ):
            notes.append(
                f"Agents under agents.{agents} that have a model of their own keep it, "
                "and go past Turnout."
            )
    return tuple(notes)


def _texts(values: list[Json]) -> set[str]:
    return {value for value in values if isinstance(value, str)}


SETUP: Final = ClientSetup(
    "openclaw", "openclaw", Reach.WIRED_BY_FILE, _places, _wanted
)
