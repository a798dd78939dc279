"""Continue (editor extensions and `cn`): one more model in `config.yaml`.

It must not touch the user's other models. Read in `cn` 1.5.47: `CONTINUE_GLOBAL_DIR`
moves its folder; as soon as a `config.yaml` is there, an old `config.json` is ignored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients import telling
from wizard.clients.current import is_there, value_now
from wizard.clients.needs import Client, first_model
from wizard.clients.refusing import a_folder, an_own_login
from wizard.clients.seen import folder_of, text_of
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import ABSENT, Absent, Format, Item, Json
from wizard.plan import Choice, FileWish, KeyWish, Refusal

_NAME: Final = "Turnout"
_HEAD: Final = (("name", "Local"), ("version", "1.0.0"), ("schema", "v1"))
"""What every such file has; without them Continue does not take it."""

_ALONE: Final = (
    "Where nothing listens at all, requests to the model Turnout end with a connection "
    "error; your other models are not concerned."
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del choice
    return (_yaml(surroundings), _json(surroundings))


def _yaml(surroundings: Surroundings) -> Path:
    return folder_of(surroundings, "CONTINUE_GLOBAL_DIR", ".continue") / "config.yaml"


def _json(surroundings: Surroundings) -> Path:
    return folder_of(surroundings, "CONTINUE_GLOBAL_DIR", ".continue") / "config.json"


def _wanted(situation: Situation) -> Wanted:
    refusals = _refusals(situation)
    if refusals:
        return Wanted(refusals=refusals)
    path = _yaml(situation.surroundings)
    reason = "Turnout's address, with Continue's key there"
    model = KeyWish(("models", Item("name", _NAME)), _model(situation), reason, True)
    keys = (*_head(situation, path), model)
    return Wanted(
        files=(FileWish(path, Format.YAML, keys),),
        means=(
            (
                "Continue gets one more model, Turnout, in its editor extensions and "
                "in `cn`. Your other models stay."
            ),
            *_picked(situation, path),
            "Saved changes are taken at once.",
        ),
        without=telling.without(SETUP.name, _ALONE),
        notes=(
            (
                "`cn` signed in to Continue's own service uses the configuration "
                "chosen there; /config chooses this one."
            ),
        ),
    )


def _model(situation: Situation) -> Json:
    """One model; without `capabilities` it would be offered no tools."""
    return {
        "name": _NAME,
        "provider": "openai",
        "model": first_model(Client.CONTINUE, situation.providers),
        "apiBase": f"{situation.url}/v1",
        "apiKey": situation.key,
        "roles": ["chat", "edit", "apply"],
        "capabilities": ["tool_use", "image_input"],
    }


def _head(situation: Situation, path: Path) -> tuple[KeyWish, ...]:
    return tuple(
        KeyWish((name,), value, "every such file has it")
        for name, value in _HEAD
        if not _is_another(value_now(situation, path, Format.YAML, (name,)), value)
    )


def _is_another(found: Json | Absent, ours: str) -> bool:
    return found is not ABSENT and found != ours


def _picked(situation: Situation, path: Path) -> tuple[str, ...]:
    models = value_now(situation, path, Format.YAML, ("models",))
    if not isinstance(models, list) or not models:
        return ()
    return ("Pick it in Continue's list of models; `cn` has /model for that.",)


def _refusals(situation: Situation) -> tuple[Refusal, ...]:
    refused = (
        *a_folder(situation, SETUP.name),
        *an_own_login(situation, SETUP.name),
    )
    if refused:
        return refused
    old, new = _json(situation.surroundings), _yaml(situation.surroundings)
    if is_there(situation, old) and not is_there(situation, new):
        if not text_of(situation.files, old).strip():
            return ()
        return (
            Refusal(
                str(old),
                "it is Continue's old form, and Continue would ignore it, with all its "
                "models, as soon as there is a config.yaml",
                "Move your models to config.yaml (Continue's documentation shows "
                "how), or remove config.json, then try again.",
            ),
        )
    return ()


SETUP: Final = ClientSetup(
    "continue", "Continue", Reach.WIRED_BY_FILE, _places, _wanted
)
