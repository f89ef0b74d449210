"""Requests that follow slowly hold up nobody else's answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from qwenedit_bot.app.settings import ANSWERS_AT_ONCE
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

SOON = 20.0
"""Seconds: a slow photo takes longer than its patience of 30 s."""


async def test_backlog_of_slow_files_holds_up_nobody_elses_answers(
    redis_url: str, performing: Callable[..., AbstractAsyncContextManager[Any]]
) -> None:
    async with performing(redis_url, MAX_UNFINISHED_JOBS_PER_USER="1") as stage:
        slow, quick = [await stage.telegram.user() for _ in range(ANSWERS_AT_ONCE)], await stage.telegram.user()
        for person in slow:
            await person.send(photo=photo(), caption="make it snow")
        await stage.jobs(len(slow))
        for person in slow:
            await person.send(photo=photo(), caption="make it rain")
            await person.says("I'll begin as soon as")
            await person.throttle_downloads(100)
        await quick.send(photo=photo(), caption="make it hail")
        await stage.jobs(len(slow) + 1)
        claims = [await stage.worker.claim() for _ in range(len(slow) + 1)]
        for claim in claims[:-1]:
            await stage.worker.finish(claim, photo("PNG"))
        for person in slow:
            await person.picture()
        assert claims[-1].job.user_id == quick.id
        await stage.worker.finish(claims[-1], photo("PNG"))
        async with asyncio.timeout(SOON):
            await quick.picture()
