"""Names that stand for something: a mode, or a model in a list that only shows some.

It must not look at the catalogue: a name alone says what it stands for. Claude Code's
picker lists only ids that begin with `claude` or `anthropic` (seen with 2.1.329).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from proxy.routing import Mode

MODE_NAMES: Final = MappingProxyType(
    {
        Mode.CODING_AUTO: ("turnout-auto", "Turnout: coding, automatic"),
        Mode.CODING_FAST: ("turnout-fast", "Turnout: coding, fast"),
        Mode.CODING_PREMIUM: ("turnout-premium", "Turnout: coding, premium"),
        Mode.OFFLINE: ("turnout-offline", "Turnout: offline"),
        Mode.DIRECT: ("turnout-direct", "Turnout: direct"),
    }
)
"""The name each mode can be asked for by in place of a model, and what people read."""

_SHOWN = ("claude", "anthropic")
_MODE_START = "claude-"
_MODEL_START = "claude-turnout/"
_MODES = {
    name: mode
    for mode, (short, _) in MODE_NAMES.items()
    for plain in (short, f"turnout-{mode}")
    for name in (plain, f"{_MODE_START}{plain}")
}


def alias_mode(requested: str) -> Mode | None:
    """Return the mode that a requested model stands for, None for any other name."""
    return _MODES.get(requested)


def real_name(requested: str) -> str:
    """Return the name that an id of Claude Code's list stands for: `provider/model`.

    Every other name stands for itself.
    """
    return requested.removeprefix(_MODEL_START) or requested


def shown_mode(mode: Mode) -> str:
    """Return the id of a mode that Claude Code's picker lists."""
    return f"{_MODE_START}{MODE_NAMES[mode][0]}"


def shown_model(provider_id: str, model_id: str) -> str:
    """Return the id of a model that Claude Code's picker lists."""
    if model_id.startswith(_SHOWN):
        return model_id
    return f"{_MODEL_START}{provider_id}/{model_id}"
