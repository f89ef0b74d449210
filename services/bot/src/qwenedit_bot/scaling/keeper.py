"""Decides at each look at the jobs how many workers are wanted, shows it, and tells KEDA."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.scaling.decision import Memory
from qwenedit_bot.scaling.scene import RunningJob, Scene, batches
from qwenedit_bot.scaling.wanted import decide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.edits.progress.updater import Look
    from qwenedit_bot.scaling.decision import Decision
    from qwenedit_bot.scaling.policy import Policy
    from qwenedit_bot.scaling.wanted_key import WantedKey
    from qwenedit_jobs import Status

log = structlog.get_logger(__name__)


class WorkersWanted:
    """Keeps the number of wanted workers. Without jobs it asks and tells Redis nothing.

    Args:
        policy: What the operator wants.
        jobs_per_worker: Of scaling by the line's length, which is shown beside.
        key: Where KEDA finds the number.
        metrics: Where it is shown.
    """

    def __init__(self, *, policy: Policy, jobs_per_worker: int, key: WantedKey, metrics: BotMetrics) -> None:
        self._policy = policy
        self._jobs_per_worker = jobs_per_worker
        self._key = key
        self._metrics = metrics
        self._memory: Memory | None = None
        self._said = False
        self._logged: tuple[object, ...] = (0, None, False)  # nothing is wanted, which is no news
        self._problem = ""

    def begin(self) -> None:
        """Begin to lead: another replica may have decided meanwhile, and the key has what it remembers."""
        self._memory = None

    async def see(self, look: Look) -> None:
        """Decide anew; Redis' refusal is logged, since nothing else depends on the number."""
        try:
            await self._see(look)
        except RedisError as error:
            self._memory = None
            if type(error).__name__ != self._problem:
                log.warning("scaling.not_told", error=type(error).__name__)
            self._problem = type(error).__name__
        else:
            self._problem = ""

    async def bridge(self) -> None:
        """Before a job is accepted: see `WantedKey.bridge`. A job is accepted without it as well."""
        try:
            await self._key.bridge()
        except RedisError as error:
            log.debug("scaling.not_bridged", error=type(error).__name__)

    async def _see(self, look: Look) -> None:
        jobs = bool(look.length or look.running)
        if self._memory is None:
            self._memory = await self._key.memory() if jobs else Memory()
        decision = decide(_scene(look), self._policy, self._memory)
        self._memory = decision.memory
        self._show(decision, look)
        if jobs and not look.outlook.paused:
            self._said = True
            if not await self._key.say(decision):
                self.begin()
        elif self._said:
            # The last number must not keep workers up until it expires: by length nothing is wanted either.
            self._said = False
            await self._key.say(None)

    def _show(self, decision: Decision, look: Look) -> None:
        waiting = 0 if look.outlook.paused else look.length
        by_length = math.ceil((waiting + len(look.running)) / self._jobs_per_worker)
        by_length = min(self._policy.most, max(self._policy.minimum, by_length))
        self._metrics.workers_wanted.labels("wait").set(decision.wanted)
        self._metrics.workers_wanted.labels("length").set(by_length)
        told = (decision.wanted, decision.bound, decision.too_short)
        if told != self._logged:
            log.info("scaling.wanted", by_length=by_length, **decision.facts())
        self._logged = told


def _scene(look: Look) -> Scene:
    now = look.outlook.now
    return Scene(
        outlook=look.outlook,
        line=batches(((_workflow(job), now - job.enqueued_at) for job in look.line), length=look.length),
        running=[RunningJob(_workflow(job), now - (job.started_at or now)) for job in _in_hand(look.running)],
    )


def _in_hand(running: Iterable[Status]) -> list[Status]:
    # A worker claims its next job while it hands in the last one's picture.
    jobs = sorted(running, key=lambda status: status.started_at or 0.0)
    return list({status.worker or status.job.id: status for status in jobs}.values())


def _workflow(job: Status) -> str:
    return job.job.edit.workflow or ""
