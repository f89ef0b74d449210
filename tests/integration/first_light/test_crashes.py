"""What a user sees when a part is killed, stopped or absent: one answer."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Phase, State

pytestmark = pytest.mark.asyncio(loop_scope="module")


def editing(job):
    return job.phase is Phase.EDITING and job.step


async def test_job_whose_worker_is_killed_is_answered_once_by_a_second_attempt(installation, photo):
    victim = await installation.start_worker()
    await installation.control.fault("hang", at_step=1, times=1)
    ann = await installation.chats.user()
    await ann.send(photo=photo, caption="make it snow")
    await installation.until_job(ann, editing)
    await victim.kill()
    await installation.control.clear()
    await installation.start_worker()
    answer = await ann.picture()
    # On a busy machine the picture comes late, and so in a message of its own: the job's message goes after it.
    await ann.wait_for(lambda chat: chat.from_bot == (answer,), what="the picture being all that shows")
    job = await installation.job(ann)
    assert (job.state, job.attempt) == (State.DONE, 2)
