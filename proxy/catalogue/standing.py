"""Reads what an entry says of a provider beside its address, its key and its models.

It must not judge: what a provider does with what it is sent is somebody's word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from proxy.catalogue.compatibility import overlaid, read_compatibility
from proxy.catalogue.models import read_quota
from proxy.catalogue.problems import TableReader
from proxy.catalogue.provider import (
    ASSUMED,
    Compatibility,
    LimitsDialect,
    Place,
    Privacy,
    Provider,
)

_PROBE = re.compile(r"/[!-\"$->@-~]{0,200}")


@dataclass(frozen=True, slots=True)
class Standing:
    """What an entry says of a provider beside its address."""

    privacy: Privacy | None
    limits: LimitsDialect
    probe: str
    quota: str
    compatibility: Compatibility
    named: Mapping[str, object]


def read_standing(reader: TableReader, base: Provider | None, place: Place) -> Standing:
    """Read what an entry says, on top of `base`, the known provider; None for none.

    `place` is where the provider runs: what is sent to this machine stays there, and of
    a known server that runs elsewhere nobody has said what it does.
    Whatever is wrong makes `reader` unsound.
    """
    local = Privacy.LOCAL if place is Place.THIS_MACHINE else None
    if base is not None and (base.place is place or base.place is Place.PROVIDER):
        local = base.privacy
    named = read_compatibility(reader)
    return Standing(
        privacy=reader.word("privacy", Privacy) or local,
        limits=reader.word("limits", LimitsDialect)
        or (base.limits if base else LimitsDialect.NONE),
        probe=_read_probe(reader) or (base.probe if base else ""),
        quota=read_quota(reader) or (base.quota if base else ""),
        compatibility=overlaid(base.compatibility if base else ASSUMED, named),
        named=named,
    )


def _read_probe(reader: TableReader) -> str | None:
    path = reader.text("probe")
    if path is None or _PROBE.fullmatch(path):
        return path
    hint = 'Write a path below base_url, such as probe = "/models".'
    reader.problem("probe", "`probe` is not a path.", hint)
    return None
