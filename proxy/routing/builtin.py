"""The provider that is always there, and the most that one request may try.

It must not choose; the practice provider answers where no other is configured.
"""

from __future__ import annotations

from typing import Final

from proxy.catalogue import Billing, KeyRef, Place, Provider
from proxy.catalogue import Model as CatalogueModel
from proxy.model import Protocol
from proxy.practice import PRACTICE_MODEL, PRACTICE_PROVIDER_ID

MAX_ATTEMPTS: Final = 3
"""Provider calls one request may cost at most."""

MAX_OF_ONE: Final = MAX_ATTEMPTS
"""Routes of one provider among them: one that is down must not fill the list."""

MAX_CHOICES: Final = 6
"""Routes a decision names at most; some may fall before they are called."""

PRACTICE: Final = Provider(
    id=PRACTICE_PROVIDER_ID,
    name="Practice (simulated, no model, no network)",
    base_url="",
    protocols=(
        Protocol.MESSAGES,
        Protocol.RESPONSES,
        Protocol.CHAT,
        Protocol.GEMINI,
    ),
    key=KeyRef("none"),
    billing=Billing.LOCAL,
    place=Place.THIS_MACHINE,
    any_model=True,
    models=(
        CatalogueModel(
            id=PRACTICE_MODEL,
            display_name="Practice echo (simulated)",
            lane="practice/small",
            tools=True,
        ),
    ),
)
"""The built-in provider: it answers where none is configured."""
