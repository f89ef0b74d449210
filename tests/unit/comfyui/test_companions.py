"""Tasks beside a block, and progress beside an execution."""

from __future__ import annotations

import asyncio

import pytest

from qwenedit_worker.comfyui import Progress, Stage
from qwenedit_worker.comfyui.execution.companions import beside
from qwenedit_worker.comfyui.execution.progress import Reporter


async def forever() -> None:
    await asyncio.Event().wait()


async def test_companions_end_with_the_block() -> None:
    ended = asyncio.Event()

    async def companion() -> None:
        try:
            await forever()
        finally:
            ended.set()

    async with beside(companion()):
        await asyncio.sleep(0)
    assert ended.is_set()


async def test_the_blocks_exception_comes_out_as_it_is_with_its_cause() -> None:
    cause = KeyError("cause")

    with pytest.raises(ValueError, match="block") as caught:
        async with beside(forever()):
            raise ValueError("block") from cause
    assert caught.value.__cause__ is cause


async def test_a_companions_exception_ends_the_block() -> None:
    async def fails() -> None:
        raise ValueError("companion")

    with pytest.raises(ValueError, match="companion"):
        async with beside(fails()):
            await forever()


async def test_progress_goes_forward_only_and_skips_what_a_slow_listener_missed() -> None:
    seen: list[Progress] = []
    gate = asyncio.Event()

    async def listener(progress: Progress) -> None:
        seen.append(progress)
        await gate.wait()

    reporter = Reporter(listener)
    async with beside(reporter.run()):
        reporter.show(Progress(Stage.QUEUED))
        await asyncio.sleep(0.01)
        for step in (1, 2, 3, 2):
            reporter.show(Progress(Stage.EDITING, step, 4))
        reporter.show(Progress(Stage.STARTING))
        gate.set()
        await asyncio.sleep(0.01)

    assert seen == [Progress(Stage.QUEUED), Progress(Stage.EDITING, 3, 4)]
