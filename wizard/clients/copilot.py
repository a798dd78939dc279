"""GitHub Copilot in VS Code: a model of one's own, to paste into its list of models.

It must not write that file: VS Code moves a key in it to its own store and leaves a
reference, so nobody else could take it back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients.models import first_chat_model, first_listing
from wizard.clients.refusing import a_folder, an_own_login
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.plan import Choice, Step

_USUAL_INPUT: Final = 128_000  # tokens
_USUAL_OUTPUT: Final = 16_000


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del surroundings, choice
    return ()


def _wanted(situation: Situation) -> Wanted:
    refusals = (
        *a_folder(situation, SETUP.name, "Copilot has one setting for all folders"),
        *an_own_login(situation, SETUP.name),
    )
    if refusals:
        return Wanted(refusals=refusals)
    return Wanted(
        steps=(
            Step(
                "VS Code, command palette, Chat: Open Language Models (JSON): add this "
                "entry to the list",
                json.dumps([_entry(situation)], indent=2),
            ),
            Step("The list of models in Copilot's chat: pick", "Turnout"),
        ),
        means=(
            (
                "Copilot's chat and agent offer one more model, Turnout. Completions "
                "as you type stay with GitHub."
            ),
        ),
        without=(
            "Requests to that model fail with a connection error, until Turnout runs "
            "again or another model is picked."
        ),
        notes=(
            (
                "It needs VS Code 1.122 or newer. An organisation can forbid models of "
                "one's own. To take it back, remove the entry from the list."
            ),
        ),
    )


def _entry(situation: Situation) -> dict[str, object]:
    chosen = first_listing(situation.providers)
    first = chosen.models[0] if chosen is not None and chosen.models else None
    model = {
        "id": first_chat_model(situation.providers),
        "name": "Turnout",
        # The whole address: nothing is added to it.
        "url": f"{situation.url}/v1/chat/completions",
        "toolCalling": first.tools if first else True,
        "vision": bool(first.vision) if first else False,
        "maxInputTokens": (first.context if first else None) or _USUAL_INPUT,
        "maxOutputTokens": (first.max_output if first else None) or _USUAL_OUTPUT,
    }
    return {
        "name": "Turnout",
        "vendor": "customendpoint",
        "apiKey": situation.key,
        "apiType": "chat-completions",
        "models": [model],
    }


SETUP: Final = ClientSetup("copilot", "GitHub Copilot", Reach.GUIDED, _places, _wanted)
