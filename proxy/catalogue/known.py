"""The providers that ship with Turnout, read from `resources/providers`.

It must not look at the user's file. A fault in a shipped file is a fault of this
version, so it raises where the user's file would list problems.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import astuple, replace
from functools import cache
from types import MappingProxyType

import resources
from proxy.catalogue.problems import TableReader
from proxy.catalogue.provider import Catalogue, Provider
from proxy.catalogue.reading import read_entry


@cache
def known_providers() -> Mapping[str, Provider]:
    """Return the providers of `resources/providers` by id, each complete.

    Their `key` is only a default. An entry of the user's that has the same id
    overrides the fields it names.
    """
    return read_known(map(resources.text, resources.names("providers")))


def read_known(texts: Iterable[str]) -> Mapping[str, Provider]:
    """Read provider files, each one provider in TOML.

    The fields are those of an entry in `config.toml`, and three more: `[provenance]`
    says where the prices come from (`source_type`, `source`, `date`);
    `models_from = "ID"` takes the models of another file, which has its own;
    `fill_in` is the part of `base_url` that the user's entry has to replace.

    Raises `ValueError` where a file is not sound.
    """
    found: dict[str, Provider] = {}
    tables: list[dict[str, object]] = [tomllib.loads(text) for text in texts]
    for table in sorted(tables, key=lambda one: "models_from" in one):
        provider = _read_table(table, found)
        found[provider.id] = provider
    return MappingProxyType(found)


def _read_table(table: dict[str, object], earlier: Mapping[str, Provider]) -> Provider:
    source = _provenance(table.pop("provenance", None))
    lender = table.pop("models_from", None)
    fill_in = table.pop("fill_in", "")
    provider, problems = read_entry(table, {})
    if provider is None or problems:
        raise ValueError("; ".join(str(problem) for problem in problems))
    models = tuple(replace(m, price_source=source) for m in provider.models)
    if isinstance(lender, str):
        models = earlier[lender].models
    if not isinstance(fill_in, str) or fill_in not in provider.base_url:
        raise ValueError(f"fill_in of {provider.id} is no part of its base_url.")
    return replace(provider, models=models, price_source=source, fill_in=fill_in)


def _provenance(table: object) -> str:
    if not isinstance(table, dict):
        raise TypeError("A shipped provider has no [provenance].")
    reader = TableReader(table, "provenance", [])
    words = [reader.text(name) for name in ("source", "source_type", "date")]
    source, source_type, date = (word or "unknown" for word in words)
    return f"{source} ({source_type}), {date}"


def catalogue_of(providers: tuple[Provider, ...]) -> Catalogue:
    """Return the catalogue of `providers`, its snapshot named after their prices."""
    return Catalogue(providers, _snapshot(providers))


def _snapshot(providers: tuple[Provider, ...]) -> str:
    """Return 16 hexadecimal digits that change when any price or its source does."""
    prices = [
        (
            provider.id,
            model.id,
            *(astuple(model.price) if model.price else ()),
            model.long_above,
            *(astuple(model.long_price) if model.long_price else ()),
            model.price_source,
        )
        for provider in sorted(providers, key=lambda one: one.id)
        for model in sorted(provider.models, key=lambda one: one.id)
    ]
    lines = "\n".join("\t".join(map(str, row)) for row in prices)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
