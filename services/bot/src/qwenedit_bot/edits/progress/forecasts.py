"""What to expect for some jobs that somebody asks about, beside the updater that looks at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.edits.progress.estimate import forecast
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenedit_bot.edits.progress.durations import Durations
    from qwenedit_bot.edits.progress.estimate import Wait
    from qwenedit_jobs import JobQueue, Status

MOST_OTHERS = 50
"""Jobs of others that run, which a forecast looks at."""


class Forecasts:
    """Forecasts for a few jobs.

    Args:
        queue: Knows the jobs that run.
        durations: Knows how long jobs take, and the workers that are up.
    """

    def __init__(self, queue: JobQueue, durations: Durations) -> None:
        self._queue = queue
        self._durations = durations

    async def of(self, jobs: Sequence[Status], places: Mapping[str, int]) -> dict[str, Wait]:
        """Return what to expect for unfinished jobs, by their ids.

        Args:
            jobs: The jobs.
            places: Those of the jobs that are in line.
        """
        if not jobs:
            return {}
        mine = {status.job.id: status for status in jobs}
        window = await self._queue.window(skip=0, count=1, others=MOST_OTHERS)
        others = await self._queue.statuses(job_id for job_id in window.others if job_id not in mine)
        running = [status for status in (*others, *jobs) if status.state is State.RUNNING]
        waiting = sorted((mine[job_id] for job_id in places if job_id in mine), key=lambda each: places[each.job.id])
        outlook = await self._durations.outlook(each.job.edit.workflow or "" for each in (*waiting, *running))
        return forecast([*waiting, *running], outlook, places)
