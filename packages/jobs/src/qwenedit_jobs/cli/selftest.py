"""Sends one job through queue, worker and ComfyUI and back, for `helm test`."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer, CommandError, show
from qwenedit_jobs.model import Edit, Job, State
from qwenedit_jobs.picture_refs import input_ref
from qwenedit_jobs.queue.intake import QueueLimits
from qwenedit_jobs.sample_picture import PNG_SIGNATURE, gradient

if TYPE_CHECKING:
    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.model import Status


async def selftest(at: Installation, *, timeout: float) -> Answer:  # noqa: ASYNC109 - bounds the job
    """Send a job without a user and wait for its picture; prints each change on standard error.

    Args:
        at: The installation.
        timeout: Seconds to wait for the result; with no worker up that includes the start of a GPU node.

    Raises:
        CommandError: no picture within the time.
        QueueError: the job was not accepted.
    """
    job_id = secrets.token_hex(8)
    picture = input_ref(job_id, 0)
    job = Job(id=job_id, user_id=0, edit=Edit(prompt="make it snow", pictures=(picture,), seed=1), reply=None)
    await at.pictures.put(picture, gradient(512))
    started = time.monotonic()
    try:
        await at.queue.enqueue(job, QueueLimits(max_unfinished_per_user=1000))
        status = await _follow(at, job_id, deadline=started + timeout)
        if status.state is not State.DONE or status.result is None:
            detail = f": {status.detail}" if status.detail else ""
            raise CommandError(
                f"job {job_id} ended as {status.state}: {status.reason} after {status.attempt} attempts{detail}. "
                "`qwenedit status` shows whether other jobs fail as well, and the workers"
            )
        data = await at.pictures.get(status.result.picture)
        await at.pictures.delete(status.result.picture)
    finally:
        await at.queue.cancel(job_id)
        await at.queue.drop(job_id)  # a test's failure is no dead job that waits for anybody
        await at.pictures.delete(picture)
    if not data.startswith(PNG_SIGNATURE):
        raise CommandError(f"job {job_id} came back with {len(data)} bytes that are no PNG")
    seconds = time.monotonic() - started
    return Answer(f"a picture of {len(data)} bytes after {seconds:.1f} s, attempt {status.attempt}")


async def _follow(at: Installation, job_id: str, *, deadline: float) -> Status:
    last_line = ""
    while True:
        status = await at.queue.status(job_id)
        if status is None:
            raise CommandError(f"job {job_id} is gone from Redis")
        line = f"job {job_id}: {status.state}, {status.phase} {status.step}/{status.steps}, attempt {status.attempt}"
        if line != last_line:
            show(line, error=True)
            last_line = line
        if status.state.final:
            return status
        if time.monotonic() > deadline:
            raise CommandError(
                f"no picture in time; last seen: {line}. `qwenedit status` shows the workers and the line; "
                "--timeout waits longer, as for a GPU node that has to start"
            )
        await asyncio.sleep(0.25)
