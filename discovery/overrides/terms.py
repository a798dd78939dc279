"""What the searches for overrides share: where they look and how they tell.

It knows no client and tells of a value only what is no secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from discovery.findings import Override
from discovery.key_shapes import address_shown, is_gateway, is_ours, shown
from discovery.settings_text import (
    line_of,
    place_shown,
)
from discovery.shell_files import Assigned
from discovery.surroundings import Surroundings

_ENVIRONMENT: Final = "the environment Turnout was started in"


@dataclass(frozen=True, slots=True)
class View:
    """What the search for one client's overrides may look at."""

    surroundings: Surroundings
    own_port: int | None
    lines: Sequence[Assigned]
    system: Path

    @property
    def folder(self) -> Path | None:
        """The project folder that a user named."""
        return self.surroundings.folder


@dataclass(frozen=True, slots=True)
class Rule:
    """One variable: what it does where it is set, and whether it is in the way."""

    sentence: str
    blocks: bool


def variables(view: View, rules: Mapping[str, Rule]) -> Iterator[Override]:
    """Yield variables that are set here, or in a shell start-up file."""
    told = {line.name for line in view.lines if line.exported}
    for name, rule in rules.items():
        value = view.surroundings.environ.get(name, "")
        if value and name not in told and not is_in_nobodys_way(view, value):
            yield Override(
                where=_ENVIRONMENT,
                name=name,
                line=f"{name}={shown(name, value)}",
                sentence=rule.sentence,
                points_to=address_shown(value),
                blocks=rule.blocks,
            )
    for line in view.lines:
        found = rules.get(line.name)
        if (
            found
            and line.exported
            and line.value
            and not is_in_nobodys_way(view, line.value)
        ):
            yield in_shell(line, found.sentence, blocks=found.blocks)


def moved_home(view: View, name: str, client: str) -> Iterator[Override]:
    """Yield a folder of settings that only shells know, and Turnout therefore not."""
    known = view.surroundings.environ.get(name, "")
    for line in view.lines:
        if line.name == name and line.exported and line.value != known:
            where = "after the next login" if line.at_login else "from that shell"
            sentence = (
                f"{client} started {where} keeps its settings in another folder than "
                "Turnout sees."
            )
            yield in_shell(line, sentence)


def in_shell(line: Assigned, sentence: str, *, blocks: bool = True) -> Override:
    """Return an override in a shell start-up file; a secret in its line is hidden."""
    return Override(
        where=line.where,
        name=line.name,
        line=f"{line.head}{shown(line.name, line.value)}",
        sentence=sentence,
        points_to=address_shown(line.value),
        blocks=blocks,
    )


def in_file(
    view: View,
    path: Path,
    name: str,
    value: str,
    sentence: str,
    *,
    blocks: bool = True,
) -> Override:
    """Return an override in a file; its line is made anew, others may stand on it."""
    number = line_of(path, name.rpartition(".")[2])
    sign = {".toml": " = ", ".env": "=", "": "="}.get(path.suffix, ": ")
    quote = "" if path.suffix in {"", ".env", ".yml"} else '"'
    plain = shown(name, value)
    left = f'"{name}"' if path.suffix == ".json" else name
    return Override(
        where=place_shown(path, view.surroundings, number),
        name=name,
        line=f"{left}{sign}{quote}{plain}{quote}",
        sentence=sentence,
        points_to=address_shown(value),
        blocks=blocks,
    )


def is_in_nobodys_way(view: View, value: str) -> bool:
    """Say whether a value is a key of ours or the address of our own gateway."""
    return is_ours(value) or is_gateway(value, view.own_port)
