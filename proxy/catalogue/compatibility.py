"""Reads what models are known to do: the registry's words in a provider's file.

It must not decide what follows from them; routing does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxy.catalogue.problems import TableReader
from proxy.catalogue.provider import Compatibility, Safety

USER_WORD: Final = "config.toml"
"""The `source` of what the user wrote down himself."""

_FLAGS = ("streaming", "parallel_tools", "forced_tools", "thinking", "structured")
_SAFE = {"claude_code_safe": "claude_code", "codex_safe": "codex"}


def read_compatibility(reader: TableReader) -> Mapping[str, object]:
    """Read the table `compatibility` of a provider's or a model's table.

    Returns the fields of `Compatibility` that it names, to be laid over what holds
    otherwise (`overlaid`). Whatever is wrong in it makes `reader` unsound.
    """
    table = reader.table("compatibility")
    if table is None:
        return {}
    named: dict[str, object] = {name: table.flag(name) for name in _FLAGS}
    named |= _safety(table)
    named["source"] = table.text("source")
    table.finish()
    reader.sound &= table.sound
    return {name: value for name, value in named.items() if value is not None}


def read_model_compatibility(reader: TableReader) -> Mapping[str, object]:
    """Read what a model's table says, in `compatibility` or in its own two words.

    The words `claude_code_safe` and `codex_safe` may stand in the model's table too.
    """
    short = {name: word for name, word in _safety(reader).items() if word is not None}
    return {**read_compatibility(reader), **short}


def overlaid(base: Compatibility, named: Mapping[str, object]) -> Compatibility:
    """Return `base` with the fields that a file named; their source comes with them."""
    if not named:
        return base
    # The values have the types of the fields they were read for.
    return replace(base, **{"source": USER_WORD, **named})  # type: ignore[arg-type]


def taken_at_word(base: Compatibility) -> Compatibility:
    """Return what holds where the user says that a model he adds can use tools."""
    yes = Safety.YES
    return replace(base, claude_code=yes, codex=yes, source=USER_WORD)


def _safety(reader: TableReader) -> dict[str, Safety | None]:
    return {field: reader.word(name, Safety) for name, field in _SAFE.items()}
