"""Cursor: why it cannot be wired, and what within it can.

It must not suggest a public tunnel, nor write Cursor's state behind its back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from discovery.findings import Reach
from discovery.surroundings import Surroundings
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.plan import Choice, Refusal

WHY: Final = (
    "it cannot reach a local gateway: with an address of your own its requests are "
    "made by Cursor's servers, and these refuse addresses of your machine"
)
TODO: Final = (
    "Extensions inside Cursor run on your machine and can be wired: Claude Code, "
    "Codex, Continue and Cline. Cursor itself stays as it is."
)


def _places(surroundings: Surroundings, choice: Choice) -> tuple[Path, ...]:
    del surroundings, choice
    return ()


def _wanted(situation: Situation) -> Wanted:
    del situation
    return Wanted(refusals=(Refusal("Cursor", WHY, TODO),))


SETUP: Final = ClientSetup("cursor", "Cursor", Reach.UNREACHABLE, _places, _wanted)
