"""The prices that are in force in one home: the shipped ones, or refreshed ones.

It must not fetch anything or judge a document. Refreshed documents lie in the state
folder, numbered; the one with the highest number is in force. So a refresh is one new
file and an undo removes one: either happened or did not, whenever the power fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.settings.files import Stamp, read_whole, stamp_of, write_new
from proxy.catalogue import Catalogue, Provider, catalogue_of, known_providers
from proxy.prices.document import DocumentError
from proxy.prices.freshness import is_own
from proxy.prices.snapshot import Snapshot, price_snapshot, snapshot_of

if TYPE_CHECKING:
    from app.paths import Paths

MOST_BYTES: Final = 8_000_000
"""The size of document that is still read; the shipped one has under a tenth."""

KEPT: Final = 10
"""How many refreshed documents are kept; so many refreshes can be undone."""

_NAME = re.compile(r"(?P<number>[0-9]{6})\.json")


class PricesBusy(Exception):
    """Another refresh or undo came in between; nothing was changed."""


class NothingToUndo(Exception):
    """No earlier prices are kept: the shipped ones act, or their followers are gone."""


@dataclass(frozen=True, slots=True)
class ActivePrices:
    """The prices in force; `problem` says why they are not the refreshed ones, or ''.

    `refreshed` is False for those that came with this version of Turnout.
    """

    snapshot: Snapshot
    refreshed: bool = False
    problem: str = ""


def active_snapshot(paths: Paths) -> ActivePrices:
    """Return the prices in force.

    A refreshed document that cannot be read or used does not act: the shipped prices
    stand in, and `problem` says so. Reads files only where they have changed.
    """
    newest = _newest(paths)
    if newest is None:
        return ActivePrices(price_snapshot())
    stamp = stamp_of(newest)
    found = _read(newest, stamp) if stamp else "it cannot be read"
    if isinstance(found, Snapshot):
        return ActivePrices(found, refreshed=True)
    problem = (
        f"The refreshed prices in {newest} are not used: {found}. The prices that came"
        " with Turnout act instead. `turnout prices undo` goes back to the ones before."
    )
    return ActivePrices(price_snapshot(), problem=problem)


@lru_cache(maxsize=4)
def _read(path: Path, stamp: Stamp) -> Snapshot | str:  # noqa: ARG001 - part of the key
    """Return the document of a file in the state `stamp`, or why there is none."""
    try:
        data, _ = read_whole(path, MOST_BYTES)
        if len(data) > MOST_BYTES:
            return "the file is too large"
        return snapshot_of(data)
    except OSError as error:
        return f"{error.strerror}"
    except DocumentError:
        return "the file is no price document any more"


def save_prices(paths: Paths, data: bytes, before: ActivePrices) -> None:
    """Put the document `data`, which must be sound, in force.

    `before` is what was in force when the user was asked. Raises `PricesBusy` where
    that is no longer so, and `OSError` where it cannot be written.
    """
    if active_snapshot(paths).snapshot.digest != before.snapshot.digest:
        raise PricesBusy
    folder = _folder(paths)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    documents = _documents(paths)
    number = _number(documents[-1]) + 1 if documents else 1
    if not write_new(folder / f"{number:06}.json", data):
        raise PricesBusy
    for old in documents[: max(0, len(documents) + 1 - KEPT)]:
        old.unlink(missing_ok=True)


def undo_prices(paths: Paths) -> None:
    """Take the last refresh back: what was in force before is again, byte for byte.

    Raises `NothingToUndo` where nothing was refreshed or what was before is no longer
    kept, and `OSError` where the file cannot be removed.
    """
    documents = _documents(paths)
    # The first document followed the shipped prices; any other one followed a document
    # that may have been let go.
    if not documents or (len(documents) == 1 and _number(documents[0]) != 1):
        raise NothingToUndo
    documents[-1].unlink()


def repriced(catalogue: Catalogue, snapshot: Snapshot) -> Catalogue:
    """Return `catalogue` with the prices of `snapshot` in place of the tracked ones.

    What the user wrote down himself stays, and so does a provider of his own. A model
    that `snapshot` does not list is untracked from then on.
    """
    known = known_providers()
    providers = tuple(
        _repriced(one, snapshot) if one.priced_as or one.id in known else one
        for one in catalogue.providers
    )
    if snapshot.digest == price_snapshot().digest:
        return catalogue_of(providers)
    # A document may call itself as it likes; its digest tells it from all others.
    return catalogue_of(providers, f"{snapshot.id} {snapshot.digest[:16]}")


def _repriced(provider: Provider, snapshot: Snapshot) -> Provider:
    tracked = partial(snapshot.rates, provider.priced_as or provider.id)
    models = tuple(
        model
        if model.rates is not None and is_own(model.rates)
        else replace(model, rates=tracked(model.id))
        for model in provider.models
    )
    return replace(provider, models=models, tracked=tracked)


def _folder(paths: Paths) -> Path:
    return paths.state / "prices"


def _newest(paths: Paths) -> Path | None:
    return next(reversed(_documents(paths)), None)


def _documents(paths: Paths) -> list[Path]:
    """Return the refreshed documents, the oldest first."""
    try:
        found = list(_folder(paths).iterdir())
    except OSError:
        return []
    return sorted(path for path in found if _NAME.fullmatch(path.name))


def _number(path: Path) -> int:
    return int(path.stem)
