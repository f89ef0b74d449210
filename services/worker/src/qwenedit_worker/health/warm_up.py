"""Has ComfyUI load the model before the first user needs it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs.backoff import Backoff
from qwenedit_telemetry import attributes, tracing
from qwenedit_worker.comfyui import ComfyUIError
from qwenedit_worker.common.errors import QueueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwenedit_jobs import Leases
    from qwenedit_jobs.workers.registry import Workers
    from qwenedit_worker.telemetry.metrics import Metrics


log = structlog.get_logger(__name__)


class WarmUp:
    """Loads the model by a small edit, which is no job: it is in no queue, has no attempt and no user.

    A worker that is not warm takes a job only while no other worker is ready for it. That job loads the model as well
    as a warm-up would. If the model can't be loaded, its user gets that reply instead of waiting.

    Args:
        edit: Executes the edit, until its `deadline` on the event loop's clock.
        workflow: What it executes, for logs, metrics and traces.
        budget: Seconds that it may take.
        demanded: Whether a job waits that no other worker is ready for.
        metrics: Counts.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        edit: Callable[..., Awaitable[None]],
        *,
        workflow: str,
        budget: float,
        demanded: Callable[[], Awaitable[bool]],
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._edit = edit
        self._workflow = workflow
        self._budget = budget
        self._demanded = demanded
        self._metrics = metrics
        self._clock = clock
        self._warm = False
        self._failures = 0
        self._backoff = Backoff(first=5.0, longest=300.0)
        self._not_before = 0.0
        self._failure = ""

    @property
    def problem(self) -> str:
        """Why the worker is not warm, for the operator."""
        if not self._failures:
            return f"ComfyUI loads the model of {self._workflow} (warm-up)"
        again = max(0.0, self._not_before - self._clock())
        return f"the warm-up failed {self._failures} time(s): {self._failure}; the next one in {again:.0f} s"

    def mark_cold(self) -> None:
        """ComfyUI may have restarted, and lost the model."""
        self._warm = False

    def done(self) -> None:
        """The model is loaded: an edit with it has succeeded."""
        self._warm, self._failures = True, 0
        self._backoff.reset()

    async def needed(self) -> bool:
        """Whether the model must be loaded before a job is taken."""
        return not self._warm and not await self._demanded()

    async def run(self) -> bool:
        """Load the model; returns whether a job may be taken now.

        Between failed warm-ups there are pauses, during which this returns at once.
        """
        if self._clock() < self._not_before:
            return False
        log.info("worker.warming_up", workflow=self._workflow)
        began = self._clock()
        with tracing.root("warm up", attributes={attributes.WORKFLOW: self._workflow}) as span:
            try:
                await self._edit(deadline=asyncio.get_running_loop().time() + self._budget)
            except ComfyUIError as error:
                span.fail(type(error).__name__)
                self._fail(error)
            else:
                self.done()
            outcome = "warm" if self._warm else "failed"
            span.set({attributes.OUTCOME: outcome})
        seconds = self._clock() - began
        self._metrics.warm_up.labels(self._workflow, outcome).observe(seconds)
        if self._warm:
            log.info("worker.warm", workflow=self._workflow, seconds=round(seconds, 3))
        return self._warm

    def _fail(self, error: ComfyUIError) -> None:
        self._failures += 1
        self._failure = f"{type(error).__name__}: {error}"
        pause = self._backoff.next()
        self._not_before = self._clock() + pause
        log.warning(
            "worker.warm_up_failed",
            workflow=self._workflow,
            failures=self._failures,
            error=self._failure,
            again_in=round(pause),
            meanwhile="a job is taken only while no other worker is ready",
        )


async def demanded(queue: Leases, workers: Workers, *, by: str) -> bool:
    """Whether a job waits that no other worker is ready for; no where Redis does not tell.

    Args:
        queue: The jobs.
        workers: All workers.
        by: The name of the worker that asks.
    """
    try:
        counts = await queue.counts()
        if not counts.waiting or counts.paused:
            return False
        others = [one.presence for one in (await workers.seen()).workers if one.presence.worker != by]
    except QueueUnavailableError:
        return False
    return not any(other.ready and not other.draining for other in others)
