"""Both versions as processes on this machine, with one Redis: quick, and without a cluster."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from proofs.upgrades.product import SETTINGS, STUMBLES, WORKERS, Connections, Counts
from qwenedit_testkit import ROOT
from qwenedit_testkit.system import START_TIMEOUT, System

if TYPE_CHECKING:
    from pathlib import Path

    from local_stack import Service

STEP_SECONDS = 0.5
GRACE = 90.0
"""Seconds that a part has to end, in which a job may be finished."""


class Processes(System):
    """Redis, both simulators, and the bot and two workers of one of two versions.

    Args:
        folder: For data; empty.
        old: Checkout of the version that runs first, with its own environment.
        python: That environment's Python.
    """

    def __init__(self, folder: Path, *, old: Path, python: Path) -> None:
        super().__init__(folder, env=SETTINGS, comfyuis=WORKERS, step_seconds=STEP_SECONDS)
        self._old, self._python = old, python
        self._bot: Service
        self._workers: list[Service]

    async def _prepare(self) -> None:
        self._bot, self._workers = self._version(self._old, self._python)
        await self.start(self._bot, *self._workers)

    async def counts(self) -> Counts:
        """Count the jobs."""
        counts = await self.queue.counts()
        return Counts(counts.waiting, counts.running + counts.draining, counts.delayed)

    async def stumble(self) -> None:
        """Have each ComfyUI forget the next job that has the word in its instruction."""
        for control in self.controls:
            await control.fault("vanish", prompt=STUMBLES, at_step=1)

    async def upgrade(self) -> Connections | None:
        """Replace all parts by the new version's."""
        await self._become(*self._version(ROOT, None))
        return None

    async def roll_back(self) -> Connections | None:
        """Replace all parts by the old version's."""
        await self._become(*self._version(self._old, self._python))
        return None

    async def until_scaled(self) -> None:
        """Nothing scales here."""

    def _version(self, checkout: Path, python: Path | None) -> tuple[Service, list[Service]]:
        workflows = str(checkout / "services/comfyui/workflows")
        bot = self.bot("bot")
        # Versions before POD_NAME read a worker's name from WORKER_ID.
        workers = [
            self.worker(f"worker-{number}", number, WORKFLOWS_DIR=workflows, WORKER_ID=f"worker-{number}")
            for number in range(WORKERS)
        ]
        for part in (bot, *workers):
            if python is not None:
                part.command = (str(python), *part.command[1:])
        return bot, workers

    async def _become(self, bot: Service, workers: list[Service]) -> None:
        """Replace each part as the chart does with polling: the old one ends before the new one starts."""
        before = [self._bot, *self._workers]
        await asyncio.gather(*(_replace(old, new) for old, new in zip(before, [bot, *workers], strict=True)))
        self._bot, self._workers = bot, workers


async def _replace(old: Service, new: Service) -> None:
    old.signal(signal.SIGTERM)
    async with asyncio.timeout(GRACE):
        code = await old.wait()
    if code:
        raise RuntimeError(f"{old.name} ended with {code}:\n" + "\n".join(old.lines[-20:]))
    await new.start(timeout=START_TIMEOUT)
