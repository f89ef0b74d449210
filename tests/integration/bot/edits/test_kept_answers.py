"""A bot that is killed at any await between giving a kept answer and marking it shows that answer once."""

from __future__ import annotations

import asyncio
import itertools
import types
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import AsyncMock

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_bot.chat.errors import ChatUnreachableError, LaterError
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.edits.answers.answering import Answering
from qwenedit_bot.edits.answers.delivery import Deliver
from qwenedit_bot.edits.progress.eta import Eta
from qwenedit_bot.payments.quotas import Quotas
from qwenedit_bot.pictures.results import ResultPicture, Results
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Texts
from qwenedit_jobs import (
    Done,
    Edit,
    Events,
    Fail,
    Job,
    JobQueue,
    Keys,
    Reason,
    RedisPictureStore,
    ReplyTo,
    Result,
    job_id,
)
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.queue.queue import QueueLimits
from qwenedit_jobs.workers.registry import Workers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator

    from redis.asyncio import Redis

    from qwenedit_bot.chat.bot_api import Messenger
    from qwenedit_bot.chat.view import PictureView, Source, View
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.edits.requests.backlog import Backlog
    from qwenedit_jobs.lanes import Entry

PLACEHOLDER = 1
PICTURE = "a picture"


@dataclass
class Chat:
    """What one person sees. A call has its effect at once, and its answer comes later."""

    messages: dict[int, str] = field(default_factory=lambda: {PLACEHOLDER: "Got it"})
    refuses: bool = True
    said: int = 0
    """How often something was said since the chat takes it."""

    async def _says(self, message_id: int, what: str) -> bool:
        if self.refuses:
            raise ChatUnreachableError
        there = message_id in self.messages
        if there:
            self.messages[message_id] = what
            self.said += 1
        await asyncio.sleep(0)
        return there

    async def followed(self, to: Source) -> Source:
        return to

    async def ready(self, _chat_id: int, *, edit: bool) -> None:
        """Say at once that it is."""

    async def show(self, _chat_id: int, message_id: int, _picture: PictureView) -> bool:
        return await self._says(message_id, PICTURE)

    async def edit(self, _chat_id: int, message_id: int, view: View) -> bool:
        return await self._says(message_id, view.text)

    async def send(self, _to: Source, view: View) -> int:
        message_id = max(self.messages, default=PLACEHOLDER) + 1
        if not self.refuses:
            self.messages[message_id] = ""
        await self._says(message_id, view.text)
        return message_id

    async def delete(self, _chat_id: int, message_id: int, **_later: bool) -> None:
        self.messages.pop(message_id, None)


class Pictures:
    """Every result is the same."""

    @asynccontextmanager
    async def read(self, _ref: str) -> AsyncIterator[ResultPicture]:
        yield ResultPicture(b"photo", is_photo=True)


class Killed(BaseException):
    """The process is no more."""


@types.coroutine
def until_killed(work: Coroutine[Any, Any, None], begun: Callable[[], bool], after: int) -> Generator[Any, None, bool]:
    """Do some work, but kill it at an await, so that nothing that it would wait for happens any more.

    Args:
        work: What to do.
        begun: Whether awaits count yet.
        after: How many of them it survives.

    Returns:
        Whether it came to its end before.
    """
    dead = False
    while True:
        try:
            waits_for = work.throw(Killed()) if dead else work.send(None)
        except StopIteration:
            return True
        except Killed:
            return False
        if begun():
            after -= 1
        dead = dead or after < 0
        if not dead:
            yield waits_for


class Bot:
    """The part of the bot that answers."""

    def __init__(self, redis: Redis, keys: BotKeys, chat: Chat) -> None:
        messenger, quotas = cast("Messenger", chat), Quotas(redis, keys, per_day=3, exempt=frozenset())
        queue = JobQueue(redis, Keys())
        self.lanes = Lanes(redis, Keys().answers, name="bot")
        eta = Eta(redis, Keys(), Workers(redis, Keys()))
        answering = Answering(
            store=RedisPictureStore(redis, Keys(), ttl=60),
            results=cast("Results", Pictures()),
            messenger=messenger,
            replies=Replies(redis, keys, messenger),
            texts=Texts(),
            quotas=quotas,
            moderation=None,
            presets=catalogue.load(None),
        )
        self.work = Deliver(
            queue=queue,
            answering=answering,
            metrics=BotMetrics(CollectorRegistry()),
            eta=eta,
            quotas=quotas,
            backlog=cast("Backlog", AsyncMock()),
        )

    async def attempt(self) -> None:
        """Work on what is due after a start, as the scheduler does."""
        await self.lanes.release_own_holds()
        entries, _wait = await self.lanes.next(1)
        for entry in entries:
            await self._attempt(entry)

    async def _attempt(self, entry: Entry) -> None:
        try:
            await self.work(entry)
        except LaterError as later:
            await self.lanes.park(entry, later.after, alone=later.apart)
        else:
            await self.lanes.done(entry)


async def ended(redis: Redis, number: int, outcome: Any) -> str:
    """Have a job end; its end lies in its lane."""
    queue, new_id = JobQueue(redis, Keys()), job_id(7, number, key=b"tests")
    reply = ReplyTo(chat_id=7, placeholder_id=PLACEHOLDER, source_message_id=number, language="en")
    edit = Edit(prompt="snow", pictures=("p",), seed=1)
    await queue.enqueue(Job(id=new_id, user_id=7, edit=edit, reply=reply), QueueLimits())
    await queue.claim(worker="w", token="t", lease=30)
    await queue.settle(new_id, "t", outcome(new_id))
    await Events(redis, Keys(), Lanes(redis, Keys().answers)).drain()
    return new_id


def done(job: str) -> Done:
    return Done(Result(picture=f"{job}:out", seed=1, seconds=1.0))


def failed(_job: str) -> Fail:
    return Fail(Reason.TIMEOUT)


@pytest.mark.parametrize(
    ("outcome", "placeholder", "waited", "expected"),
    [(done, True, 0, 1), (failed, True, 0, 1), (done, False, 0, 2), (done, True, 31, 2)],
)
async def test_kept_answer_is_shown_once_wherever_the_bot_is_killed(
    redis: Redis, bot_keys: BotKeys, outcome: Any, placeholder: bool, waited: int, expected: int
) -> None:
    """If the person has deleted the job's message, or it rings, words may come twice, and the picture still doesn't."""
    for awaits in itertools.count():
        await redis.flushdb()
        chat = Chat()
        job = await ended(redis, awaits + 1, outcome)
        await redis.hincrby(Keys().job(job), "enqueued_at", -1000 * waited)
        bot = Bot(redis, bot_keys, chat)
        await bot.attempt()
        refused = await JobQueue(redis, Keys()).status(job)
        assert refused is not None
        assert refused.answer == "unreachable"
        chat.refuses = False
        if not placeholder:
            chat.messages.clear()
        assert await bot.lanes.make_due_apart("7") == 1
        life = until_killed(bot.attempt(), lambda chat=chat: chat.said > 0, awaits)  # type: ignore[misc]
        survived = await asyncio.create_task(life)
        if not survived:
            await Bot(redis, bot_keys, chat).attempt()
        status = await JobQueue(redis, Keys()).status(job)
        assert status is not None
        assert status.answer == ("picture" if outcome is done else "failed")
        assert len(chat.messages) <= expected
        assert list(chat.messages.values()).count(PICTURE) == (1 if outcome is done else 0)
        assert not waited or PLACEHOLDER not in chat.messages
        if survived:
            break
    assert awaits >= 4
