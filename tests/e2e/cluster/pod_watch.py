"""What the bot and the workers of a namespace said, from the first to the last test."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tests.e2e.cluster.kube import LOOK_EVERY, Kube, Pod
from tests.e2e.cluster.pod_log import BROKEN, whole_log

if TYPE_CHECKING:
    from types import TracebackType


@dataclass
class Watch:
    """Sees every pod that starts, and reads the bot's and the workers' logs before they are gone with the pod.

    An async context manager.
    """

    kube: Kube
    logs: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By pod."""
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._tasks[""] = asyncio.create_task(self._pods())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def events(self, pod: str) -> list[dict[str, Any]]:
        """Return what a pod logged, an entry a line."""
        found = []
        for line in self.logs[pod]:
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    def claims(self, job_id: str) -> list[tuple[str, int]]:
        """Return the pod and the number of each attempt at a job, as the workers logged them."""
        return [
            (pod, entry["attempt"])
            for pod in list(self.logs)
            for entry in self.events(pod)
            if entry.get("event") == "job.claimed" and entry.get("job") == job_id
        ]

    async def _pods(self) -> None:
        while True:
            with suppress(*BROKEN):  # such as 410: nothing came for minutes, and the cluster forgot where this was
                async for _change, item in self.kube.changes("Pod"):
                    self._note(Pod(item))
            await asyncio.sleep(LOOK_EVERY)

    def _note(self, pod: Pod) -> None:
        main = pod.containers.get(pod.part)
        if pod.part in ("bot", "worker") and main and "running" in main["state"]:
            key = f"{pod.name} {main['restartCount']}"
            if key not in self._tasks:
                self._tasks[key] = asyncio.create_task(self._follow(pod))

    async def _follow(self, pod: Pod) -> None:
        async for line in whole_log(self.kube, pod):
            self.logs[pod.name].append(line)
