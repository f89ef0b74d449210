"""`helm upgrade` under load, and what users notice."""

from __future__ import annotations

import asyncio

from tests.e2e.cluster.kube import eventually

USERS = 6
PHOTOS_EACH = 2


async def identities(installation, part):
    return {pod.item["metadata"]["uid"] for pod in await installation.kube.pods(part) if not pod.leaving}


async def test_rolling_upgrade_under_load_loses_nothing_and_answers_nothing_twice(installation, photo):
    await installation.hold(2)
    before = await installation.job_ids()
    users = [await installation.telegram.user() for _ in range(USERS)]

    async def keep_sending():
        for _ in range(PHOTOS_EACH):
            for user in users:
                await user.send(photo=photo, caption="make it snow")
                await asyncio.sleep(1.5)

    sending = asyncio.create_task(keep_sending())

    async def busy():
        return (await installation.queue.counts()).running

    await eventually("a job in hand", busy, within=60)
    old = {part: await identities(installation, part) for part in ("bot", "worker")}
    installation.sets += ("bot.settings.maxQueueLength=999", "worker.settings.comfyuiTimeout=151")  # nobody minds
    await installation.upgrade()
    await sending
    for part, pods in old.items():
        assert not pods & await identities(installation, part), f"{part} was not rolled"
    for user in users:
        await user.picture(timeout=90, number=PHOTOS_EACH)
    seen = [(len(chat.from_bot), len(chat.pictures)) for chat in [await user.snapshot() for user in users]]
    jobs = await installation.job_ids() - before
    attempts = [installation.watch.claims(job) for job in jobs]
    print(f"{len(jobs)} jobs, attempts of each: {sorted(len(claims) for claims in attempts)}")
    assert seen == [(PHOTOS_EACH, PHOTOS_EACH)] * USERS
    assert len(jobs) == USERS * PHOTOS_EACH
    assert all(len(claims) == 1 for claims in attempts), attempts
