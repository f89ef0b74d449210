"""One queue on a Redis of its own: its producer, its workers and the marks of its jobs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from benchmarks.peers.track import BEGUN, DONE, Mark, Track
from local_stack import Part, RedisServer, bare_environment
from qwenedit_testkit import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from benchmarks.peers.catalogue import Peer

LOOK = 0.01
"""Seconds between looks at the marks."""


class Harness:
    """A queue, empty at first. An async context manager: at its end all of its processes are gone.

    Args:
        peer: The queue.
        folder: Of its own.
    """

    def __init__(self, peer: Peer, folder: Path) -> None:
        self.peer = peer
        self.redis = RedisServer(folder / "redis")
        self._python = peer.python()
        folder.mkdir(parents=True, exist_ok=True)
        self._gate = folder / "gate"
        self._track_file = folder / "track"
        self._track = Track(self._track_file)
        self.marks: list[Mark] = []
        self.workers: list[Part] = []

    async def __aenter__(self) -> Self:
        await self.redis.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers:
            await kill(worker)
        await self.redis.kill()
        self._track.close()

    async def work(self) -> Part:
        """Start a worker."""
        worker = self._process("work")
        self.workers.append(worker)
        await worker.start()
        return worker

    async def fill(self, first: int, count: int, seconds: float = 0.0) -> None:
        """Enqueue jobs with these numbers."""
        await self._to_its_end("fill", str(first), str(count), str(seconds))

    async def pickup(self, first: int, count: int) -> None:
        """Enqueue one job after the other, each on an idle worker."""
        await self._to_its_end("pickup", str(first), str(count))

    def open_gate(self) -> None:
        """Let the jobs of -1 seconds end."""
        self._gate.touch()

    def look(self) -> list[Mark]:
        """Read what was noted since the last look, and keep it in `marks`."""
        news = self._track.news()
        self.marks += news
        return news

    async def until(self, seen: Callable[[], bool], *, seconds: float = 60.0) -> bool:
        """Look again and again until it is so; False when the time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.look()
            if seen():
                return True
            for worker in self.workers:
                if not worker.running:
                    lines = "\n".join(worker.lines[-20:])
                    raise RuntimeError(f"{self.peer.name}: a worker ended by itself\n{lines}")
            await asyncio.sleep(LOOK)
        return False

    def begun(self, first: int, count: int) -> set[int]:
        """Which of these jobs have begun."""
        return {mark.job for mark in self.marks if mark.what == BEGUN and first <= mark.job < first + count}

    def done(self, first: int, count: int) -> set[int]:
        """Which of these jobs have ended."""
        return {mark.job for mark in self.marks if mark.what == DONE and first <= mark.job < first + count}

    async def _to_its_end(self, *arguments: str) -> None:
        producer = self._process(*arguments)
        await producer.start()
        if await producer.wait():
            raise RuntimeError(f"{self.peer.name}: {arguments} failed\n" + "\n".join(producer.lines[-20:]))

    def _process(self, *arguments: str) -> Part:
        command = (self._python, "-m", f"benchmarks.peers.queues.{self.peer.module}", *arguments)
        places = {"REDIS_URL": self.redis.url, "TRACK": str(self._track_file), "GATE": str(self._gate)}
        env = bare_environment(**places, PYTHONPATH=str(ROOT))
        return Part(f"{self.peer.name} {arguments[0]}", command, env=env)


async def kill(worker: Part) -> None:
    """Kill a worker's process group, as the end of its container would."""
    if worker.running:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        await worker.wait()
