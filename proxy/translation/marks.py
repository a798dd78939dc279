"""Names marks of messages and parts that only the client's protocol knows; pure."""

from __future__ import annotations

from typing import Final

from proxy.model import Json, JsonObject
from proxy.wire.losses import Noted

# Say how a thing came about, not what is wanted of it.
_QUIET: Final = frozenset(
    {"type", "id", "status", "object", "created_by", "annotations", "logprobs"}
)
_USUAL: Final[tuple[Json, ...]] = ({"type": "direct"}, None, "", [], {}, False)


def drop_marks(extras: JsonObject, noted: Noted) -> None:
    """Note that these have no place at the target, where they say anything."""
    told = [
        key
        for key, value in extras.items()
        if key not in _QUIET and value not in _USUAL
    ]
    if told:
        noted.add("part_options", told)
