"""The product as processes, with a proxy wherever it speaks over a wire, and somebody who starts again what dies."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

from redis.exceptions import RedisError

from local_stack import HOST, WORKFLOWS, Part, RedisServer, Service, python_module
from proofs.chaos.bucket import NAME, URL, ChaosBucket
from proofs.chaos.seam import POISON
from qwenedit_jobs import State
from qwenedit_testkit import ROOT
from qwenedit_testkit.kubelet import Kubelet
from qwenedit_testkit.proxy import Proxy
from qwenedit_testkit.system import System, ended

LEASE = 10
"""Seconds: the shortest that a worker may be given."""
WORKERS_AT_MOST = 100
ATTEMPTS = 5
"""With the usual three, a job that is executed by three workers in a row that are killed is answered in words."""
SIDE = 64
"""Pixels of a picture's side: chaos is not about pictures, and Redis keeps all of them in its file."""
PACE = 500
"""Messages a second that the bot may send: thirty, as Telegram has it, would be what a run waits for."""
LOGS = os.environ.get("CHAOS_LOGS", "")
"""A folder in which everything is kept that services log."""
STARTED_WITHIN = 5.0
"""Seconds in which two free cores start the bot and four workers."""
BOT_STARTED_WITHIN = 2.0
"""The same of the bot alone."""
AGAIN_AFTER = 0.2
"""Seconds until a dead process is started again; a kubelet takes longer."""
LOOK_EVERY = 0.02
DEFECTS = re.compile(
    r"attempt\.crashed|scheduler\.defect|scheduler\.gave_up|scheduler\.unreadable|loop\.failed"
    r"|Traceback|never retrieved"
)
"""What a service writes into its log where it met what it does not know."""


JOURNAL = ("--appendfsync", "always", "--auto-aof-rewrite-percentage", "0", "--aof-timestamp-enabled", "yes")
"""Redis acknowledges nothing that is not in its file, and keeps there all that ever happened."""


class Harness(System):
    """All parts, each with a proxy before it. An async context manager.

    Args:
        folder: For data; empty.
        workers: How many; half of them have a ComfyUI of their own, the others share one.
        seed: Of the workers' clocks.
        scripts: Where the services read their Lua scripts; None for the product's own.
        retry_delays: As the bot is told.
        bucket: Pictures lie in a store of objects, with a proxy before it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int,
        seed: int,
        scripts: Path | None = None,
        retry_delays: str = "0.5,1,2",
        bucket: bool = False,
    ) -> None:
        alone = workers - workers // 2
        super().__init__(
            folder,
            env={"PYTHONPATH": str(ROOT)} | ({"CHAOS_SCRIPTS": str(scripts)} if scripts else {}),
            redis=RedisServer(folder / "redis", options=JOURNAL),
            comfyuis=max(1, alone + (workers > alone)),
            step_seconds=0.01,
        )
        self._retry_delays = retry_delays
        self.folder = folder
        self._seed = seed
        self.kubelet = Kubelet(again_after=AGAIN_AFTER, came_up=self._measure)
        self.slowness = 1.0
        """How many times as long everything takes as on two cores that are free."""
        self.defects: list[str] = []
        self.to_redis = {name: Proxy(f"redis-{name}", self.redis.port) for name in ("bot", "workers")}
        self.to_comfyui = [Proxy(f"comfyui-{number}", part.port) for number, part in enumerate(self.comfyuis)]
        self.bucket = self.add(ChaosBucket(folder / "objects")) if bucket else None
        self.to_bucket = Proxy("bucket", self.bucket.port) if self.bucket else None
        self._alone = alone
        self.the_bot: Service
        self.workers: list[Service] = []
        self._count = workers

    async def _prepare(self) -> None:
        for proxy in (*self.to_redis.values(), *self.to_comfyui):
            await self._stack.enter_async_context(proxy.running())
        if self.bucket is not None and self.to_bucket is not None:
            await self._stack.enter_async_context(self.to_bucket.running())
            await self.start(self.bucket)
            await self.bucket.make_bucket(NAME)
        self.the_bot = self._make_bot()
        self.workers = [self.make_worker(f"worker-{number + 1}", number) for number in range(self._count)]
        await self.chats.limit(enabled=False)
        began = time.monotonic()
        await self.start(*self.services)
        self.slowness = max(1.0, (time.monotonic() - began) / STARTED_WITHIN)
        self._stack.push_async_callback(ended, self.services)
        self._stack.push_async_callback(self.kubelet.leave)
        self.kubelet.keep(self.redis, *self.services, *([self.bucket] if self.bucket else []))

    @property
    def services(self) -> tuple[Service, ...]:
        """Processes of ours."""
        return (self.the_bot, *self.workers)

    async def busy(self, worker: Part) -> bool:
        """Whether a worker has a job in hand."""
        try:
            window = await self.queue.window(skip=0, count=1, others=WORKERS_AT_MOST)
            unfinished = await self.queue.statuses(window.others)
        except RedisError:
            return False
        return any(each.worker == worker.name and each.state is State.RUNNING for each in unfinished)

    def _measure(self, part: Part, seconds: float) -> None:
        if part is self.the_bot:
            self.slowness = max(1.0, seconds / BOT_STARTED_WITHIN)

    def _hear(self, name: str, line: str) -> None:
        if LOGS:
            with Path(LOGS, f"{name}.log").open("a") as log:
                log.write(f"{line}\n")
        if DEFECTS.search(line):
            self.defects.append(f"{name}: {line}")

    async def launch_workers(self, count: int) -> None:
        """Start more workers, each with the first ComfyUI for itself; nobody starts them again."""
        for number in range(count):
            await self.launch_worker(f"late-{number + 1}")

    async def launch_worker(self, name: str, **settings: str) -> Service:
        """Start one more worker, with the first ComfyUI; nobody starts it again."""
        part = self.make_worker(name, **settings)
        await self.start(part)
        return part

    def make_worker(self, name: str, number: int = 0, /, **settings: str) -> Service:
        """Make a worker; it is not started. Those above a number share a ComfyUI, the others have one each."""
        which = min(number, self._alone)
        part = self.worker(
            name,
            which,
            REDIS_URL=f"redis://{HOST}:{self.to_redis['workers'].port}/0",
            WORKER_LEASE=str(LEASE),
            WORKER_POLLING_INTERVAL="0.5",
            WORKFLOW=str(self._workflow()),
            CHAOS_POISON=POISON,
            COMFYUI_URL=f"http://{HOST}:{self.to_comfyui[which].port}",
            CHAOS_CLOCK=f"{self._seed}-{number}",
        )
        part.env.update(settings)
        return self._changed(part, "worker")

    def _make_bot(self) -> Service:
        part = self.bot(
            REDIS_URL=f"redis://{HOST}:{self.to_redis['bot'].port}/0",
            MAX_RETRIES=str(ATTEMPTS),
            RETRY_DELAYS=self._retry_delays,
            MAX_UNFINISHED_JOBS_PER_USER="100",
            MAX_QUEUE_LENGTH="100000",
            CHAOS_PACE=str(PACE),
        )
        return self._changed(part, "bot")

    def _changed(self, part: Service, service: str) -> Service:
        part.command = (*python_module("proofs.chaos.seam"), service)
        part.listener = self._hear
        if self.bucket is not None and self.to_bucket is not None:
            part.env.update(self.bucket.settings(port=self.to_bucket.port), PICTURES_URL=URL)
        return part

    def _workflow(self) -> Path:
        """Make the workflow that needs no model work on small pictures."""
        path = self.folder / "invert.json"
        workflow = json.loads((WORKFLOWS / "invert-model-free.json").read_text())
        for node in workflow.values():
            node["inputs"].update({side: SIDE for side in ("width", "height") if side in node["inputs"]})
        path.write_text(json.dumps(workflow))
        binding = json.loads((WORKFLOWS / "invert-model-free.binding.json").read_text())
        del binding["sizes"]  # the graph's own
        path.with_name("invert.binding.json").write_text(json.dumps(binding))
        return path
