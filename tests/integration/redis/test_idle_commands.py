"""What bot and worker ask of Redis while there is nothing to do, and that work ends the rest at once."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from qwenedit_bot.common import quiet
from qwenedit_jobs import Edit, Job, Limits, ReplyTo, State
from qwenedit_testkit.system import System

SETTLED = 12.0
"""Seconds until the worker's waits have their longest, and the bot rests."""
WINDOW = quiet.REST
"""Seconds in which each of the bot's loops has one round."""
WORKER = 60.0
"""Commands a minute, those inside scripts included. qweneditbot asked as often for a job alone."""
WORKER_SELDOM = 6.0
"""Commands of the sign of life that says all, which may fall into the window."""
BOT = 480.0
"""Likewise; 60 of them are looks for work, and 90 keep the lead."""
REAPED_WITHIN = 10.0
"""Seconds: a look for work, and a round of the janitor, on a busy machine."""


async def commands(system: System) -> int:
    """Count what Redis has executed, without this question."""
    stats = await system.client.info("commandstats")
    return sum(int(each["calls"]) for name, each in stats.items() if name not in {"cmdstat_info", "cmdstat_ping"})


async def test_idle_worker_and_bot_ask_seldom_and_the_janitor_is_there_within_seconds(tmp_path):
    async with AsyncExitStack() as stack:
        working = await stack.enter_async_context(System(tmp_path / "worker"))
        chatting = await stack.enter_async_context(System(tmp_path / "bot", comfyuis=0))
        await asyncio.gather(working.start(working.worker()), chatting.start(chatting.bot()))
        await asyncio.sleep(SETTLED)
        before = [await commands(system) for system in (working, chatting)]
        await asyncio.sleep(WINDOW)
        worker, bot = await commands(working) - before[0], await commands(chatting) - before[1]
        assert worker <= WORKER * WINDOW / 60 + WORKER_SELDOM
        assert bot <= BOT * WINDOW / 60

        reply = ReplyTo(chat_id=1, placeholder_id=1, source_message_id=1, language="en")
        job = Job(id="1", user_id=1, edit=Edit(prompt="snow", pictures=("input:1:0",), seed=1), reply=reply)
        await chatting.queue.enqueue(job, Limits(retry_delays=(60.0,)))
        await chatting.queue.claim(worker="dead", token="one", lease=0.05)
        claimed = time.monotonic()
        while (status := await chatting.queue.status("1")) and status.state is State.RUNNING:
            await asyncio.sleep(0.02)
        assert status is not None
        assert time.monotonic() - claimed < REAPED_WITHIN
