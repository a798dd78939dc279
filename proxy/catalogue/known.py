"""The providers that ship with Turnout, read from `resources/providers`.

It must not look at the user's file. A fault in a shipped file is a fault of this
version, so it raises where the user's file would list problems.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from types import MappingProxyType

import resources
from proxy.catalogue.amounts import USER_SOURCE, sourced
from proxy.catalogue.compatibility import USER_WORD
from proxy.catalogue.problems import TableReader
from proxy.catalogue.provider import Catalogue, Compatibility, Model, Provider
from proxy.catalogue.reading import RatesOf, read_entry
from proxy.catalogue.tracked import shipped_rates, shipped_snapshot
from proxy.prices.rates import Source, SourceType


@cache
def known_providers() -> Mapping[str, Provider]:
    """Return the providers of `resources/providers` by id, each complete.

    Those that are `gone` are among them, so that an entry for one can be explained.
    Their `key` is only a default. An entry of the user's that has the same id
    overrides the fields it names.
    """
    return read_known(map(resources.text, resources.names("providers")))


def read_known(
    texts: Iterable[str], rates: RatesOf = shipped_rates
) -> Mapping[str, Provider]:
    """Read provider files, each one provider in TOML.

    The fields are those of an entry in `config.toml`, and four more: `[provenance]`
    says where the file's facts come from (`source_type`, `source`, `date`);
    `models_from = "ID"` takes the models of another file, which has its own;
    `fill_in` is the part of `base_url` that the user's entry has to replace; `gone` is
    the sentence for a provider that can no longer be called. `rates` finds what the
    models cost.

    Raises `ValueError` where a file is not sound.
    """
    found: dict[str, Provider] = {}
    tables: list[dict[str, object]] = [tomllib.loads(text) for text in texts]
    for table in sorted(tables, key=lambda one: "models_from" in one):
        provider = _read_table(table, found, rates)
        found[provider.id] = provider
    return MappingProxyType(found)


def _read_table(
    table: dict[str, object], earlier: Mapping[str, Provider], rates: RatesOf
) -> Provider:
    source = _provenance(table.pop("provenance", None))
    lender = table.pop("models_from", None)
    fill_in = table.pop("fill_in", "")
    gone = table.pop("gone", "")
    provider, problems = read_entry(table, rates)
    if provider is None or problems:
        raise ValueError("; ".join(str(problem) for problem in problems))
    models = tuple(_of_the_file(model, source) for model in provider.models)
    if isinstance(lender, str):
        models = earlier[lender].models
    if not isinstance(fill_in, str) or fill_in not in provider.base_url:
        raise ValueError(f"fill_in of {provider.id} is no part of its base_url.")
    return replace(
        provider,
        models=models,
        price_source=str(source),
        fill_in=fill_in,
        gone=str(gone),
        priced_as=str(lender or ""),
        tracked=partial(rates, str(lender or provider.id)),
        compatibility=_judged(provider.compatibility, source),
    )


def _of_the_file(model: Model, source: Source) -> Model:
    """Return `model` with sources that are not the user's file.

    How good a model is and what it does is a person's judgement, whatever the file's
    other facts were taken from.
    """
    rates, judged = model.rates, model.quality_source
    if rates is not None and rates.source == USER_SOURCE:
        rates = sourced(rates, source)
    return replace(
        model,
        rates=rates,
        compatibility=_judged(model.compatibility, source),
        quality_source=_review(source) if judged == USER_WORD else judged,
    )


def _judged(compatibility: Compatibility, source: Source) -> Compatibility:
    if compatibility.source != USER_WORD:
        return compatibility
    return replace(compatibility, source=_review(source))


def _review(source: Source) -> str:
    return f"{SourceType.MANUAL_REVIEW}, {source.time:%Y-%m-%d}"


def _provenance(table: object) -> Source:
    if not isinstance(table, dict):
        raise TypeError("A shipped provider has no [provenance].")
    reader = TableReader(table, "provenance", [])
    kind = reader.word("source_type", SourceType)
    source, date = reader.text("source"), reader.text("date")
    if kind is None or source is None or date is None:
        raise ValueError("A [provenance] names no source, source_type or date.")
    return Source(kind, source, datetime.fromisoformat(date).replace(tzinfo=UTC))


def repriced(known: Mapping[str, Provider], rates: RatesOf) -> Mapping[str, Provider]:
    """Return `known` with the prices of another snapshot; it knows all or it is silent.

    A model that `rates` does not have is untracked then: old prices are not mixed in.
    """
    return MappingProxyType(
        {name: _repriced(provider, rates) for name, provider in known.items()}
    )


def _repriced(provider: Provider, rates: RatesOf) -> Provider:
    priced = provider.priced_as or provider.id
    models = (replace(m, rates=rates(priced, m.id)) for m in provider.models)
    return replace(provider, models=tuple(models), tracked=partial(rates, priced))


def catalogue_of(
    providers: tuple[Provider, ...], snapshot: str | None = None
) -> Catalogue:
    """Return the catalogue of `providers`, its snapshot named after their prices.

    `snapshot` is the id of the prices that act, None for those that ship.
    """
    return Catalogue(providers, _snapshot(providers, snapshot or shipped_snapshot()))


def _snapshot(providers: tuple[Provider, ...], snapshot: str) -> str:
    """Return the id of `snapshot`, or what it is called with the user's prices.

    Those are 16 hexadecimal digits behind it, which change with any price of theirs.
    """
    own = [
        (provider.id, model.id, model.rates.entries)
        for provider in sorted(providers, key=lambda one: one.id)
        for model in sorted(provider.models, key=lambda one: one.id)
        if model.rates is not None and model.rates.source == USER_SOURCE
    ]
    if not own:
        return snapshot
    lines = "\n".join(map(str, own))
    digits = hashlib.sha256(lines.encode()).hexdigest()[:16]
    return f"{snapshot}+{digits}"
