"""What bot and worker ask of Redis while there is nothing to do, after they had a photo to edit."""

from __future__ import annotations

import asyncio
import time

from qwenedit_jobs import Edit, Job, QueueLimits, ReplyTo, State
from qwenedit_testkit.photos import photo
from qwenedit_testkit.system import System

SETTLED = 15.0
"""Seconds until the worker's waits have their longest."""
WINDOW = 30.0
"""Seconds in which each of the bot's loops has a round."""
BOT, WORKER = 600.0, 60.0
"""Commands a minute, those inside scripts included."""
WORKER_SELDOM = 6.0
"""Commands of the sign of life that says all, which may fall into the window."""
REAPED_WITHIN = 10.0
"""Seconds: a round of the janitor, on a busy machine."""


async def commands(system: System) -> int:
    """Count what Redis has executed, without this question and without probes."""
    stats = await system.client.info("commandstats")
    return sum(int(each["calls"]) for name, each in stats.items() if name not in {"cmdstat_info", "cmdstat_ping"})


async def test_bot_and_worker_ask_seldom_after_a_photo_and_the_janitor_is_there_within_seconds(tmp_path):
    async with System(tmp_path, step_seconds=0.05) as system:
        worker = system.worker()
        await system.start(system.bot(), worker)
        user = await system.chats.user()
        await user.send(photo=photo(), caption="make it snow")
        await user.picture(timeout=60)
        await asyncio.sleep(SETTLED)
        before = await commands(system)
        await asyncio.sleep(WINDOW)
        assert await commands(system) - before <= (BOT + WORKER) * WINDOW / 60 + WORKER_SELDOM
        await worker.stop()

        reply = ReplyTo(chat_id=1, placeholder_id=1, source_message_id=1, language="en")
        job = Job(id="1", user_id=1, edit=Edit(prompt="snow", pictures=("input:1:0",), seed=1), reply=reply)
        await system.queue.enqueue(job, QueueLimits(retry_delays=(60.0,)))
        await system.queue.claim(worker="dead", token="one", lease=0.05)
        claimed = time.monotonic()
        while (status := await system.queue.status("1")) and status.state is State.RUNNING:
            await asyncio.sleep(0.02)
        assert status is not None
        assert time.monotonic() - claimed < REAPED_WITHIN
