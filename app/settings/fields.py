"""The settings a user may write under `[gateway]`, each declared once.

Validation, the settings window and the reference page all come from the fields here;
it must not read files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from proxy.catalogue.problems import TableReader
from proxy.routing import Mode


class OnQuit(StrEnum):
    """What Quit does with connected clients.

    `keep` lets the gateway go on serving in the background; `unwire` takes the clients'
    settings back until the next start; `ask` asks.
    """

    ASK = "ask"
    KEEP = "keep"
    UNWIRE = "unwire"


_DOLLARS = re.compile(r"([0-9]{1,9}(\.[0-9]{1,9})?)?")


def _number(default: int, low: int, high: int, text: str) -> int:
    """Declare a whole number from `low` to `high`."""
    metadata = {"help": text, "low": low, "high": high}
    value: int = field(default=default, metadata=metadata)
    return value


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user set, or the defaults."""

    port: int = _number(
        8787,
        1,
        65535,
        "The port on 127.0.0.1 and ::1 that clients call. A new one holds from the"
        " next start.",
    )
    mode: Mode = field(
        default=Mode.DIRECT,
        metadata={
            "help": "How a route is chosen. The tray and `turnout mode` change this"
            " line.",
        },
    )
    experimental_tools: bool = field(
        default=False,
        metadata={
            "help": "Whether requests with tools may go to models whose tool use with"
            " that client is marked experimental."
        },
    )
    price_ceiling: str = field(
        default="",
        metadata={
            "help": "Dollars that one request may be expected to cost, such as"
            ' "0.50"; "" sets no ceiling, "0" leaves what costs nothing. Models of'
            " unknown price are left out then.",
        },
    )
    on_quit: OnQuit = field(
        default=OnQuit.ASK,
        metadata={
            "help": "What Quit does while clients are connected: `keep` goes on serving"
            " them in the background, `unwire` takes their settings back until the next"
            " start, `ask` asks once. The tray and `turnout quit choice` change this"
            " line.",
        },
    )
    first_byte_seconds: int = _number(
        600, 1, 3600, "Seconds a provider may take until the first byte of its answer."
    )
    stream_silence_seconds: int = _number(
        120, 1, 3600, "Seconds a provider may be silent inside a streamed answer."
    )
    drain_seconds: int = _number(
        10, 0, 600, "Seconds that open streams may go on after Turnout is told to stop."
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a reference page shows it.

    `low` and `high` bound a number, `choices` are the words of a closed set; what
    does not apply is None or empty.
    """

    name: str
    default: str
    help: str
    low: int | None
    high: int | None
    choices: tuple[str, ...]


def setting_reference() -> tuple[Setting, ...]:
    """Return every setting in the order of its declaration."""
    return tuple(
        Setting(
            name=one.name,
            default=_written(one.default),
            help=one.metadata["help"],
            low=one.metadata.get("low"),
            high=one.metadata.get("high"),
            choices=_choices(one.default),
        )
        for one in fields(Settings)
    )


def read_settings(reader: TableReader) -> Settings:
    """Read the table `[gateway]`; what is absent or wrong keeps its default."""
    found: dict[str, Any] = {}
    for one in setting_reference():
        value = _read(reader, one)
        if value is not None:
            found[one.name] = value
    reader.finish()
    return replace(Settings(), **found)


def _choices(default: object) -> tuple[str, ...]:
    if isinstance(default, StrEnum):
        return tuple(type(default))
    return ("false", "true") if isinstance(default, bool) else ()


def _written(default: object) -> str:
    """Return a default as the file spells it."""
    if isinstance(default, bool):
        return "true" if default else "false"
    return str(default) if default != "" else '""'


def _read(reader: TableReader, one: Setting) -> int | str | None:
    if one.low is not None and one.high is not None:
        return reader.number(one.name, one.low, one.high)
    if one.choices == ("false", "true"):
        return reader.flag(one.name)
    if not one.choices:
        return _read_dollars(reader, one.name)
    return reader.word(one.name, OnQuit if one.name == "on_quit" else Mode)


def _read_dollars(reader: TableReader, name: str) -> str | None:
    """Read an amount as the text it stands as; '' is none."""
    value = reader.raw(name)
    if value is None or (isinstance(value, str) and _DOLLARS.fullmatch(value)):
        return value
    hint = f'Write dollars in quotes: {name} = "0.50", or "" for none.'
    reader.problem(name, f"`{name}` is not an amount in quotes.", hint)
    return None
