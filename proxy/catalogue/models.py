"""Reads the models of a provider and their prices from a configuration file.

It must not decide what a faulty model means for its provider; it only marks the
readers it is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from proxy.catalogue.problems import TableReader, kind_of
from proxy.catalogue.provider import Model, Place, Thinking
from proxy.money import Price
from proxy.wire.effort import LEVELS

USER_PRICES: Final = "config.toml"
"""The `price_source` of prices that the user wrote down."""

_MOST_TOKENS = 1_000_000_000
_MODEL_ID = re.compile(r"[!-~]{1,200}")
_LANE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}/(small|standard|premium)")
_PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
_PRICE_NAMES = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "web_search",
)


def read_models(reader: TableReader, known: tuple[Model, ...]) -> tuple[Model, ...]:
    """Read the array `models` of a provider's table.

    Returns the models of the file, each on top of the known one with its id, and
    behind them the `known` ones that the file does not name.
    """
    listed = {model.id: model for model in known}
    found: dict[str, Model] = {}
    for table in reader.tables("models"):
        model = _read_model(table, listed)
        if model is not None and model.id in found:
            hint = "Take one of them out."
            table.problem("id", "Two models have this id.", hint)
        elif model is not None:
            found[model.id] = model
        reader.sound &= table.sound
    rest = {name: model for name, model in listed.items() if name not in found}
    return (*found.values(), *rest.values())


def _read_model(reader: TableReader, listed: Mapping[str, Model]) -> Model | None:
    model_id = _read_model_id(reader)
    base = listed.get(model_id or "", Model(id=model_id or ""))
    name = reader.text("display_name")
    lane = _read_lane(reader)
    context = reader.number("context", 1, _MOST_TOKENS)
    max_output = reader.number("max_output", 1, _MOST_TOKENS)
    tools = reader.flag("tools")
    vision = reader.flag("vision")
    place = reader.word("place", Place)
    sampling = reader.flag("sampling")
    thinking = reader.word("thinking", Thinking)
    efforts = _read_efforts(reader)
    model = _with_prices(reader, base)
    reader.finish()
    if model_id is None:
        return None
    return replace(
        model,
        display_name=name or base.display_name,
        lane=lane or base.lane,
        context=context or base.context,
        max_output=max_output or base.max_output,
        tools=base.tools if tools is None else tools,
        vision=base.vision if vision is None else vision,
        place=place or base.place,
        sampling=base.sampling if sampling is None else sampling,
        thinking=thinking or base.thinking,
        efforts=base.efforts if efforts is None else efforts,
    )


def _read_model_id(reader: TableReader) -> str | None:
    hint = "Write the name that the provider knows the model by."
    model_id = reader.text("id", hint)
    if model_id is None and not reader.has("id"):
        reader.problem("", "This model has no id.", hint)
    if model_id is not None and not _MODEL_ID.fullmatch(model_id):
        hint = "Use up to 200 plain characters without blanks."
        reader.problem("id", "`id` has characters that do not belong there.", hint)
        return None
    return model_id


def _read_lane(reader: TableReader) -> str | None:
    lane = reader.text("lane")
    if lane is None or _LANE.fullmatch(lane):
        return lane
    hint = 'Write a family and small, standard or premium: "claude/premium".'
    reader.problem("lane", "`lane` is not a family and a tier.", hint)
    return None


def _read_efforts(reader: TableReader) -> tuple[str, ...] | None:
    """Read the levels of thinking a model takes; in our order, whatever the file's."""
    value = reader.raw("efforts")
    if value is None:
        return None
    if isinstance(value, list) and value and all(item in LEVELS for item in value):
        return tuple(level for level in LEVELS if level in value)
    hint = f"Write a list of some of: {', '.join(LEVELS)}."
    reader.problem("efforts", "`efforts` must be a list of levels.", hint)
    return None


def _with_prices(reader: TableReader, base: Model) -> Model:
    """Return `base` with the prices the file names; a new `price` drops all old ones.

    A wrong price makes that price unknown and nothing else.
    """
    if not reader.has("price") and not reader.has("long_price"):
        return base
    price, long_price, above = base.price, base.long_price, base.long_above
    if reader.has("price"):
        table = reader.table("price")
        price = _read_price(table) if table else None
        long_price = above = None
    if reader.has("long_price") and (table := reader.table("long_price")):
        above = table.number("above", 1, _MOST_TOKENS)
        if above is None and not table.has("above"):
            hint = "Add above = 200000, the tokens from which this price holds."
            table.problem("", "This price does not say when it holds.", hint)
        long_price = _read_price(table)
        reader.sound &= table.sound
    return replace(
        base,
        price=price,
        long_price=long_price,
        long_above=above,
        price_source=USER_PRICES,
    )


def _read_price(table: TableReader) -> Price:
    parts = {name: _read_amount(table, name) for name in _PRICE_NAMES}
    table.finish()
    return Price(**parts)


def _read_amount(table: TableReader, name: str) -> Decimal | None:
    value = table.raw(name)
    hint = f'Write dollars per million tokens in quotes: {name} = "3.00".'
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        message = f"`{name}` must be a price in quotes, not {kind_of(value)}."
        table.problem(name, message, hint, harmless=True)
        return None
    if not _PRICE.fullmatch(value):
        negative = value.startswith("-")
        message = "is negative" if negative else "is not a plain decimal number"
        table.problem(name, f"`{name}` {message}.", hint, harmless=True)
        return None
    return Decimal(value)
