"""Reads the models of a provider and their prices from a configuration file.

It must not decide what a faulty model means for its provider; it only marks the
readers it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.catalogue.amounts import read_rates
from proxy.catalogue.compatibility import (
    USER_WORD,
    overlaid,
    read_model_compatibility,
    taken_at_word,
)
from proxy.catalogue.problems import TableReader
from proxy.catalogue.provider import ASSUMED, Compatibility, Model, Place, Thinking
from proxy.prices.rates import Rates
from proxy.wire.effort import LEVELS

CLASSES: Final = (
    "housekeeping",
    "cheap_edit",
    "fast_code",
    "deep_reasoning",
    "tool_heavy",
    "long_context",
    "fallback_safe",
)
"""The route classes for which a model may have a quality of its own."""

_MOST_TOKENS = 1_000_000_000
_BEST = 100  # of qualities
_MODEL_ID = re.compile(r"[!-~]{1,200}")
_LANE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}/(small|standard|premium)")
_QUOTA = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}")


def _no_rates(_model_id: str) -> Rates | None:
    return None


@dataclass(frozen=True, slots=True)
class Ground:
    """What the models of a file stand on: the `known` ones, and what else holds.

    `compatibility` holds for a model that is not known, `named` are the words of the
    file's own provider table, which go before those of known models. `added` says that
    a model which is not known is one that the user adds to a known provider: his word
    that it uses tools is taken. `rates` finds prices by a model's id.
    """

    known: tuple[Model, ...] = ()
    compatibility: Compatibility = ASSUMED
    named: Mapping[str, object] | None = None
    added: bool = False
    rates: Callable[[str], Rates | None] = _no_rates


NOTHING_KNOWN: Final = Ground()


def read_models(
    reader: TableReader, ground: Ground = NOTHING_KNOWN
) -> tuple[Model, ...]:
    """Read the array `models` of a provider's table.

    Returns the models of the file, each on top of the known one with its id, and
    behind them the known ones that the file does not name.
    """
    listed = {
        model.id: replace(
            model, compatibility=overlaid(model.compatibility, ground.named or {})
        )
        for model in ground.known
    }
    found: dict[str, Model] = {}
    for table in reader.tables("models"):
        model = _read_model(table, listed, ground)
        if model is not None and model.id in found:
            hint = "Take one of them out."
            table.problem("id", "Two models have this id.", hint)
        elif model is not None:
            found[model.id] = model
        reader.sound &= table.sound
    rest = {name: model for name, model in listed.items() if name not in found}
    return (*found.values(), *rest.values())


def _read_model(
    reader: TableReader, listed: Mapping[str, Model], ground: Ground
) -> Model | None:
    model_id = _read_model_id(reader)
    base = listed.get(model_id or "") or _new_model(model_id or "", ground)
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
    aliases = reader.plain_list("aliases")
    quota = read_quota(reader)
    named = read_model_compatibility(reader)
    word = tools is True and ground.added and base.id not in listed
    compatibility = taken_at_word(base.compatibility) if word else base.compatibility
    model = _with_quality(reader, base)
    rates = read_rates(reader, base.rates)
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
        aliases=base.aliases if aliases is None else aliases,
        quota=quota or base.quota,
        compatibility=overlaid(compatibility, named),
        rates=rates,
    )


def _new_model(model_id: str, ground: Ground) -> Model:
    return Model(
        id=model_id,
        compatibility=ground.compatibility,
        rates=ground.rates(model_id) if model_id else None,
    )


def read_quota(reader: TableReader) -> str | None:
    """Read `quota`, the name of the quota group of a provider or a model."""
    name = reader.text("quota")
    if name is None or _QUOTA.fullmatch(name):
        return name
    hint = 'Write a short name of its own, such as quota = "work".'
    reader.problem("quota", "`quota` has characters that do not belong there.", hint)
    return None


def _with_quality(reader: TableReader, base: Model) -> Model:
    """Return `base` with the quality that the file names, and who judged it."""
    quality = reader.number("quality", 0, _BEST)
    single = _read_class_quality(reader, dict(base.class_quality))
    source = reader.text("quality_source")
    if quality is None and single is None:
        return replace(base, quality_source=source or base.quality_source)
    return replace(
        base,
        quality=base.quality if quality is None else quality,
        class_quality=base.class_quality if single is None else single,
        quality_source=source or USER_WORD,
    )


def _read_class_quality(
    reader: TableReader, base: dict[str, int]
) -> tuple[tuple[str, int], ...] | None:
    table = reader.table("class_quality")
    if table is None:
        return None
    found = {name: table.number(name, 0, _BEST) for name in CLASSES}
    table.finish()
    reader.sound &= table.sound
    base |= {name: value for name, value in found.items() if value is not None}
    return tuple((name, base[name]) for name in CLASSES if name in base)


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
