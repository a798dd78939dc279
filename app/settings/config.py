"""Turns the bytes of `config.toml` into a configuration and a list of its problems.

It must not read files and never raises on what a file holds; which of several
configurations is used is `store`'s business.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from app.settings.fields import Settings, read_settings
from app.settings.lines import with_lines
from proxy.catalogue import (
    Catalogue,
    ConfigProblem,
    Provider,
    catalogue_of,
    known_providers,
    read_providers,
)
from proxy.catalogue.address import is_loopback, origin
from proxy.catalogue.problems import TableReader
from proxy.money import NANO_PER_DOLLAR
from proxy.policies import read_rules, shipped_policy
from proxy.routing import Mode, Policy, Rule

MOST_BYTES = 1_000_000
"""The size of file that is still read."""

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_HEADER = re.compile(r"\s*\[\[?\s*[A-Za-z0-9_-]+\s*\]\]?\s*(#.*)?")
_SAYS_MODE = re.compile(r"(?m)^[^#\n]*(\bmode[\"']?\s*=|\boffline\b)")
_UNREADABLE_MODE = (
    "The mode in config.toml cannot be read, so Turnout is offline until it can."
)
# Also where it is misspelt: who wanted a ceiling must not be without one.
_SAYS_CEILING = re.compile(r"(?mi)^[^#\n]*\b(price[_-]?cei?l|ceiling)[\w-]*[\"']?\s*=")
_UNREADABLE_CEILING = (
    "The price ceiling in config.toml cannot be read, so only what costs nothing is"
    " used until it can."
)
_SOURCE_NOTES = {
    "last-good": "Turnout works with the last version of config.toml that had no"
    " problem.",
    "partial": "Turnout works with what is sound in config.toml; there is no earlier"
    " version without a problem.",
}


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration that acts, and what is wrong with the file it should be.

    `source`: the file as it stands (`file`); the last copy without a problem, because
    the file has some (`last-good`); what is sound in the file, because there is no
    such copy (`partial`); or nothing, because there is no file (`built-in`).
    `raw_mode` is the mode as the file has it, '' where it names none.
    """

    settings: Settings
    catalogue: Catalogue
    problems: tuple[ConfigProblem, ...]
    source: Literal["file", "last-good", "partial", "built-in"]
    raw_mode: str = ""
    mode_unreadable: bool = False
    ceiling_unreadable: bool = False
    rules: tuple[Rule, ...] = ()

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The providers in the order of the file."""
        return self.catalogue.providers

    @property
    def mode(self) -> Mode:
        """The mode that acts."""
        return self.settings.mode

    @property
    def policy(self) -> Policy:
        """What is wanted of routing: Turnout's own data, and what the user set."""
        settings = self.settings
        ceiling = settings.price_ceiling
        return replace(
            shipped_policy(),
            mode=settings.mode,
            rules=self.rules,
            experimental=settings.experimental_tools,
            ceiling_nano=int(Decimal(ceiling) * NANO_PER_DOLLAR) if ceiling else None,
        )

    @property
    def mode_note(self) -> str:
        """The sentences that say why mode or ceiling is not the file's, or ''."""
        told = (
            _UNREADABLE_MODE if self.mode_unreadable else "",
            _UNREADABLE_CEILING if self.ceiling_unreadable else "",
        )
        return " ".join(filter(None, told))

    @property
    def source_note(self) -> str:
        """The sentence that says why something else than the file acts, or ''."""
        return _SOURCE_NOTES.get(self.source, "")


class NotToml(Exception):
    """A file that is no TOML; `text` is what could be decoded of it."""

    def __init__(self, text: str, line: int | None, message: str) -> None:
        """Keep where and why."""
        super().__init__(message)
        hint = "Mend this place; what follows it could not be checked."
        self.text = text
        self.problem = ConfigProblem(line, "", message, hint)


def built_in() -> Config:
    """Return the configuration of somebody who has written none."""
    return Config(Settings(), catalogue_of(()), (), "built-in")


def parse(data: bytes) -> tuple[dict[str, object], str]:
    """Return the TOML in `data` and its text, without a byte order mark.

    Raises `NotToml`, which carries the problem.
    """
    if len(data) > MOST_BYTES:
        raise NotToml("", None, "The file is larger than 1 MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise NotToml("", line, "The file is not UTF-8 text.") from None
    try:
        return tomllib.loads(text), text
    except ValueError as error:
        raise NotToml(text, *_placed(str(error), text)) from None
    except RecursionError:
        raise NotToml(text, None, "The file is nested too deeply.") from None


def _placed(reason: str, text: str) -> tuple[int | None, str]:
    """Return the line and the sentence of a parser's message.

    tomllib's messages quote keys and single characters, never a value; whatever
    carries no place is not tomllib's own and is not repeated.
    """
    place = _PLACE.search(reason)
    if place is None:
        return None, "The file is not valid TOML: a number in it is too long."
    last = text.rstrip().count("\n") + 1
    line = int(place["line"]) if place["line"] else last
    return line, f"The file is not valid TOML: {_PLACE.sub('', reason)}."


def read_config(data: bytes) -> Config:
    """Read a whole file: `file` where it has no problem, else what is sound in it."""
    try:
        table, text = parse(data)
    except NotToml as broken:
        return _read(_sound_start(broken), broken.text, (broken.problem,))
    return _read(table, text, ())


def _read(
    table: Mapping[str, object], text: str, earlier: tuple[ConfigProblem, ...]
) -> Config:
    found: list[ConfigProblem] = []
    top = TableReader(table, "", found)
    gateway = top.table("gateway")
    settings = read_settings(gateway) if gateway else Settings()
    raw_mode = gateway.raw("mode") if gateway else None
    top.has("providers")
    top.has("rules")
    top.finish()
    providers, wrong = read_providers(table, known_providers())
    providers, loops = _without_loops(providers, table, settings.port)
    rules, unruly = read_rules(table)
    listed = (*found, *wrong, *loops, *unruly)
    # Lines can only be found in a file that parses as a whole.
    problems = earlier or (with_lines(text, listed) if listed else ())
    unreadable = bool(problems) and _hides_mode(text, raw_mode, settings)
    if unreadable:
        # Somebody who asked for offline must not be let out by a slip of the pen.
        settings = replace(settings, mode=Mode.OFFLINE)
    raw_ceiling = gateway.raw("price_ceiling") if gateway else None
    unbound = bool(problems) and _hides_ceiling(text, raw_ceiling, settings)
    if unbound:
        settings = replace(settings, price_ceiling="0")
    return Config(
        settings=settings,
        catalogue=catalogue_of(providers),
        problems=problems,
        source="partial" if problems else "file",
        raw_mode=raw_mode if isinstance(raw_mode, str) else "",
        mode_unreadable=unreadable,
        ceiling_unreadable=unbound,
        rules=rules,
    )


def _hides_mode(text: str, raw_mode: object, settings: Settings) -> bool:
    """Say whether the file names a mode that could not be read."""
    return raw_mode != settings.mode and _SAYS_MODE.search(text) is not None


def _hides_ceiling(text: str, raw: object, settings: Settings) -> bool:
    """Say whether the file names a price ceiling that could not be read."""
    return raw != settings.price_ceiling and _SAYS_CEILING.search(text) is not None


def _sound_start(broken: NotToml) -> dict[str, object]:
    """Return the tables that end before the one with the fault begins."""
    lines = broken.text.replace("\r\n", "\n").split("\n")
    fault = min(broken.problem.line or 0, len(lines))
    for count in range(fault - 1, 0, -1):
        if _HEADER.fullmatch(lines[count]):
            try:
                return tomllib.loads("\n".join(lines[:count]))
            except (ValueError, RecursionError):
                continue
    return {}


def _without_loops(
    providers: tuple[Provider, ...], table: Mapping[str, object], port: int
) -> tuple[tuple[Provider, ...], tuple[ConfigProblem, ...]]:
    """Leave out providers that lead back to this gateway."""
    entries = table.get("providers")
    ids = [
        entry.get("id") if isinstance(entry, dict) else None
        for entry in (entries if isinstance(entries, list) else [])
    ]
    looping = [one for one in providers if _leads_to(one, port)]
    problems = tuple(
        ConfigProblem(
            None,
            f"providers[{ids.index(one.id)}].base_url",
            "This address is Turnout's own port; requests would go round in circles.",
            "Write the address of the provider, not of Turnout.",
        )
        for one in looping
    )
    return tuple(one for one in providers if one not in looping), problems


def _leads_to(provider: Provider, port: int) -> bool:
    urls = map(provider.url, provider.protocols)
    return any(is_loopback(url) and origin(url)[2] == port for url in urls)
