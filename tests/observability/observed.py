"""The product as processes, under the eyes of a Prometheus, and people who make it do all that it can."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qwenedit_testkit.photos import plain
from qwenedit_testkit.system import System
from qwenedit_testkit.traces.collector import Collector
from tests.observability.chart import NAMESPACE, RELEASE, monitored, rule_file
from tests.observability.grafana import FILES, filled, panels, read
from tests.observability.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from comfyui_simulator.client import SimulatorControl
    from local_stack import Service
    from telegram_simulator.client import TelegramSimulator as Chats

WORKERS = 2
AT_ONCE = 6
"""People who wait for a picture at the same time."""
PATIENCE = 60.0
SETTINGS = {"RETRY_DELAYS": "0.2", "OTEL_BSP_SCHEDULE_DELAY": "500"}
WINDOW = 15
"""Seconds that rates are over: with a scrape a second what four minutes are with one in half a minute."""


class Fate(StrEnum):
    """What becomes of a job."""

    DONE = "done"
    FAILED = "failed"
    RETRIED = "retried"
    """Its first attempt fails and another one succeeds."""
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """It is none: words without a photo."""


MIX = (
    Fate.DONE,
    Fate.RETRIED,
    Fate.DONE,
    Fate.CANCELLED,
    Fate.DONE,
    Fate.DONE,
    Fate.FAILED,
    Fate.DONE,
    Fate.DONE,
    Fate.REFUSED,
)


@dataclass
class Observed:
    """What is observed, and by whom."""

    prometheus: Prometheus
    collector: Collector
    chats: Chats
    comfyuis: list[SimulatorControl]
    began: float = field(default_factory=time.time)

    async def run(self, jobs: int) -> None:
        """Have people ask for so many jobs, of which some fail, are tried again or cancelled."""
        for control in self.comfyuis:
            await control.clear()
            await control.fault("execution_error", prompt="thunder", times=None)
            await control.fault("hang", prompt="fog", seconds=5, times=None)
        await self.chats.fault("editMessageText", "429", times=1, retry_after=1)
        places = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as people:
            for number in range(jobs):
                people.create_task(self._job(number, places))

    async def _job(self, number: int, places: asyncio.Semaphore) -> None:
        async with places:
            person = await self.chats.user()
            match MIX[number % len(MIX)]:
                case Fate.DONE:
                    await person.send(photo=plain(), caption="make it snow")
                    await person.picture(PATIENCE)
                case Fate.RETRIED:
                    words = f"drizzle, number {number}."
                    for control in self.comfyuis:
                        await control.fault("vanish", prompt=words, times=1)
                    await person.send(photo=plain(), caption=f"make it {words}")
                    await person.picture(PATIENCE)
                case Fate.FAILED:
                    await person.send(photo=plain(), caption="make it thunder")
                    await person.says("😔", PATIENCE)
                case Fate.CANCELLED:
                    await person.send(photo=plain(), caption="make it fog")
                    await person.press("Cancel", timeout=PATIENCE)
                    await person.says("Cancelled", PATIENCE)
                case Fate.REFUSED:
                    await person.send("make it snow")
                    await person.says("Which photo?", PATIENCE)

    async def asked(self) -> list[Asked]:
        """Ask each query of each dashboard, as Grafana would for the time since the beginning."""
        end = time.time()
        lasted = max(WINDOW, int(end - self.began) + 1)
        times = {"__rate_interval": f"{WINDOW}s", "__interval": "1s", "__range": f"{lasted}s", "namespace": NAMESPACE}
        found = []
        for file in FILES:
            dashboard = read(file.name)
            for panel in panels(dashboard):
                for target in panel.get("targets", []):
                    if target["datasource"]["type"] != "prometheus":
                        continue
                    expression = filled(target["expr"], dashboard, times)
                    if target.get("instant"):
                        numbers = await self.prometheus.now(expression)
                    else:
                        numbers = await self.prometheus.over(expression, start=self.began, end=end, step=1)
                    found.append(Asked(file.stem, panel["title"], target["refId"], expression, tuple(numbers)))
        return found


@dataclass(frozen=True)
class Asked:
    """A dashboard's query, and the numbers that it returned."""

    dashboard: str
    panel: str
    query: str
    expression: str
    numbers: tuple[float, ...]


@asynccontextmanager
async def observed(program: str, folder: Path) -> AsyncIterator[Observed]:
    """Run the product and a Prometheus that has the chart's rules; both end with the block.

    Args:
        program: Path of `prometheus`.
        folder: For what they keep.
    """
    async with AsyncExitStack() as stack:
        collector = await stack.enter_async_context(Collector())
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **SETTINGS}
        system = System(folder, env=env, comfyuis=WORKERS, step_seconds=0.03, load_seconds=0.5)
        services = [system.bot(), *(system.worker(f"worker-{number}", number) for number in range(WORKERS))]
        prometheus = Prometheus(
            program,
            folder / "prometheus",
            rules=rule_file(monitored()),
            namespace=NAMESPACE,
            targets={
                f"{NAMESPACE}/{RELEASE}-qwenedit-bot": [_address(services[0])],
                f"{NAMESPACE}/{RELEASE}-qwenedit-worker": [_address(one) for one in services[1:]],
            },
        )
        system.add(prometheus)
        await stack.enter_async_context(system)
        await system.client.config_set("maxmemory", "256mb")
        await system.start(prometheus)
        began = time.time()
        await system.start(*services)
        # What a counter had before it was first seen is no increase.
        while sum(await prometheus.now("up")) < 1 + WORKERS:
            await asyncio.sleep(0.2)
        yield Observed(prometheus, collector, system.chats, system.controls, began)


def _address(part: Service) -> str:
    return urlsplit(part.probe_url).netloc
