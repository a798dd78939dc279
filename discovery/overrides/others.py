"""Finds what wins over opencode, openclaw, Continue and Aider.

It must not read a folder that nobody named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from discovery.findings import Override
from discovery.overrides.terms import (
    Rule,
    View,
    in_file,
    is_in_nobodys_way,
    moved_home,
    variables,
)
from discovery.settings_text import (
    dotenv_of,
    json_of,
    table_of,
    text_of,
    word_of,
)

OPENCODE_VARIABLES: Final = {
    "OPENCODE_CONFIG": Rule(
        "opencode reads this file as well, and what it says wins.", blocks=False
    ),
    "OPENCODE_CONFIG_CONTENT": Rule(
        "opencode takes this over every file.", blocks=False
    ),
}
OPENCLAW_VARIABLES: Final = {
    "OPENCLAW_CONFIG_READONLY": Rule(
        "openclaw refuses every change of its settings.", blocks=True
    ),
}


def opencode(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of opencode."""
    yield from variables(view, OPENCODE_VARIABLES)
    for path in _opencode_files(view):
        told = json_of(path)
        model = word_of(told.get("model"))
        if model and not model.startswith("turnout/"):
            sentence = "opencode takes this model over the one in your home folder."
            yield in_file(view, path, "model", model, sentence)
        if table_of(told.get("provider")).get("turnout") is not None:
            sentence = "This file has a provider named turnout of its own, which wins."
            yield in_file(view, path, "provider.turnout", "...", sentence)


def _opencode_files(view: View) -> Iterator[Path]:
    names = ("opencode.json", "opencode.jsonc")
    folders = [_managed_opencode(view)]
    if view.folder is not None:
        folders += [view.folder, view.folder / ".opencode"]
    for folder in folders:
        yield from (folder / name for name in names)


def _managed_opencode(view: View) -> Path:
    if view.surroundings.platform == "darwin":
        return view.system / "Library" / "Application Support" / "opencode"
    return view.system / "etc" / "opencode"


def openclaw(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of openclaw."""
    yield from variables(view, OPENCLAW_VARIABLES)
    for name in ("OPENCLAW_CONFIG_PATH", "OPENCLAW_STATE_DIR", "OPENCLAW_HOME"):
        yield from moved_home(view, name, "openclaw")


def continue_(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of Continue."""
    yield from moved_home(view, "CONTINUE_GLOBAL_DIR", "Continue")


AIDER_VARIABLES: Final = {
    name: Rule("Aider takes this value over the one in its file.", blocks=True)
    for name in ("AIDER_OPENAI_API_BASE", "AIDER_MODEL")
}


def aider(view: View) -> Iterator[Override]:
    """Yield what wins over the settings of Aider."""
    yield from variables(view, AIDER_VARIABLES)
    if view.folder is None:
        return
    path = view.folder / ".aider.conf.yml"
    for line in (text_of(path) or "").splitlines():
        name, colon, rest = line.partition(":")
        value = rest.strip().strip("'\"")
        wanted = name in {"openai-api-base", "model"}
        if colon and wanted and value and not is_in_nobodys_way(view, value):
            sentence = "Aider takes this file over the one in your home folder."
            yield in_file(view, path, name, value, sentence)
    for name, (_, value) in dotenv_of(view.folder / ".env").items():
        rule = AIDER_VARIABLES.get(name)
        if rule and value and not is_in_nobodys_way(view, value):
            yield in_file(view, view.folder / ".env", name, value, rule.sentence)
