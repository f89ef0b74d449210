"""Requests that wait for their user's unfinished jobs, or for the result of one, and follow by themselves."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import ChatUnreachableError
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.common.retention import PersonalData
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.answers.answering import CANCELLED, FAILED, FORBIDDEN, UNREACHABLE, WITHHELD
from qwenedit_bot.edits.requests.failed import collected_on_failure
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION, Request, RequestOutcome
from qwenedit_bot.edits.requests.rewording import Reworded
from qwenedit_bot.pictures.sources import StoredPicture, as_data, of_data

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.chat.bot_api import Messenger
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.edits.requests.job_ids import JobIds
    from qwenedit_bot.edits.requests.submit import Submit
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.texts import Texts, Words
    from qwenedit_jobs import JobQueue

MOST = 20
"""Requests of one user that wait."""
KEPT = 86_400
"""Seconds for which they wait after the last of them came."""
_WITHOUT_RESULT = frozenset((FAILED, CANCELLED, WITHHELD))
_NOT_SEEN_YET = frozenset((UNREACHABLE, FORBIDDEN))

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that waits."""

    request: Request
    language: str
    at: float
    """Since when, in seconds since the epoch: the oldest one is next."""
    after: str = ""
    """The job whose result it is about; empty if it waits for any of its user's jobs to end."""


class Backlog:
    """Takes all requests. Those beyond a user's limit of unfinished jobs wait until one of these jobs is answered.

    A request is noted first, and then it's looked at whether there is room: a job that ends in between finds the
    request, or the request finds the room. Two replicas may both let it follow; the job's id makes that one job.

    Args:
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
        ids: Of jobs.
        submit: Makes a request into a job.
        queue: Has the jobs.
        replies: Say what becomes of a request.
        messenger: Takes away messages of requests that don't wait any more.
        texts: The words of all languages.
        presets: Have their names.
    """

    personal_data = (
        PersonalData(
            what="requests that wait until others of the user are done", keys=("backlog",), seconds=KEPT, told="backlog"
        ),
    )

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self, redis: Redis, keys: BotKeys, *,
        ids: JobIds, submit: Submit, queue: JobQueue, replies: Replies, messenger: Messenger, texts: Texts,
        presets: Catalogue,
    ) -> None:  # fmt: skip
        self._redis = redis
        self._keys = keys
        self._ids = ids
        self._submit = submit
        self._queue = queue
        self._replies = replies
        self._messenger = messenger
        self._texts = texts
        self._presets = presets
        self.known = submit.known

    async def __call__(self, request: Request, words: Words) -> RequestOutcome:
        """Accept a request as a job or for later, or refuse it, and say so in the chat; raises what `Submit` raises."""
        if not any(not each.after for each in await self._of(request.user_id)):
            outcome = await self._submit(request, words)
            if outcome is not RequestOutcome.WAITS:
                return outcome
        return await self._wait(_Waiting(request, words.language, time.time()), words)

    async def after(self, job_id: str, request: Request, words: Words) -> RequestOutcome:
        """Accept a request that is about the result of an unfinished job, which takes the place of its pictures.

        If that job has no result, the user is told so, with the words.
        """
        return await self._wait(_Waiting(request, words.language, time.time(), job_id), words)

    async def follow(self, user_id: int) -> None:
        """Make requests that wait into jobs, oldest first, as many as the user may have now. May be repeated."""
        for waiting in await self._of(user_id):
            try:
                if not await self._follows(waiting):
                    continue
            except ChatUnreachableError as error:
                log.info("backlog.unreachable", error=str(error))
                continue
            await self._remove(waiting)

    async def count(self, user_id: int) -> int:
        """Return how many requests of a user wait."""
        return int(await self._redis.hlen(self._keys.backlog(user_id)))

    async def waiting(self, user_id: int) -> list[Request]:
        """Return the requests of a user that wait, oldest first."""
        return [each.request for each in await self._of(user_id)]

    async def reword(self, user_id: int, job_id: str, wish: str, words: Words) -> Reworded | None:
        """Give a request that waits another instruction; None if it doesn't wait."""
        waiting = next((each for each in await self._of(user_id) if each.request.job_id == job_id), None)
        if waiting is None:
            return None
        prompt = self._presets.reworded(waiting.request.instruction, wish)
        if len(prompt) > MAX_INSTRUCTION:
            return Reworded.REFUSED
        new = replace(waiting, request=replace(waiting.request, instruction=prompt))
        await self._redis.hset(self._keys.backlog(user_id), job_id, _written(new))
        if await self.known(job_id):  # it has followed meanwhile, with the old words
            await self._remove(new)
            return None
        await self._replies.say(
            new.request.to, job_views.waits(words, self._presets, new.request, after=bool(new.after))
        )
        return Reworded.DONE

    async def drop(self, user_id: int, job_id: str) -> bool:
        """End a request that waits, and take its message away; False if it doesn't wait."""
        waiting = next((each for each in await self._of(user_id) if each.request.job_id == job_id), None)
        if waiting is None:
            return False
        if await self._submit.abandon(waiting.request):
            message_id = await self._replies.find(waiting.request.to)
            if message_id is not None:
                await self._messenger.delete(waiting.request.to.chat_id, message_id)
                await self._replies.forget_answer(waiting.request.to)
        await self._remove(waiting)
        return True

    async def stop(self, user_id: int) -> int:
        """End all requests of a user that wait; returns how many did."""
        return sum([await self.drop(user_id, each.request.job_id) for each in await self._of(user_id)])

    async def forget(self, user_id: int) -> None:
        """End all requests of a user that wait, and forget those that this version can't read."""
        await self.stop(user_id)
        await self._redis.unlink(self._keys.backlog(user_id))

    async def abandon(self, request: Request) -> bool:
        """Give back what a request has cost that will not be made again; False for one that was accepted."""
        await self._redis.hdel(self._keys.backlog(request.user_id), request.job_id)
        return await self._submit.abandon(request)

    async def _wait(self, waiting: _Waiting, words: Words) -> RequestOutcome:
        with collected_on_failure(waiting.request):
            return await self._keep(waiting, words)

    async def _keep(self, waiting: _Waiting, words: Words) -> RequestOutcome:
        request, key = waiting.request, self._keys.backlog(waiting.request.user_id)
        if await self.known(request.job_id):
            return RequestOutcome.ACCEPTED
        refused = await self._submit.refusal(request, words)
        if refused is not None:
            return refused
        if await self.count(request.user_id) >= MOST and not await self._redis.hexists(key, request.job_id):
            await self._submit.abandon(request)
            return await self._submit.refuse_backlog(request, words, MOST)
        await self._replies.say(request.to, job_views.waits(words, self._presets, request, after=bool(waiting.after)))
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hsetnx(key, request.job_id, _written(waiting))
        pipeline.expire(key, KEPT)
        await pipeline.execute()
        await self.follow(request.user_id)
        return RequestOutcome.ACCEPTED

    async def _follows(self, waiting: _Waiting) -> bool:
        """Make a request into a job if that's possible now; returns whether it doesn't wait any more."""
        request, words = waiting.request, self._texts.of(waiting.language)
        if waiting.after:
            status = await self._queue.status(waiting.after)
            if status is not None and (not status.answered or status.answer in _NOT_SEEN_YET):
                return False
            if status is None or status.result is None or status.answer in _WITHOUT_RESULT:
                await self._submit.abandon(request)
                await self._replies.say(request.to, job_views.nothing_to_follow(words, self._presets, request))
                return True
            reply, picture = status.job.reply, StoredPicture(status.result.picture)
            answer = await self._replies.find(Source.of_job(reply)) if reply is not None else None
            request = replace(request, attachments=(picture,), shown=((answer or 0, waiting.after),))
        return await self._submit(request, words) is not RequestOutcome.WAITS

    async def _of(self, user_id: int) -> list[_Waiting]:
        """Return the requests of a user that wait, oldest first."""
        found = await self._redis.hvals(self._keys.backlog(user_id))
        waiting = [each for each in (_read(str(text), user_id, self._ids) for text in found) if each is not None]
        return sorted(waiting, key=lambda each: each.at)

    async def _remove(self, waiting: _Waiting) -> None:
        await self._redis.hdel(self._keys.backlog(waiting.request.user_id), waiting.request.job_id)


def _written(waiting: _Waiting) -> str:
    request = waiting.request
    return json.dumps(
        {
            "chat": request.source.chat_id, "message": request.source.message_id,
            "thread": request.source.thread_id,
            "discriminator": request.discriminator, "instruction": request.instruction,
            "workflow": request.workflow, "parameters": dict(request.parameters), **as_data(request.attachments),
            "language": waiting.language, "at": waiting.at, "after": waiting.after, "shown": request.shown,
        }
    )  # fmt: skip


def _read(text: str, user_id: int, ids: JobIds) -> _Waiting | None:
    """Read a request; None for one that another version has written otherwise."""
    try:
        fields = json.loads(text)
        source = Source(fields["chat"], fields["message"], thread_id=fields["thread"])
        request = Request(
            ids, source, user_id, of_data(fields), fields["instruction"],
            workflow=fields["workflow"], parameters=fields["parameters"], discriminator=fields["discriminator"],
            shown=tuple((int(message), str(job)) for message, job in fields["shown"]),
        )  # fmt: skip
        return _Waiting(request, fields["language"], fields["at"], fields["after"])
    except (ValueError, KeyError, TypeError):
        log.warning("backlog.unreadable")
        return None
