"""Background tasks: none is lost, none fails unheard, none quotes what it was given."""

import asyncio
import gc

import pytest

from proxy import tasks
from proxy.tasks import spawn


async def test_a_task_that_nobody_holds_still_ends() -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        done.set()

    _ = spawn(work(), "work")
    gc.collect()
    async with asyncio.timeout(1.0):
        await done.wait()
    await asyncio.sleep(0)
    assert not [task for task in tasks._running if task.get_name() == "work"]


async def test_an_error_is_logged_by_name_and_type_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        raise ValueError("what a client sent")

    task = spawn(work(), "look")
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert "task look failed: ValueError" in caplog.text
    assert "what a client sent" not in caplog.text


async def test_a_cancelled_task_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    task = spawn(asyncio.sleep(60), "pause")
    task.cancel()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert not caplog.records


async def test_the_result_is_the_tasks_own() -> None:
    async def work() -> int:
        return 5

    assert await spawn(work(), "work") == 5
