"""Why a file must be left alone, in words, and what to do about it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from discovery.files import Trouble

TROUBLES: Final[Mapping[Trouble, tuple[str, str]]] = {
    Trouble.UNREADABLE: (
        "it cannot be read",
        "Let your user read it, then try again.",
    ),
    Trouble.TOO_LARGE: (
        "it is larger than 5 MB, which no settings file is",
        "Look at what is in it; Turnout does not change it.",
    ),
    Trouble.NOT_A_FILE: (
        "it is not a file",
        "Take what stands there away, then try again.",
    ),
    Trouble.HARD_LINK: (
        "it has a second name (a hard link), which would keep the old contents",
        "Make it a file of its own: copy it, then rename the copy over it.",
    ),
    Trouble.DANGLING_LINK: (
        "it is a link to a file that is not there",
        "Mend or remove the link, then try again.",
    ),
    Trouble.READ_ONLY: (
        "it, or its folder, may not be written",
        "Make it writable if that is meant (chmod u+w), then try again.",
    ),
    Trouble.NOT_YOURS: (
        "it belongs to another user",
        "Run Turnout as that user, or make the file yours.",
    ),
}
"""For each trouble a clause that follows "because", and a sentence."""
