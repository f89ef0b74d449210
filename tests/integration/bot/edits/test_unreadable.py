"""What somebody wrote into Redis and nobody can read stops neither the bot nor what it does for others."""

from __future__ import annotations

from typing import Any

import pytest

from qwenedit_jobs import Keys
from qwenedit_testkit.photos import photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESULT = photo("PNG")
UNREADABLE = {
    "a state of another version": {"state": "upscaling"},
    "bytes that are no text": {"state": b"\xff"},
    "a time after all calendars": {"enqueued_at": "9" * 400},
}


async def overview(person: Any) -> str:
    """Return what the bot answers to /status."""
    [sent] = await person.send("/status")

    def find(chat: Any) -> Any:
        return next((message for message in chat.from_bot if message.id > sent), None)

    return str(find(await person.wait_for(find, what="an answer to /status")).now.text)


@pytest.mark.parametrize("fields", UNREADABLE.values(), ids=UNREADABLE)
async def test_unreadable_job_keeps_progress_status_and_forget_from_nothing(
    stage: Any, client: Any, fields: dict[str, str | bytes], ann: Any
) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    [readable] = await stage.jobs(1)
    claim = await stage.worker.claim()
    await ann.send(photo=photo(), caption="make it rain")
    [strange] = [each.job.id for each in await stage.jobs(2) if each.job.id != readable.job.id]
    client.hset(Keys().job(strange), mapping=fields)
    await stage.worker.step(claim, 2, 4)
    await ann.says("step 2 of 4")
    told = await overview(ann)
    assert "step 2 of 4" in told
    assert "make it rain" not in told
    await stage.worker.finish(claim, RESULT)
    await ann.picture()
    await stage.answered(claim.job.id)
    await ann.send("/forget")
    await ann.press("Delete everything")
    await ann.says("I've deleted everything I kept about you. Send a photo")

    async def forgotten() -> bool:
        return not client.exists(Keys().job(strange), Keys().job(readable.job.id))

    await stage.eventually(forgotten)


async def test_worker_that_says_that_jobs_are_tried_again_is_not_believed(stage: Any, client: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    for _ in range(3):
        client.xadd(Keys().events, {"id": claim.job.id, "state": "queued"})

    async def read() -> bool:
        return not client.xlen(Keys().events) and not client.hlen(f"{Keys().answers}:entries")

    await stage.eventually(read)
    await stage.worker.finish(claim, RESULT)
    await ann.picture()
    assert len((await ann.snapshot()).from_bot) == 1


async def test_forged_jobs_among_a_users_own_are_not_in_the_overview(stage: Any, client: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    [status] = await stage.jobs(1)
    await stage.worker.step(await stage.worker.claim(), 2, 4)
    await ann.says("step 2 of 4")
    fields = client.hgetall(Keys().job(status.job.id))
    with client.pipeline(transaction=False) as pipeline:
        for number in range(200):
            made_up = f"{number:016}"
            payload = fields[b"payload"].replace(status.job.id.encode(), made_up.encode())
            pipeline.hset(Keys().job(made_up), mapping={**fields, b"payload": payload})
            pipeline.sadd(Keys().user(ann.id), made_up)
        pipeline.execute()
    told = await overview(ann)
    assert told.count("make it snow") == 1
    client.delete(Keys().user(ann.id))
