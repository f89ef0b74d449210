"""Workers that only pretend to edit, and what the simulated Telegram's log of calls tells."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qwenedit_jobs import JobQueue, Phase, RedisPictureStore, RedisSettings, Result, connect, result_ref
from qwenedit_jobs.workers.presence import Presence, Workers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from telegram_simulator.client import Call
    from telegram_simulator.client import TelegramSimulator as Chats

STEPS = 4
LEASE = 30.0
BEAT = 10.0
"""Seconds between a worker's signs of life."""
MINUTE = 60.0
EDITS = ("editMessageText", "editMessageMedia", "editMessageReplyMarkup", "editMessageCaption")


@asynccontextmanager
async def working(redis_url: str, *, workers: int, seconds: tuple[float, float], result: bytes) -> AsyncIterator[None]:
    """Have so many workers take jobs from the real queue while the context is open.

    Args:
        redis_url: Of the queue.
        workers: How many.
        seconds: The shortest and the longest that a job takes.
        result: What every job comes to.
    """
    settings = RedisSettings(redis_url=redis_url)
    async with connect(settings, block=1.0) as redis, connect(settings, decode=False) as raw:
        queue, store = JobQueue(redis, settings.keys), RedisPictureStore(raw, settings.keys, ttl=600)
        presences = Workers(redis, settings.keys)
        tasks = [
            asyncio.create_task(task)
            for number in range(workers)
            for task in (_work(queue, store, f"w{number}", seconds, result), _live(presences, f"w{number}"))
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _live(presences: Workers, name: str) -> None:
    presence = Presence(worker=name, since=time.time(), ready=True, draining=False)
    while True:
        await presences.beat(presence)
        await asyncio.sleep(BEAT)


async def _work(
    queue: JobQueue, store: RedisPictureStore, name: str, seconds: tuple[float, float], result: bytes
) -> None:
    while True:
        claim = await queue.claim(worker=name, token=secrets.token_hex(8), lease=LEASE)
        if claim is None:
            await queue.wait(1.0)
            continue
        job = claim.job
        takes = random.uniform(*seconds)  # noqa: S311 - a pause
        for ref in job.edit.pictures:
            await store.get(ref)
        for step in range(1, STEPS + 1):
            await asyncio.sleep(takes / STEPS)
            await queue.progress(job.id, claim.token, Phase.EDITING, step=step, steps=STEPS)
        ref = result_ref(job.id, claim.attempt)
        await store.put(ref, result)
        await queue.complete(job.id, claim.token, Result(picture=ref, seed=1, seconds=takes))


class Record:
    """All calls of the bot, however many: the simulator itself keeps the last 10,000."""

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self.calls: list[Call] = []

    async def look(self) -> None:
        """Fetch what is new."""
        self.calls += await self._chats.calls(since=self.calls[-1].number if self.calls else 0)

    async def keep_looking(self, every: float) -> None:
        """Fetch what is new again and again."""
        while True:
            await self.look()
            await asyncio.sleep(every)


def most_edits(calls: Iterable[Call]) -> int:
    """Return the most edits that any chat was sent in any minute, those that failed included."""
    times: dict[int | None, list[float]] = defaultdict(list)
    for call in calls:
        if call.method in EDITS:
            times[call.chat_id].append(call.at)
    most = 0
    for each in times.values():
        each.sort()
        for last, at in enumerate(each):
            most = max(most, sum(at - earlier < MINUTE for earlier in each[: last + 1]))
    return most


def share(values: list[float], part: float) -> float:
    """Return the value below which a part of all values is; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
