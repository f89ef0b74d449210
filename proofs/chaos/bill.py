"""Whether `qwenedit spend` agrees with the workers' metrics, though workers are killed and reports get lost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from local_stack import bare_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local_stack import Service

LOOK_EVERY = 0.25
"""Seconds between two looks at the metrics: of a worker that kills itself no more is known than the last one."""
APART = 0.01
"""Share of the seconds by which the two may differ."""
SPENT, UNREPORTED = "qwenedit_gpu_seconds_total", "qwenedit_gpu_unreported_seconds"
COMMAND = (sys.executable, "-c", "from qwenedit_jobs.cli import main; main()", "spend", "--json")


@dataclass(frozen=True)
class Account:
    """A process' GPU seconds, as its metrics last told them."""

    spent: float
    unreported: float


@dataclass
class Bill:
    """What the workers of a run cost, by their metrics and by the ledger.

    Args:
        redis_url: Where the ledger is.
    """

    redis_url: str
    accounts: dict[tuple[str, int], Account] = field(default_factory=dict)
    """By name and number of the process; those that have ended keep their last one."""
    killed: float = 0.0
    """Seconds that were not in the ledger when workers that are gone were last looked at; some may be there since."""
    told: dict[str, Any] = field(default_factory=dict)
    """The month's total as `qwenedit spend` tells it."""

    async def watch(self, workers: Sequence[Service]) -> None:
        """Look at all workers, for ever; one that is stopped keeps nobody from looking at the others."""
        async with asyncio.TaskGroup() as looks:
            for worker in workers:
                looks.create_task(self._keep_noting(worker))

    async def _keep_noting(self, worker: Service) -> None:
        while True:
            await self.note(worker)
            await asyncio.sleep(LOOK_EVERY)

    async def note(self, worker: Service) -> None:
        """Look at a worker now, if it is there."""
        with suppress(OSError, TimeoutError, aiohttp.ClientError):
            process = (worker.name, worker.pid)
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
                session.get(f"{worker.probe_url}/metrics") as answer,
            ):
                text = await answer.text()
            samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
            spent = sum(each.value for each in samples if each.name == SPENT)
            unreported = sum(each.value for each in samples if each.name == UNREPORTED)
            self.accounts[process] = Account(spent, unreported)

    async def close(self, workers: Sequence[Service]) -> None:
        """Look at metrics and ledger at one time: nothing was reported between two looks at the ledger."""
        before = None
        while before != self.told or not self.told:
            before = self.told
            await asyncio.gather(*map(self.note, workers))
            self.told = await self._ask()
        there = {(worker.name, worker.pid) for worker in workers}
        self.killed = sum(each.unreported for process, each in self.accounts.items() if process not in there)

    async def _ask(self) -> dict[str, Any]:
        environment = {**os.environ, **bare_environment(REDIS_URL=self.redis_url)}
        process = await asyncio.create_subprocess_exec(*COMMAND, env=environment, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        total: dict[str, Any] = json.loads(said)["total"]
        return total

    @property
    def by_metrics(self) -> float:
        """Seconds that the workers' metrics told."""
        return sum(account.spent for account in self.accounts.values())

    @property
    def unreported(self) -> float:
        """Seconds of them that were not in the ledger when they were told."""
        return sum(account.unreported for account in self.accounts.values())

    @property
    def coming(self) -> float:
        """Seconds that workers which are there have yet to report."""
        return self.unreported - self.killed

    @property
    def apart(self) -> float:
        """By which share of all seconds the ledger has more, or less, than can have been reported."""
        told, most = float(self.told["gpu_seconds"]), self.by_metrics - self.coming
        return (told - min(max(told, most - self.killed), most)) / self.by_metrics

    @property
    def right(self) -> bool:
        """Whether the two agree."""
        return abs(self.apart) <= APART

    def __str__(self) -> str:
        told, lost = self.told["gpu_seconds"], self.told["lost_seconds"]
        return (
            f"{self.by_metrics:.1f} GPU seconds by the metrics; {told:.1f} in the ledger, {lost:.1f}"
            f" of them of lost attempts; up to {self.killed:.1f} went with killed workers, {self.coming:.1f}"
            f" are yet to be reported: {self.apart:+.2%} beyond; {self.told['pictures']} pictures"
        )
