"""Finds what wins over the settings of Codex.

It must not judge a provider of the user's, only name it.
"""

from __future__ import annotations

from collections.abc import Iterator

from discovery.findings import Override
from discovery.folders import codex_folder
from discovery.overrides.terms import (
    View,
    in_file,
    is_in_nobodys_way,
    moved_home,
)
from discovery.settings_text import (
    toml_of,
    word_of,
)


def codex(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of Codex."""
    yield from moved_home(view, "CODEX_HOME", "Codex")
    path = codex_folder(view.surroundings) / "config.toml"
    name = word_of(toml_of(path).get("model_provider"))
    if name and name != "openai":
        sentence = (
            "Codex without a profile goes to this provider. The profile Turnout writes "
            "has its own and is not touched by it."
        )
        yield in_file(view, path, "model_provider", name, sentence, blocks=False)
    managed = view.system / "etc" / "codex" / "managed_config.toml"
    told = toml_of(managed)
    for key in ("model_provider", "openai_base_url"):
        value = word_of(told.get(key))
        if value and not is_in_nobodys_way(view, value):
            sentence = "This file is managed and wins over every setting of yours."
            yield in_file(view, managed, key, value, sentence)
