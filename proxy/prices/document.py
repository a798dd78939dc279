"""The price document as it is written: what a snapshot of prices looks like in JSON.

It must not read files or know which prices are in force. The format is documented in
`docs/reference/price-snapshot.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from proxy.prices.rates import SourceType

SCHEMA: Final = 1
"""The version of the format; a document of another one is not read."""

FIELDS: Final = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "web_search",
)
"""The prices an entry may have, by their names in `proxy.money.Price`."""

_AMOUNT: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,24})?")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_KINDS: Final = frozenset({"processing", "service_tier", "speed"})


LONGEST_ID: Final = 200
"""The most characters of a document's id: it stands in every request's record."""

_LONGEST: Final = 2_000  # characters of any other text, such as a licence
_ENDLESS: Final = re.compile(rb'[^"]{2001}')


class DocumentError(ValueError):
    """A price document that cannot be used; the text is a sentence for people."""


class SourceRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where prices came from: kind, name of the data, page, and when it was read."""

    type: SourceType
    reference: str
    retrieved: date
    url: str = ""


class EntryRow(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One set of prices and when it holds; of those that hold the last one wins.

    `prices` are decimal texts: dollars per million tokens, `web_search` per thousand
    searches. `above` is in tokens, `begin` and `end` are `HH:MM` in UTC. `source` is
    None where the provider's holds; `sources` has those of single prices that differ.
    """

    prices: dict[str, str]
    above: int = 0
    starts: date | None = None
    begin: str = msgspec.field(name="from", default="")
    end: str = msgspec.field(name="to", default="")
    variant: dict[str, str] = {}
    source: SourceRow | None = None
    sources: dict[str, SourceRow] = {}


class ModelRow(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One model: its id at the provider, its other listed names, its prices."""

    id: str
    entries: tuple[EntryRow, ...]
    aliases: tuple[str, ...] = ()


class ProviderRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One provider, by the id it has in the catalogue; `source` is its entries'."""

    id: str
    source: SourceRow
    models: tuple[ModelRow, ...]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole snapshot. `id` names its origin, `built` is when it was made."""

    schema: int
    id: str
    built: date
    currency: str
    licence: str
    providers: tuple[ProviderRow, ...]


class _Version(msgspec.Struct, frozen=True):
    schema: int


def read_document(data: bytes) -> Document:
    """Read a price document.

    Raises `DocumentError` where it is no such document, of another schema, or holds
    something that cannot be true.
    """
    try:
        version = msgspec.json.decode(data, type=_Version).schema
        if version != SCHEMA:
            raise DocumentError(
                f"The price document has schema {version}; this version reads {SCHEMA}."
            )
        document = msgspec.json.decode(data, type=Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"This is no price document: {error}") from None
    _check_id(document.id)
    if not _is_plain(data):
        _check_texts(document)
    _check(document)
    return document


def amount(text: str) -> Decimal:
    """Return a price from its text, exactly; raises `DocumentError` where it is odd."""
    if not _AMOUNT.fullmatch(text):
        raise DocumentError(f"The price {text[:40]!r} is no decimal number.")
    try:
        return Decimal(text)
    except InvalidOperation:  # pragma: no cover - the pattern admits none
        raise DocumentError(f"The price {text[:40]!r} cannot be read.") from None


def minute_of(clock: str) -> int | None:
    """Return minutes since midnight of `HH:MM`, None for ''."""
    if not clock:
        return None
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _check(document: Document) -> None:
    if document.currency != "USD":
        raise DocumentError("The prices are not in US dollars (currency is not USD).")
    _once([provider.id for provider in document.providers], "provider")
    for provider in document.providers:
        names = [model.id for model in provider.models]
        names += [alias for model in provider.models for alias in model.aliases]
        _once(names, f"name of a model of {provider.id}")
        for model in provider.models:
            if not model.entries:
                raise DocumentError(f"{provider.id}/{model.id} has no prices.")
            for entry in model.entries:
                _check_entry(entry, f"{provider.id}/{model.id}")


def _check_id(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_ID:
        raise DocumentError(f"The id has to be 1 to {LONGEST_ID} characters long.")


def _is_plain(data: bytes) -> bool:
    """Tell quickly that no text of a JSON document can be endless or unprintable.

    In JSON a control character needs a backslash, but DEL; each text ends at a quote.
    """
    odd = b"\\" in data or b"\x7f" in data or not data.isascii()
    return not odd and not _ENDLESS.search(data)


def _check_texts(document: Document) -> None:
    """Refuse texts that are endless, or that could steer the terminal they reach."""
    for text in _texts(msgspec.to_builtins(document)):
        if len(text) > _LONGEST:
            raise DocumentError(
                f"A text has more than {_LONGEST:,} characters: {text[:40]!r}."
            )
        if not text.isprintable():
            raise DocumentError(f"A text has control characters: {text[:40]!r}.")


def _texts(of: object) -> Iterator[str]:
    """Yield every text of plain JSON values, the names of members included."""
    match of:
        case str():
            yield of
        case dict():
            for name, value in of.items():
                yield from _texts(name)
                yield from _texts(value)
        case list() | tuple():
            for value in of:
                yield from _texts(value)
        case _:
            pass


def _once(names: list[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or name in seen:
            raise DocumentError(f"The {what} {name!r} is empty or there twice.")
        seen.add(name)


def _check_entry(entry: EntryRow, where: str) -> None:
    odd = sorted((entry.prices.keys() | entry.sources.keys()) - set(FIELDS))
    odd += sorted(entry.variant.keys() - _KINDS)
    if odd:
        raise DocumentError(f"{where} has a field that is not known: {odd[0]!r}.")
    for text in entry.prices.values():
        amount(text)
    if entry.above < 0:
        raise DocumentError(f"{where} has prices above a negative number of tokens.")
    clocks = [clock for clock in (entry.begin, entry.end) if clock]
    if len(clocks) == 1 or not all(_CLOCK.fullmatch(clock) for clock in clocks):
        raise DocumentError(f"{where} has hours that are not `HH:MM` to `HH:MM`.")
    if any(not word or word != word.lower() for word in entry.variant.values()):
        raise DocumentError(f"{where} has a variant that is empty or not lower case.")
