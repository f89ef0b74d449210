"""The bot's part in the queue, played by the process that proves or measures."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qwenedit_jobs import (
    Edit,
    Job,
    JobQueue,
    Limits,
    RedisPictureStore,
    RedisSettings,
    ReplyTo,
    connect,
    input_ref,
    job_id,
)
from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from qwenedit_jobs import Status

PROMPT = "make it snow"
"""Seconds; the bot's janitor does it once a second."""


def job(number: int, *, user: int = 1, prompt: str = PROMPT, pictures: int = 1) -> Job:
    """Make a job; the same number makes the same one."""
    identity = job_id(user, number, key=b"by hand")
    return Job(
        id=identity,
        user_id=user,
        edit=Edit(prompt=prompt, pictures=tuple(input_ref(identity, each) for each in range(pictures)), seed=number),
        reply=ReplyTo(chat_id=user, placeholder_id=number + 1, source_message_id=number + 1, language="en"),
    )


class BotByHand:
    """Asks for edits, and sees what comes of them. Made by `by_hand`.

    Attributes:
        queue: As the bot has it.
        store: The same of the pictures.
    """

    def __init__(self, queue: JobQueue, store: RedisPictureStore) -> None:
        self.queue = queue
        self.store = store

    async def ask(self, number: int, photo: bytes, limits: Limits | None = None) -> Job:
        """Enqueue a job with a photo."""
        asked = job(number)
        await self.store.put(asked.edit.pictures[0], photo)
        await self.queue.enqueue(asked, limits or Limits())
        return asked

    async def until(self, job_id: str, wanted: Callable[[Status], bool], *, within: float) -> Status:
        """Wait until a job is as wanted, or has ended otherwise."""

        async def status() -> Status | None:
            found = await self.queue.status(job_id)
            return found if found is not None and (wanted(found) or found.state.final) else None

        found = await eventually(status, within=within)
        if found is None:
            raise AssertionError("eventually gives no false answer")
        return found


@asynccontextmanager
async def by_hand(redis_url: str) -> AsyncIterator[BotByHand]:
    """Make a bot's part in the queue of a Redis."""
    settings = RedisSettings(redis_url=redis_url)
    async with connect(settings) as redis, connect(settings, decode=False) as raw:
        yield BotByHand(JobQueue(redis, settings.keys), RedisPictureStore(raw, settings.keys, ttl=3600))
