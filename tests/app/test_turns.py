"""Turns: one at a time for a client, each client by itself, none without a folder."""

import asyncio
from pathlib import Path

import pytest

from app.turns import TurnTaken, turn_of


async def test_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    async def take() -> None:
        nonlocal inside, most
        async with turn_of(tmp_path, "codex"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(take() for _ in range(4)))
    assert most == 1


async def test_a_turn_that_does_not_end_is_told(tmp_path: Path) -> None:
    async with turn_of(tmp_path, "codex"):
        async with turn_of(tmp_path, "opencode"):
            pass
        with pytest.raises(TurnTaken):
            async with turn_of(tmp_path, "codex", wait=0.05):
                pass
    async with turn_of(tmp_path, "codex", wait=0.05):
        pass


async def test_without_a_folder_it_goes_on(tmp_path: Path) -> None:
    async with turn_of(tmp_path / "none", "codex"):
        pass
