"""Parts that are kept running: one that ends or hangs is started again, after a pause that grows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_stack.parts import Service
from local_stack.processes.errors import PartError, PartNotReadyError, how_it_ended
from local_stack.processes.part import STOP_TIMEOUT
from local_stack.processes.ready import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from local_stack.processes.part import Part

FIRST_START_TIMEOUT = 600.0
"""Seconds: Redis may have a long file to read."""
NOT_READY_AFTER = 30.0
"""Seconds after which a part is said to wait for something."""
READY_PERIOD = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY = 60.0
"""Seconds that a part runs before its next end counts as the first one."""
PROBE_PERIOD = 10.0
PROBE_TIMEOUT = 5.0
PROBE_FAILURES, PROBE_FAILURES_AT_START = 6, 30
"""Of `/livez` in a row, after the first answer and before it; then the part hangs."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A part that is kept running.

    Args:
        part: The part.
        stop_seconds: How long it may take to finish what it does when it is stopped.
        waits_for: What it needs to become ready, in words. Such a part is not waited for. Empty for one that the
            others need.
        when_ready: What is said when it is ready and all others have been started.
    """

    part: Part
    stop_seconds: float = STOP_TIMEOUT
    waits_for: str = ""
    when_ready: str = ""


class Supervisor:
    """Starts parts in order, keeps them running, and stops them in the opposite order.

    Args:
        kept: The parts.
        say: Told in words what happens to them.
    """

    def __init__(self, kept: Sequence[Kept], *, say: Callable[[str], None]) -> None:
        self._kept = kept
        self._say = say
        self._unready: list[Kept] = []

    async def run(self) -> None:
        """Run until cancelled; then stop all parts.

        Raises:
            PartError: one ended at its first start, where the person who started it still looks.
        """
        begun: list[Kept] = []
        try:
            for each in self._kept:
                begun.append(each)
                await self._start(each)
            for each in self._kept:
                if each.when_ready and each not in self._unready:
                    self._say(each.when_ready)
            async with asyncio.TaskGroup() as tasks:
                for each in self._kept:
                    tasks.create_task(self._keep(each.part), name=f"keep {each.part.name}")
                for each in self._unready:
                    tasks.create_task(self._announce(each), name=f"announce {each.part.name}")
        finally:
            for each in reversed(begun):
                if each.part.running:
                    await each.part.stop(timeout=each.stop_seconds)

    async def _start(self, kept: Kept) -> None:
        if not kept.waits_for:
            await kept.part.start(timeout=FIRST_START_TIMEOUT)
            return
        await kept.part.launch()
        try:
            await kept.part.wait_ready(timeout=NOT_READY_AFTER)
        except PartNotReadyError:
            self._say(f"{kept.part.name} is not ready yet: it needs {kept.waits_for}.")
            self._unready.append(kept)

    async def _announce(self, kept: Kept) -> None:
        """Say when a part that was not ready has become so, in this life or in a later one."""
        while True:
            try:
                await kept.part.wait_ready()
                break
            except PartError:
                await asyncio.sleep(READY_PERIOD)
        self._say(kept.when_ready or f"{kept.part.name} is ready.")

    async def _keep(self, part: Part) -> None:
        ends, since = 0, time.monotonic()
        how = await _end(part)
        while True:
            ends = 1 if time.monotonic() - since >= STEADY else ends + 1
            pause = min(FIRST_PAUSE * 2 ** (ends - 1), LONGEST_PAUSE)
            self._say(f"{part.name} {how}; it starts again in {pause:g} s" + (f" (end {ends})." if ends > 1 else "."))
            await asyncio.sleep(pause)
            since = time.monotonic()
            try:
                await part.launch()
            except OSError as error:
                how = f"could not be started ({error})"
            else:
                how = await _end(part)


async def _end(part: Part) -> str:
    """Wait until a part has ended, kill one that hangs, and say how it ended."""
    ended = asyncio.create_task(part.wait())
    hung = asyncio.create_task(_hung(part))
    try:
        await asyncio.wait({ended, hung}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            return how_it_ended(ended.result())
        await part.kill()
        return "did not answer its liveness probe and was killed"
    finally:
        for task in (ended, hung):
            task.cancel()
        await asyncio.gather(ended, hung, return_exceptions=True)


async def _hung(part: Part) -> None:
    """Wait until a part has not answered its liveness probe for long; for ever where it has none."""
    if not isinstance(part, Service):
        await asyncio.Event().wait()
        return
    failures, allowed = 0, PROBE_FAILURES_AT_START
    while failures < allowed:
        alive, _ = await asyncio.gather(_is_alive(part), asyncio.sleep(PROBE_PERIOD))
        failures, allowed = (0, PROBE_FAILURES) if alive else (failures + 1, allowed)


async def _is_alive(service: Service) -> bool:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            return await answers(f"{service.probe_url}/livez")
    except TimeoutError:
        return False
