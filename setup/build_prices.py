"""Writes `resources/prices/snapshot.json` from the data of the package genai-prices.

It must not fetch anything: the same package gives the same bytes. Run it by path with
the interpreter of `.venv`; `--check` compares instead of writing.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import genai_prices.data
import msgspec
from genai_prices import types as source

from proxy.prices.document import (
    FIELDS,
    SCHEMA,
    Document,
    EntryRow,
    ModelRow,
    ProviderRow,
    SourceRow,
    read_document,
)
from proxy.prices.matching import undated
from proxy.prices.rates import SourceType

_OUT: Final = Path(__file__).resolve().parent.parent / "resources/prices/snapshot.json"
_BUILT: Final = date(2026, 11, 21)  # when the package was read; raise it with the lock
_LICENCE: Final = (
    "Prices are facts of the providers. Compiled from genai-prices, Copyright (c)"
    " Pydantic Services Inc., MIT License. Estimates: not 100 % accurate."
)

# Our provider's id -> the source's. All chat models of these are taken.
_PROVIDERS: Final = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "cerebras": "cerebras",
    "cloudflare": "cloudflare",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "openai": "openai",
    "openrouter": "openrouter",
    "together": "together",
    "xai": "x-ai",
    "zai": "zai",
}
# What resells others' models at prices that move: offers, not lists.
_OFFERS: Final = frozenset({"openrouter"})
# OpenRouter lists hundreds: only makers whose coding models people ask for. Google's
# list is also Vertex AI's, which sells models that the Gemini API does not have.
_TAKEN: Final = {
    "openrouter": re.compile(
        r"(anthropic/claude-(haiku|sonnet|opus|fable)"
        r"|openai/gpt-(5|6|oss)"
        r"|google/gemini-(2\.5|3|4)"
        r"|x-ai/grok|deepseek/deepseek|moonshotai/kimi|z-ai/glm|qwen/qwen3|mistralai/)"
    ),
    "gemini": re.compile(r"gem(ini|ma)-"),
}
_ALL: Final = re.compile("")
_KEYS: Final = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
    "web_searches_kcount": "web_search",
}
_SERVED: Final = frozenset({"processing", "service_tier", "speed"})
_TIER_DATE: Final = re.compile(r"Flex/priority/fast rates verified on ([\d-]{10})")
_BATCH_DATE: Final = re.compile(r"Batch rates verified on ([\d-]{10})")

Amount: TypeAlias = "Decimal | source.TieredPrices"
Prices: TypeAlias = Mapping[str, Amount]
Constraint: TypeAlias = (
    "source.StartDateConstraint | source.TimeOfDateConstraint | None"
)


class _When(NamedTuple):
    """What an entry depends on, beside the length of the prompt."""

    starts: date | None = None
    begin: time | None = None
    end: time | None = None
    variant: tuple[tuple[str, str], ...] = ()


def build() -> bytes:
    """Return the whole document as it is written."""
    data = Path(genai_prices.data.__file__).read_bytes()
    package = f"genai-prices {metadata.version('genai-prices')}"
    theirs = {each.id: each for each in genai_prices.data.providers}
    document = Document(
        schema=SCHEMA,
        id=f"{package} sha256:{hashlib.sha256(data).hexdigest()}",
        built=_BUILT,
        currency="USD",
        licence=_LICENCE,
        providers=tuple(
            _provider(ours, theirs[name], package)
            for ours, name in sorted(_PROVIDERS.items())
        ),
    )
    written = _written(document)
    read_document(written)
    return written


def _provider(ours: str, provider: source.Provider, package: str) -> ProviderRow:
    offers = ours in _OFFERS
    kind = SourceType.AGGREGATOR_OFFER if offers else SourceType.PROVIDER_DOCS
    pages = provider.pricing_urls or [""]
    row = SourceRow(kind, package, _BUILT, pages[0])
    taken = _TAKEN.get(ours, _ALL)
    wanted = [model for model in provider.models if taken.match(model.id)]
    models: list[ModelRow] = []
    named = {model.id for model in wanted}
    for model in sorted(wanted, key=lambda one: one.id):
        entries = tuple(_entries(model, row))
        if not entries:
            continue
        aliases = tuple(sorted(set(_aliases(model, provider)) - named))
        named |= set(aliases)
        models.append(ModelRow(model.id, entries, aliases))
    return ProviderRow(ours, row, tuple(models))


def _entries(model: source.ModelInfo, row: SourceRow) -> Iterator[EntryRow]:
    """Yield a chat model's entries in the order in which the last that holds wins."""
    listed = model.prices
    conditional = (
        [source.ConditionalPrice(prices=listed)]
        if isinstance(listed, source.ModelPrice)
        else listed
    )
    standard = [
        # Where none holds, the first does: it has no condition.
        (_when(each.constraint if at else None), _known(each.prices))
        for at, each in enumerate(conditional)
    ]
    if not all({"input", "output"} <= prices.keys() for _, prices in standard):
        return  # no chat model: audio, pictures, embeddings, pages
    for when, prices in standard:
        yield from _by_length(when, prices, None)
    comments = model.price_comments or ""
    for variant, changed in _variants(model):
        own = _verified(row, comments, variant.variant)
        for when, prices in standard:
            both = _both(when, variant)
            yield from _by_length(both, {**prices, **changed}, own)


def _variants(model: source.ModelInfo) -> Iterator[tuple[_When, Prices]]:
    """Yield what changes by how a request was served; the last that holds wins.

    In the source the first one wins, for each price alone; here for all of them, which
    is the same as long as no earlier one leaves a price to a later one. The tests of
    agreement would notice.
    """
    own = [
        (_when(each.constraint, each.when), _known(each.prices))
        for each in model.price_variants or ()
        if each.when.keys() <= _SERVED
    ]
    own = [each for each in own if each[1]]
    yield from reversed(own)


def _when(constraint: Constraint, served: Mapping[str, str] | None = None) -> _When:
    variant = tuple(sorted((served or {}).items()))
    match constraint:
        case source.StartDateConstraint():
            return _When(starts=constraint.start_date, variant=variant)
        case source.TimeOfDateConstraint():
            begin, end = constraint.start_time, constraint.end_time
            return _When(begin=begin, end=end, variant=variant)
        case None:
            return _When(variant=variant)


def _both(one: _When, other: _When) -> _When:
    starts = max(filter(None, (one.starts, other.starts)), default=None)
    hours = other if one.begin is None else one
    return _When(starts, hours.begin, hours.end, other.variant or one.variant)


def _known(prices: source.ModelPrice) -> Prices:
    """Return the prices of what we count, by our names."""
    return {
        ours: value
        for theirs, ours in _KEYS.items()
        if (value := getattr(prices, theirs)) is not None
    }


def _by_length(
    when: _When, prices: Prices, own: SourceRow | None
) -> Iterator[EntryRow]:
    borders = {
        tier.start
        for amount in prices.values()
        if isinstance(amount, source.TieredPrices)
        for tier in amount.tiers
    }
    for above in sorted({0, *borders}):
        yield EntryRow(
            prices={
                name: _text(_at(prices[name], above))
                for name in FIELDS
                if name in prices
            },
            above=above,
            starts=when.starts,
            begin=_clock(when.begin),
            end=_clock(when.end),
            variant=dict(when.variant),
            source=own,
        )


def _at(amount: Amount, above: int) -> Decimal:
    """Return the price of a prompt that is a little longer than `above`."""
    if isinstance(amount, Decimal):
        return amount
    reached = [tier.price for tier in amount.tiers if above and tier.start <= above]
    return reached[-1] if reached else amount.base


def _text(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _clock(moment: time | None) -> str:
    return moment.strftime("%H:%M") if moment else ""


def _verified(
    row: SourceRow, comments: str, variant: tuple[tuple[str, str], ...]
) -> SourceRow | None:
    """Return the source of a variant whose comment says when it was looked at."""
    pattern = _BATCH_DATE if ("processing", "batch") in variant else _TIER_DATE
    found = pattern.search(comments)
    if found is None:
        return None
    day = date.fromisoformat(found[1])
    return msgspec.structs.replace(row, retrieved=day)


def _aliases(model: source.ModelInfo, provider: source.Provider) -> Iterator[str]:
    """Yield the names the source lists word for word for this model.

    Names that move on (`-latest`) and dates, which are resolved by rule, are left out,
    and so is a name that the source itself gives to another model.
    """
    for name in _equals(model.match):
        moving = name.endswith("-latest")
        if name == model.id or moving or undated(name) == model.id:
            continue
        if provider.find_model(name) is model:
            yield name


def _equals(match: object) -> Iterator[str]:
    if isinstance(match, source.ClauseEquals):
        yield match.equals
    elif isinstance(match, source.ClauseOr):
        for each in match.or_:
            yield from _equals(each)


def _written(document: Document) -> bytes:
    """Write it so that a change is a line: one entry a line, everything sorted."""
    whole = msgspec.to_builtins(document)
    providers = whole.pop("providers")
    head = ",\n".join(f" {_line(key)}: {_line(value)}" for key, value in whole.items())
    body = ",\n".join(_provider_lines(provider) for provider in providers)
    return f'{{\n{head},\n "providers": [\n{body}\n ]\n}}\n'.encode()


def _provider_lines(provider: dict[str, object]) -> str:
    head = f'  {{"id": {_line(provider["id"])}, "source": {_line(provider["source"])},'
    models = provider["models"]
    if not isinstance(models, list | tuple):
        raise TypeError
    return f'{head}\n   "models": [{",".join(map(_model_lines, models))}\n  ]}}'


def _model_lines(model: dict[str, object]) -> str:
    entries = model["entries"]
    if not isinstance(entries, list | tuple):
        raise TypeError
    aliases = model.get("aliases")
    named = f' "aliases": {_line(aliases)},' if aliases else ""
    rows = ",\n".join(f"     {_line(entry)}" for entry in entries)
    return f'\n    {{"id": {_line(model["id"])},{named} "entries": [\n{rows}]}}'


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)


def main() -> int:
    """Write or compare the snapshot; returns the exit status."""
    wanted = build()
    if "--check" not in sys.argv[1:]:
        _OUT.parent.mkdir(exist_ok=True)
        _OUT.write_bytes(wanted)
        return 0
    if _OUT.is_file() and _OUT.read_bytes() == wanted:
        return 0
    print(f"{_OUT.name} is not what setup/build_prices.py writes: run it.")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
