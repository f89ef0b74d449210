"""Sends one job through queue, worker and ComfyUI and back, for `helm test`."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

from qwenedit_jobs.model import Edit, Job, State
from qwenedit_jobs.picture_refs import input_ref
from qwenedit_jobs.queue.queue import Limits
from qwenedit_jobs.sample_picture import PNG_SIGNATURE, gradient

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs.model import Status
    from qwenedit_jobs.pictures.store import PictureStore
    from qwenedit_jobs.queue.operator_queue import OperatorQueue

PROMPT = "make it snow"
SIDE = 512
"""Pixels."""
LOOK_EVERY = 0.25
"""Seconds between two looks at the job."""


class SelfTestError(Exception):
    """The job did not come back as a picture; the message says how far it got."""


async def selftest(
    queue: OperatorQueue,
    pictures: PictureStore,
    *,
    timeout: float,  # noqa: ASYNC109 - bounds the job, not this call's awaits
    report: Callable[[str], None],
) -> str:
    """Send a job that is nobody's and wait for its picture; returns how it went, in words.

    Args:
        queue: The installation's queue.
        pictures: Its picture store.
        timeout: Seconds to wait for the result; from zero workers that includes waking a GPU node.
        report: Called with a line for each change that a user would see.

    Raises:
        SelfTestError: no picture within the time.
        QueueError: the job was not accepted.
    """
    job_id = secrets.token_hex(8)
    picture = input_ref(job_id, 0)
    job = Job(id=job_id, user_id=0, edit=Edit(prompt=PROMPT, pictures=(picture,), seed=1), reply=None)
    await pictures.put(picture, gradient(SIDE))
    started = time.monotonic()
    try:
        await queue.enqueue(job, Limits(max_unfinished_per_user=1000))
        status = await _follow(queue, job_id, deadline=started + timeout, report=report)
        if status.state is not State.DONE or status.result is None:
            raise SelfTestError(await _told(queue, status))
        data = await pictures.get(status.result.picture)
        await pictures.delete(status.result.picture)
    finally:
        await queue.cancel(job_id)
        await queue.drop(job_id)  # a test's failure is no dead job that waits for anybody
        await pictures.delete(picture)
    if not data.startswith(PNG_SIGNATURE):
        raise SelfTestError(f"job {job_id} came back with {len(data)} bytes that are no PNG")
    return f"a picture of {len(data)} bytes after {time.monotonic() - started:.1f} s, attempt {status.attempt}"


async def _told(queue: OperatorQueue, status: Status) -> str:
    """Say how a job ended that should have ended in a picture."""
    [record] = await queue.records([status.job.id])
    detail = f": {record.detail}" if record.detail else ""
    return (
        f"job {status.job.id} ended as {status.state}: {status.reason} after {status.attempt} attempts{detail}. "
        "`qwenedit status` shows whether other jobs fail as well, and the workers"
    )


async def _follow(queue: OperatorQueue, job_id: str, *, deadline: float, report: Callable[[str], None]) -> Status:
    said = ""
    while True:
        status = await queue.status(job_id)
        if status is None:
            raise SelfTestError(f"job {job_id} is gone from Redis")
        line = f"job {job_id}: {status.state}, {status.phase} {status.step}/{status.steps}, attempt {status.attempt}"
        if line != said:
            report(line)
            said = line
        if status.state.final:
            return status
        if time.monotonic() > deadline:
            raise SelfTestError(
                f"no picture in time; last seen: {line}. `qwenedit status` shows the workers and the line; "
                "--timeout waits longer, as for a GPU node that has to start"
            )
        await asyncio.sleep(LOOK_EVERY)
