"""Checks in the background whether ComfyUI can take a job, without delaying jobs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from qwenedit_jobs.backoff import pause
from qwenedit_telemetry import HEALTHY, Health
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUIError, ExecutorVerdict

if TYPE_CHECKING:
    from qwenedit_worker.health.activity import Activity
    from qwenedit_worker.health.warm_up import WarmUp
    from qwenedit_worker.telemetry.metrics import Metrics


log = structlog.get_logger(__name__)


class Server(Protocol):
    """The checks of ComfyUI; see `qwenedit_worker.comfyui.ComfyUI`."""

    async def check(self) -> None:
        """Raise a `ComfyUIError` unless it's reachable, alive, and has what the workflow needs."""

    async def verdict(self) -> ExecutorVerdict:
        """Judge its executor."""


class ComfyUIWatch:
    """Checks whether ComfyUI could take a job, and judges whether it must be restarted.

    Probes get the last result, because ComfyUI replies slowly while it loads a model. While a job runs, only the
    executor is judged: the job itself shows the rest.

    Args:
        server: ComfyUI.
        activity: Knows whether a job runs.
        metrics: The worker's metrics.
        warm_up: Loads the model before the first job; None: the first job does.
    """

    def __init__(self, server: Server, *, activity: Activity, metrics: Metrics, warm_up: WarmUp | None = None) -> None:
        self.ready = asyncio.Event()
        self._warm_up = warm_up
        self._server = server
        self._activity = activity
        self._metrics = metrics
        self._check_now = asyncio.Event()
        self._problem = "ComfyUI was not reached yet"
        self._logged: str | None = None
        self._verdict = ExecutorVerdict(condemned=False, reason="not judged yet")

    def mark_not_ready(self, problem: str) -> None:
        """Take no job until ComfyUI passes a check: the last job couldn't begin."""
        self._unready(problem)
        self._check_now.set()

    def mark_warm(self) -> None:
        """Record that a job has loaded the model."""
        if self._warm_up is not None:
            self._warm_up.done()

    def health(self) -> Health:
        """Return whether the worker could take a job, even if it's busy."""
        return HEALTHY if self.ready.is_set() else Health.failing(self._problem)

    def comfyui_health(self) -> Health:
        """Answer ComfyUI's own liveness probe: fail only if nothing but a restart helps."""
        return Health(ok=not self._verdict.condemned, reason=self._verdict.reason)

    async def keep_checking(self) -> None:
        """Check repeatedly whether a job could be taken. Runs until cancelled."""
        while True:
            if not self._activity.busy:
                await self._check()
            await pause(self._check_now, 10.0 if self.ready.is_set() else 1.0)
            self._check_now.clear()

    async def keep_judging(self) -> None:
        """Judge ComfyUI's executor. Runs until cancelled."""
        while True:
            before, self._verdict = self._verdict, await self._server.verdict()
            if self._verdict.condemned and not before.condemned:
                self._metrics.zombie_verdicts.inc()
                log.error("comfyui.condemned", reason=self._verdict.reason)
                self.mark_not_ready(self._verdict.reason)
            await asyncio.sleep(timeouts.JUDGE)

    async def _check(self) -> None:
        try:
            async with asyncio.timeout(timeouts.CHECK):
                await self._server.check()
        except TimeoutError:
            self._unready(f"ComfyUI did not answer within {timeouts.CHECK:g} s")
        except ComfyUIError as error:
            self._unready(str(error))
        else:
            self._metrics.comfyui_up.set(1)
            if await self._prepared():
                self._become_ready()

    async def _prepared(self) -> bool:
        """Return whether a healthy ComfyUI may get a job, after a warm-up if one is needed."""
        warm_up = self._warm_up
        if warm_up is None or not await warm_up.needed() or self._activity.busy:
            return True
        self.ready.clear()
        self._metrics.gpu.ready(yes=False)
        self._logged, self._problem = None, warm_up.problem
        done = await warm_up.run()
        self._problem = warm_up.problem
        return done

    def _become_ready(self) -> None:
        if not self.ready.is_set():
            log.info("comfyui.ready")
        self._logged = None
        self._metrics.gpu.ready(yes=True)
        self.ready.set()

    def _unready(self, problem: str) -> None:
        self._problem = problem
        if problem != self._logged:
            log.warning("comfyui.not_ready", reason=problem)
            self._logged = problem
        if self._warm_up is not None:
            self._warm_up.mark_cold()
        self._metrics.comfyui_up.set(0)
        self._metrics.gpu.ready(yes=False)
        self.ready.clear()
