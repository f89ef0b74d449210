"""Writes the worker's state into Redis, for the operator's list of workers."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from qwenedit_jobs import durations
from qwenedit_jobs.workers.registry import Device, Presence
from qwenedit_telemetry import open_sockets, troubles
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUIError
from qwenedit_worker.common.errors import QueueUnavailableError

if TYPE_CHECKING:
    from qwenedit_jobs.workers.registry import Workers
    from qwenedit_worker.comfyui import ComfyUI
    from qwenedit_worker.health.comfyui_watch import ComfyUIWatch
    from qwenedit_worker.health.shutdown import Shutdown


class Heartbeat:
    """Gives signs of life: one every `durations.BEAT` seconds, and one soon after each change.

    Args:
        about: What never changes: the worker's name, where it runs, its version, its ComfyUI's address.
        register: Where it is said.
        server: ComfyUI.
        watch: Knows whether ComfyUI could take a job.
        shutdown: Knows whether the worker leaves.
    """

    def __init__(
        self,
        about: Presence,
        *,
        register: Workers,
        server: ComfyUI,
        watch: ComfyUIWatch,
        shutdown: Shutdown,
    ) -> None:
        self._now = about
        self._register = register
        self._server = server
        self._watch = watch
        self._shutdown = shutdown

    async def run(self) -> None:
        """Beat until cancelled; then say goodbye."""
        reported, beat_at = None, 0.0
        try:
            while True:
                state = (self._watch.health(), self._shutdown.draining.is_set(), troubles())
                if state != reported or time.monotonic() - beat_at >= durations.BEAT:
                    reported, beat_at = state, time.monotonic()
                    await self._beat()
                await asyncio.sleep(1.0)
        finally:
            await self._leave()

    async def _beat(self) -> None:
        health = self._watch.health()
        now = {
            "ready": health.ok,
            "problem": "" if health.ok else health.reason,
            "draining": self._shutdown.draining.is_set(),
            "sockets": open_sockets(),
            "device": await self._device(),
            "troubles": troubles(),
        }
        self._now = Presence.model_validate(self._now.model_dump() | now)
        with suppress(QueueUnavailableError):  # the queue's own calls tell of that
            await self._register.beat(self._now)

    async def _device(self) -> Device | None:
        try:
            stats = await self._server.system_stats()
        except ComfyUIError:
            return self._now.device  # loading a model, it answers nobody
        return Device(version=stats.version, name=stats.device, vram_total=stats.vram_total, vram_free=stats.vram_free)

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(timeouts.LEAVING_CALL):
                await self._register.leave(self._now.worker)
        except (QueueUnavailableError, TimeoutError):
            return
