"""n8n: what to paste into a credential; its own are encrypted in its database.

It must not look into n8n's folder.
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

_DOCKER: Final = (
    "Where n8n runs in Docker, 127.0.0.1 is the container itself, and Turnout listens "
    "on this machine's own address only: host.docker.internal does not lead to it on "
    "Linux, and Turnout answers to no such name on any system. On Linux a container "
    "started with --network host reaches it at the address above; else run n8n without "
    "Docker."
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del surroundings, choice
    return ()


def _wanted(situation: Situation) -> Wanted:
    refusals = (
        *a_folder(situation, SETUP.name, "n8n has one setting for all folders"),
        *an_own_login(situation, SETUP.name),
    )
    if refusals:
        return Wanted(refusals=refusals)
    model = first_chat_model(situation.providers)
    return Wanted(
        steps=(
            Step(
                "n8n, Credentials, Create credential, OpenAI: the field Base URL",
                f"{situation.url}/v1",
            ),
            Step("The same page: the field API Key", situation.key),
            Step(
                "In the workflow, an OpenAI Chat Model node with this credential: the "
                "field Model, by ID",
                model,
            ),
        ),
        means=("Workflows that use this credential go through Turnout.",),
        without=(
            "Those workflows stop with a connection error, until Turnout runs again or "
            "their nodes are given another credential."
        ),
        notes=(_DOCKER,),
    )


SETUP: Final = ClientSetup("n8n", "n8n", Reach.GUIDED, _places, _wanted)
