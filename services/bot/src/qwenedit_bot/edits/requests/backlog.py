"""Requests that can't be jobs yet, and become jobs by themselves.

They wait for room among their user's unfinished jobs, for the result of a job, or for Telegram and the store of
pictures to answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from pydantic import TypeAdapter, ValidationError
from redis.exceptions import RedisError

from qwenedit_bot.chat.errors import ChatUnreachableError, LaterError
from qwenedit_bot.chat.rate_limit import on_behalf_of
from qwenedit_bot.chat.view import Source, View
from qwenedit_bot.common.retention import PersonalData
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.answers.answering import NOT_SHOWN, UNREACHABLE
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION, Request, RequestOutcome, Reworded
from qwenedit_bot.inbox.scheduler import PoisonError
from qwenedit_bot.pictures.sources import StoredPicture, of_data
from qwenedit_bot.texts import Text
from qwenedit_telemetry import tracing

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from qwenedit_bot.chat.bot_api import Messenger
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.edits.requests.submit import Submit
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.texts import Texts, Words
    from qwenedit_jobs import JobQueue
    from qwenedit_jobs.lanes import Entry, Lanes

MOST = 20
"""Requests of one user that wait."""
LOOK_AGAIN = 30.0
"""Seconds until a user's first request is tried again if no answer to a job of theirs makes it due."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request that waits."""

    request: Request
    language: str
    after: str = ""
    """The job whose result it is about; empty if it waits for nothing but its turn."""
    message_id: int = 0
    """Id of the bot's message that says so; 0 if none does."""
    trace_context: str = ""
    """The traceparent of the update that asked for it; empty if that isn't traced."""
    dropped: bool = False
    """Its user has stopped it: it's to be ended."""


_FORM = TypeAdapter(WaitingRequest)


class Backlog:
    """Takes all requests. Those that can't be jobs yet wait in a lane, one for each user.

    The answer to a job makes its user's lane due, and the scheduler tries the first request in it again. Whatever is
    repeated, the job's id makes one job of a request.

    Args:
        redis: A client that decodes replies.
        lanes: Where requests wait.
        wake: Set when one may follow.
        submit: Makes a request into a job.
        queue: Knows the jobs whose results are waited for.
        replies: Say what becomes of a request.
        messenger: Takes away messages of requests that don't wait any more.
        texts: The words of all languages.
        presets: Have their names.
    """

    personal_data = (
        PersonalData(
            what="requests that wait until others of the user are done", keys=("backlog",),
            until="they are jobs, or stopped",
        ),
    )  # fmt: skip
    patience: int | None = 15

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self, redis: Redis, lanes: Lanes, wake: asyncio.Event, *,
        submit: Submit, queue: JobQueue, replies: Replies, messenger: Messenger, texts: Texts, presets: Catalogue,
    ) -> None:  # fmt: skip
        self._redis = redis
        self._lanes = lanes
        self._wake = wake
        self._submit = submit
        self._queue = queue
        self._replies = replies
        self._messenger = messenger
        self._texts = texts
        self._presets = presets

    async def take(self, request: Request, words: Words) -> RequestOutcome:
        """Accept a request as a job or for later, or refuse it, and say so in the chat.

        Raises:
            LaterError: The chat's turn isn't free, or there is no room for pictures now.
            ChatUnreachableError: Nothing can be said in the chat. The request has cost nothing.
        """
        if any(not each.after for each in await self.waiting(request.user_id)):
            return await self._wait(request, words)
        try:
            outcome = await self._submit(request, words)
        except (RedisError, LaterError, ChatUnreachableError):
            raise
        except Exception as error:  # noqa: BLE001 - a defect shows itself again when the request is tried again
            log.warning("backlog.not_submitted", error=type(error).__name__)
            await self._put(WaitingRequest(request, words.language))
            return RequestOutcome.ACCEPTED
        return await self._wait(request, words) if outcome is RequestOutcome.WAITS else outcome

    async def after(self, job_id: str, request: Request, words: Words) -> RequestOutcome:
        """Accept a request that is about the result of an unfinished job, which takes the place of its pictures.

        If that job has no result, the user is told so, with the words.
        """
        return await self._wait(request, words, job_id)

    async def job_answered(self, user_id: int) -> None:
        """Have those requests of a user tried that wait for a result, and the first one: there may be room for it."""
        lane = str(user_id)
        await self._take_over(user_id)
        if await self._lanes.make_due_apart(lane) + await self._lanes.make_due(lane):
            self._wake.set()

    async def waiting(self, user_id: int) -> list[WaitingRequest]:
        """Return the requests of a user that wait, the next one first."""
        found = await self._lanes.of_lane(str(user_id))
        return [each for text in found.values() if (each := _read(text)) is not None]

    async def has(self, job_id: str) -> bool:
        """Whether a request waits, whoever's it is."""
        return bool(await self._lanes.lane_of(job_id))

    async def reword(self, user_id: int, job_id: str, wish: str, words: Words) -> Reworded:
        """Give a request another instruction while it waits, here or in the queue.

        Raises:
            LaterError: It's being made into a job, or there is no room now to look at its pictures.
        """
        waiting = await self._find(user_id, job_id)
        if waiting is None:
            status = await self._queue.status(job_id)
            if status is None:
                return Reworded.TOO_LATE
            prompt = self._presets.reworded(status.job.edit.prompt, wish)
            return Reworded.DONE if prompt == status.job.edit.prompt else await self._submit.reword(status, prompt)
        prompt = self._presets.reworded(waiting.request.instruction, wish)
        if len(prompt) > MAX_INSTRUCTION:
            return Reworded.REFUSED
        request = replace(waiting.request, instruction=prompt)
        if not await self._lanes.rewrite(str(user_id), job_id, _written(replace(waiting, request=request))):
            raise LaterError(1.0, "backlog")
        await self._replies.say(request.to, job_views.waits(words, self._presets, request, after=bool(waiting.after)))
        return Reworded.DONE

    async def drop(self, user_id: int, job_id: str) -> bool:
        """End a request that waits, and take its message away; False if it doesn't wait.

        Raises:
            LaterError: It's being made into a job.
        """
        waiting = await self._find(user_id, job_id)
        if waiting is None:
            return False
        ended = await self._drop(waiting)
        await self.job_answered(user_id)  # the next one may wait for something else
        return ended

    async def _drop(self, waiting: WaitingRequest) -> bool:
        lane, job_id = str(waiting.request.user_id), waiting.request.job_id
        # First: whatever crashes from here on, it's ended and not made.
        if not await self._lanes.rewrite(lane, job_id, _written(replace(waiting, dropped=True))):
            raise LaterError(1.0, "backlog")
        ended = await self._end(waiting.request)
        await self._lanes.drop(lane, job_id)
        return ended

    async def _end(self, request: Request) -> bool:
        if not await self._submit.abandon(request):
            return False
        message_id = await self._replies.find(request.to)
        if message_id is not None:
            await self._messenger.delete(request.to.chat_id, message_id)
            await self._replies.forget_answer(request.to)
        return True

    async def stop(self, user_id: int) -> int:
        """End all requests of a user that wait; returns how many did."""
        await self._take_over(user_id)
        return sum([await self._drop(each) for each in await self.waiting(user_id)])

    async def forget(self, user_id: int) -> None:
        """End all requests of a user, those too that this version can't read."""
        await self.stop(user_id)
        await self._redis.unlink(self._before(user_id))
        for entry in await self._lanes.of_lane(str(user_id)):
            await self._lanes.drop(str(user_id), entry)
        for aside in await self._lanes.list_set_aside():
            if aside.lane == str(user_id):
                await self._lanes.drop_set_aside(aside.id)

    # ---------------------------------------------------------------- what the scheduler does about an entry

    async def __call__(self, entry: Entry) -> None:
        """Make a request into a job, or tell why it isn't.

        Raises:
            LaterError: Its user or the queue has no room yet, the result isn't there yet, or as with `take`.
            PoisonError: Another version has written it.
        """
        waiting = _opened(entry)
        with on_behalf_of(waiting.request.user_id), tracing.continued("follow up", waiting.trace_context):
            try:
                await self._follow(waiting, self._texts.of(waiting.language))
            except ChatUnreachableError as error:
                log.info("backlog.unreachable", error=str(error))

    def about(self, entry: Entry) -> Mapping[str, str]:
        """Name the job that it becomes."""
        return {"job": entry.id}

    async def apologise(self, entry: Entry) -> None:
        """Say that it won't be done, and give back what it has cost."""
        waiting = _opened(entry)
        if await self._submit.abandon(waiting.request):
            await self._replies.say(waiting.request.to, View(self._texts.of(waiting.language)(Text.TROUBLE)))

    async def _follow(self, waiting: WaitingRequest, words: Words) -> None:
        request = waiting.request
        if waiting.dropped:
            await self._end(request)
            return
        if waiting.after:
            status = await self._queue.status(waiting.after)
            if status is not None and (not status.answered or status.answer == UNREACHABLE):
                raise LaterError(LOOK_AGAIN, "result", apart=True)  # which may take a day, if its chat refuses it
            if status is None or status.result is None or status.answer in NOT_SHOWN:
                await self._submit.abandon(request)
                await self._replies.say(request.to, job_views.nothing_to_follow(words, self._presets, request))
                return
            reply, picture = status.job.reply, StoredPicture(status.result.picture)
            answer = await self._replies.find(Source.of_job(reply)) if reply is not None else None
            request = replace(request, attachments=(picture,), shown=((answer or 0, waiting.after),))
        if await self._submit.is_full():  # the user was told that it follows
            raise LaterError(LOOK_AGAIN, "queue_full")
        if await self._submit(request, words) is RequestOutcome.WAITS:
            raise LaterError(LOOK_AGAIN, "unfinished")

    # ----------------------------------------------------------------

    async def _take_over(self, user_id: int) -> None:
        """Have requests wait here that a version before this one keeps in a hash. It had them follow an answer."""
        key = self._before(user_id)
        found = await self._redis.hgetall(key)
        kept = [read for job_id, text in found.items() if (read := _read_before(str(job_id), user_id, str(text)))]
        for _since, waiting in sorted(kept, key=lambda each: each[0]):
            await self._put(waiting)
            await self._redis.hdel(key, waiting.request.job_id)

    def _before(self, user_id: int) -> str:
        return f"{self._lanes.prefix}:{user_id}"

    async def _find(self, user_id: int, job_id: str) -> WaitingRequest | None:
        return next((each for each in await self.waiting(user_id) if each.request.job_id == job_id), None)

    async def _wait(self, request: Request, words: Words, after: str = "") -> RequestOutcome:
        if await self._submit.known(request.job_id):
            return RequestOutcome.ACCEPTED
        refused = await self._submit.refusal(request, words)
        if refused is not None:
            return refused
        ids = {each.request.job_id for each in await self.waiting(request.user_id)}
        if len(ids) >= MOST and request.job_id not in ids:
            await self._submit.abandon(request)
            return await self._submit.refuse_backlog(request, words, MOST)
        view = job_views.waits(words, self._presets, request, after=bool(after))
        try:
            message_id = await self._replies.say(request.to, view)
        except Exception:
            await self._submit.abandon(request)  # whoever tries again is charged again
            raise
        await self._put(WaitingRequest(request, words.language, after, message_id))
        return RequestOutcome.ACCEPTED

    async def _put(self, waiting: WaitingRequest) -> None:
        request = waiting.request
        waiting = replace(waiting, trace_context=tracing.current_traceparent())
        await self._lanes.put(str(request.user_id), request.job_id, _written(waiting))
        self._wake.set()


def _written(waiting: WaitingRequest) -> str:
    return _FORM.dump_json(waiting, exclude_defaults=True).decode()


def _opened(entry: Entry) -> WaitingRequest:
    waiting = _read(entry.payload)
    if waiting is None:
        raise PoisonError
    return waiting


def _read(text: str) -> WaitingRequest | None:
    """Read a request; None for one that another version has written otherwise."""
    try:
        return _FORM.validate_json(text)
    except ValidationError as error:
        log.warning("backlog.unreadable", problems=error.error_count())
        return None


def _read_before(job_id: str, user_id: int, text: str) -> tuple[float, WaitingRequest] | None:
    """Read a request, and since when it waits, as a version before this one wrote it; None for anything else."""
    try:
        fields = json.loads(text)
        request = Request(
            job_id, Source(fields["chat"], fields["message"], thread_id=fields["thread"]), user_id, of_data(fields),
            fields["instruction"], workflow=fields["workflow"], parameters=fields["parameters"],
            discriminator=fields["discriminator"],
            shown=tuple((int(message), str(job)) for message, job in fields["shown"]),
        )  # fmt: skip
        return float(fields["at"]), WaitingRequest(request, fields["language"], fields["after"])
    except (ValueError, KeyError, TypeError):
        return None
