"""Whether ComfyUI can take a job, found out beside the jobs and never on their way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from qwenedit_telemetry import HEALTHY, Health
from qwenedit_worker.backoff import Backoff
from qwenedit_worker.comfyui import ComfyUIError
from qwenedit_worker.events import set_within

if TYPE_CHECKING:
    from qwenedit_worker.activity import Activity
    from qwenedit_worker.comfyui import Verdict
    from qwenedit_worker.metrics import Metrics

CHECK_INTERVAL = 10.0
"""Seconds between checks of a ComfyUI that was ready."""
LONGEST_UNREADY = 1.0
"""Seconds, at most, from ComfyUI's start until it is seen: a user may be waiting."""
CHECK_TIMEOUT = 15.0
"""Seconds until a check without an answer is a failed one."""

log = structlog.get_logger(__name__)


class Server(Protocol):
    """What is asked about ComfyUI; see `qwenedit_worker.comfyui.ComfyUI`."""

    async def check(self) -> None:
        """Raise a `ComfyUIError` unless it is reachable, alive, and has all that the workflow needs."""

    async def verdict(self) -> Verdict:
        """Judge its executor."""


class ComfyUIWatch:
    """Checks ComfyUI in the background while no job runs; a running job shows its state better.

    Args:
        server: ComfyUI.
        activity: Tells whether a job runs.
        metrics: Shows the findings.
    """

    def __init__(self, server: Server, *, activity: Activity, metrics: Metrics) -> None:
        self.ready = asyncio.Event()
        self._server = server
        self._activity = activity
        self._metrics = metrics
        self._doubted = asyncio.Event()
        self._problem = "ComfyUI was not reached yet"
        self._logged: str | None = None
        self._condemned = False

    async def run(self) -> None:
        """Check for ever."""
        backoff = Backoff()
        while True:
            # A condemned server is looked at even then: that it was gone for a moment tells its successor from it.
            if self._condemned or not self._activity.busy:
                await self._check()
            if self.ready.is_set():
                backoff.reset()
                pause = CHECK_INTERVAL
            else:
                pause = min(backoff.pause(), LONGEST_UNREADY)
            await set_within(self._doubted, pause)
            self._doubted.clear()

    def doubt(self, problem: str) -> None:
        """Take no job before ComfyUI has proved itself again: the last one could not be begun."""
        self._unready(problem)
        self._doubted.set()

    def health(self) -> Health:
        """Say whether the worker could take a job; being busy with one is no reason against it."""
        return HEALTHY if self.ready.is_set() else Health.failing(self._problem)

    async def comfyui_health(self) -> Health:
        """Answer ComfyUI's own liveness probe: fail only when nothing but a restart helps."""
        verdict = await self._server.verdict()
        if verdict.condemned and not self._condemned:
            self._metrics.zombie_verdicts.inc()
            log.error("comfyui.condemned", reason=verdict.reason)
            self.doubt(verdict.reason)
        self._condemned = verdict.condemned
        return Health(ok=not verdict.condemned, reason=verdict.reason)

    async def _check(self) -> None:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                await self._server.check()
        except TimeoutError:
            self._unready(f"ComfyUI did not answer within {CHECK_TIMEOUT:g} s")
        except ComfyUIError as error:
            self._unready(str(error))
        else:
            self._become_ready()

    def _become_ready(self) -> None:
        if not self.ready.is_set():
            log.info("comfyui.ready")
        self._logged = None
        self._metrics.comfyui_up.set(1)
        self.ready.set()

    def _unready(self, problem: str) -> None:
        self._problem = problem
        if problem != self._logged:
            log.warning("comfyui.not_ready", reason=problem)
            self._logged = problem
        self._metrics.comfyui_up.set(0)
        self.ready.clear()
