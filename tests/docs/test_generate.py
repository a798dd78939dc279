from __future__ import annotations

import dataclasses
import enum
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from app.commands.command import Command, Effect
from docs import generate


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass(frozen=True, slots=True)
class Painted:
    done: bool


async def paint(
    services: object,
    colour: Colour,
    *,
    coats: Annotated[int | None, msgspec.Meta(description="How often | at most.")] = 2,
) -> Painted:
    """Paints the wall."""
    return Painted(done=True)


async def silent(services: object) -> Painted:
    return Painted(done=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Wall:
    port: int = dataclasses.field(default=8787, metadata={"help": "Where it listens."})
    colour: Colour = dataclasses.field(default=Colour.RED, metadata={"help": "Paint."})
    names: tuple[str, ...] = dataclasses.field(
        default_factory=tuple, metadata={"help": "Who may lean on it."}
    )


def test_a_command_is_described_by_its_signature() -> None:
    page = generate.commands_page([Command("wall paint", paint, Effect.CHANGE)])
    assert "## turnout wall paint" in page
    assert "Paints the wall." in page
    assert "Effect: change." in page
    assert "| `colour` | `red`, `blue` | required |" in page
    assert r"| `--coats` | number | `2` | How often \| at most. |" in page


def test_a_command_without_docstring_is_an_error() -> None:
    with pytest.raises(generate.Undescribed, match="wall"):
        generate.commands_page([Command("wall", silent, Effect.READ)])


def test_a_setting_is_described_by_its_field() -> None:
    page = generate.settings_page(Wall)
    assert "| `port` | number | `8787` | Where it listens. |" in page
    assert "| `colour` | `red`, `blue` | `red` | Paint. |" in page


def test_a_setting_without_help_is_an_error() -> None:
    bare = dataclasses.make_dataclass("Bare", [("port", int, 1)])
    with pytest.raises(generate.Undescribed, match="port"):
        generate.settings_page(bare)


def test_pages_that_differ_lack_or_belong_to_nothing_are_stale(tmp_path: Path) -> None:
    for name, text in {"same.md": "1", "other.md": "1", "left.md": "1"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    texts = {"same.md": "1", "other.md": "2", "new.md": "3"}
    assert generate.stale_pages(texts, tmp_path) == ["left.md", "new.md", "other.md"]
