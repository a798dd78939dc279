"""Cline: what to type into its settings; they live in the editor's own database.

It must not write there behind its back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients.models import first_chat_model
from wizard.clients.refusing import a_folder, an_own_login
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.plan import Choice, Step


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del surroundings, choice
    return ()


def _wanted(situation: Situation) -> Wanted:
    refusals = (
        *a_folder(situation, SETUP.name, "Cline has one setting for all folders"),
        *an_own_login(situation, SETUP.name),
    )
    if refusals:
        return Wanted(refusals=refusals)
    model = first_chat_model(situation.providers)
    return Wanted(
        steps=(
            Step("Cline, Settings: the field API Provider", "OpenAI Compatible"),
            Step("The same page: the field Base URL", f"{situation.url}/v1"),
            Step("The same page: the field API Key", situation.key),
            Step("The same page: the field Model ID", model),
        ),
        means=("Cline asks Turnout, in this editor.",),
        without=(
            "Cline's requests fail with a connection error, until Turnout runs again "
            "or another provider is chosen in its settings."
        ),
        notes=(
            (
                "Note the values Cline has there before you change them: what is typed "
                "in by hand has to be taken back by hand."
            ),
        ),
    )


SETUP: Final = ClientSetup("cline", "Cline", Reach.GUIDED, _places, _wanted)
