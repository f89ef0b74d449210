"""Requests that can't be jobs yet, and become jobs later by themselves.

They wait until their user has fewer unfinished jobs, for the result of a job, or for Telegram or the picture store.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import structlog
from pydantic import TypeAdapter, ValidationError
from redis.exceptions import RedisError

from qwenedit_bot.chat.errors import ChatUnreachableError, LaterError
from qwenedit_bot.chat.rate_limit import on_behalf_of
from qwenedit_bot.chat.view import Source, View
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.answers import NOT_SHOWN, AnswerOutcome
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION, Request, RequestOutcome, Reworded
from qwenedit_bot.inbox.scheduler import PoisonError
from qwenedit_bot.pictures.sources import StoredPicture
from qwenedit_bot.texts import Text
from qwenedit_telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.edits.requests.submit import Submit
    from qwenedit_bot.pictures.sources import Attachment
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.texts import Texts, Words
    from qwenedit_jobs import Intake
    from qwenedit_jobs.lanes import Entry, Lanes

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A waiting request."""

    request: Request
    language: str
    after: str = ""
    """The job whose result it edits; empty if it only waits for its turn."""
    message_id: int = 0
    """ID of the bot's message about it; 0 if there's none."""
    trace_context: str = ""
    """The traceparent of the update that asked for it; empty if that isn't traced."""
    dropped: bool = False
    """Whether its user has cancelled it."""
    replaces: str = ""
    """The job that it starts over: it's cancelled first."""


_FORM = TypeAdapter(WaitingRequest)


@dataclass(kw_only=True, eq=False)
class Backlog:
    """Accepts all requests. Those that can't be jobs yet wait in their user's lane.

    The answer to a job makes its user's lane due, and the scheduler retries its first request. The job's ID ensures
    that a request makes one job.
    """

    lanes: Lanes
    wake: asyncio.Event
    """Set when a request may become a job."""
    submit: Submit
    queue: Intake
    replies: Replies
    messenger: Messenger
    texts: Texts
    presets: Catalogue
    patience: ClassVar[int | None] = 15
    personal_data: ClassVar[tuple[PersonalData, ...]] = (
        PersonalData(
            "requests that wait behind the user's other jobs", "backlog", until="they become jobs, or are cancelled"
        ),
    )

    async def take(self, request: Request, words: Words, *, after: str = "") -> RequestOutcome:
        """Accept a request as a job or for later, or refuse it, and tell the chat.

        With `after`, it edits the result of that unfinished job. If that job has no result, the user is told so.

        Raises:
            LaterError: The chat has no turn now, or there's no memory for pictures.
            ChatUnreachableError: The bot can't write to the chat. Nothing was charged.
        """
        if after or any(not each.after for each in await self.waiting(request.user_id)):
            return await self._wait(request, words, after)
        try:
            outcome = await self.submit(request, words)
        except (RedisError, LaterError, ChatUnreachableError):
            raise
        except Exception as error:  # noqa: BLE001 - a defect shows itself again when the request is tried again
            log.warning("backlog.not_submitted", error=type(error).__name__)
            await self._put(WaitingRequest(request, words.language))
            return RequestOutcome.ACCEPTED
        return await self._wait(request, words) if outcome is RequestOutcome.WAITS else outcome

    async def job_answered(self, user_id: int) -> None:
        """Make a user's first request due, and those that wait for a result."""
        lane = str(user_id)
        if await self.lanes.make_due_apart(lane) + await self.lanes.make_due(lane):
            self.wake.set()

    async def waiting(self, user_id: int) -> list[WaitingRequest]:
        """Return a user's waiting requests, next one first."""
        entries = await self.lanes.of_lane(str(user_id))
        return [each for text in entries.values() if (each := _read(text)) is not None]

    async def reword(self, user_id: int, job_id: str, wish: str, words: Words) -> Reworded:
        """Change a waiting request's instruction, here or in the queue.

        Raises:
            LaterError: It's becoming a job, or there's no memory now for its pictures.
        """
        waiting = next((each for each in await self.waiting(user_id) if each.request.job_id == job_id), None)
        if waiting is None:
            status = await self.queue.status(job_id)
            if status is None:
                return Reworded.TOO_LATE
            prompt = self.presets.reworded(status.job.edit.prompt, wish)
            return Reworded.DONE if prompt == status.job.edit.prompt else await self.submit.reword(status, prompt)
        prompt = self.presets.reworded(waiting.request.instruction, wish)
        if len(prompt) > MAX_INSTRUCTION:
            return Reworded.REFUSED
        request = replace(waiting.request, instruction=prompt)
        if not await self.lanes.rewrite(str(user_id), job_id, _written(replace(waiting, request=request))):
            raise LaterError(1.0, "backlog")
        await self.replies.say(request.to, self._view(request, words, waiting.after))
        return Reworded.DONE

    async def start_over(
        self, waiting: WaitingRequest, sources: Sequence[Attachment | StoredPicture], shown: Sequence[tuple[int, str]]
    ) -> None:
        """Let a request that waits for a job's result take that job's place: the same pictures with its own words.

        Raises:
            LaterError: It's becoming a job.
        """
        request = replace(waiting.request, attachments=tuple(sources), shown=tuple(shown))
        again = replace(waiting, request=request, after="", replaces=waiting.after)
        if not await self.lanes.rewrite(str(request.user_id), request.job_id, _written(again)):
            raise LaterError(1.0, "backlog")
        await self.job_answered(request.user_id)

    async def stop(self, user_id: int, job_id: str | None = None) -> int:
        """End all requests of a user that wait, or one, and take their messages away; returns how many did.

        Raises:
            LaterError: One is becoming a job.
        """
        waiting = [each for each in await self.waiting(user_id) if job_id in (None, each.request.job_id)]
        ended = [await self._drop(each) for each in waiting]
        await asyncio.gather(*map(self._clear, waiting))
        await self.job_answered(user_id)  # the next one may wait for something else
        return sum(ended)

    async def _drop(self, waiting: WaitingRequest) -> bool:
        # First: whatever crashes from here on, it's ended and not made.
        dropped = _written(replace(waiting, dropped=True))
        if not await self.lanes.rewrite(str(waiting.request.user_id), waiting.request.job_id, dropped):
            raise LaterError(1.0, "backlog")
        return await self._end(waiting.request)

    async def _end(self, request: Request) -> bool:
        if not await self.submit.abandon(request):
            return False
        message_id = await self.replies.find(request.to)
        if message_id is not None:
            await self.messenger.delete(request.to.chat_id, message_id)
            await self.replies.forget_answer(request.to)
        return True

    async def _clear(self, waiting: WaitingRequest) -> None:
        """Let a dropped request leave its lane, or try again if what it has stored can't be deleted."""
        if await self.submit.delete_pictures(waiting.request):
            await self.lanes.drop(str(waiting.request.user_id), waiting.request.job_id)

    async def forget(self, user_id: int) -> None:
        """Cancel all of a user's requests, including unreadable ones."""
        await self.stop(user_id)
        for entry, text in (await self.lanes.of_lane(str(user_id))).items():
            if _read(text) is None:
                await self.lanes.drop(str(user_id), entry)
        for aside in await self.lanes.list_set_aside():
            if aside.lane == str(user_id):
                await self.lanes.drop_set_aside(aside.id)

    async def __call__(self, entry: Entry) -> None:
        """Turn a request into a job, or tell its user why not.

        Raises:
            LaterError: Its user or the queue has no room yet, the result isn't there yet, or as with `take`.
            PoisonError: Another version has written it.
        """
        waiting = _opened(entry)
        with on_behalf_of(waiting.request.user_id), tracing.continued("follow up", waiting.trace_context):
            try:
                await self._follow(waiting, self.texts.of(waiting.language))
            except ChatUnreachableError as error:
                log.info("backlog.unreachable", error=str(error))

    def about(self, entry: Entry) -> Mapping[str, str]:
        """Return the ID of its job."""
        return {"job": entry.id}

    async def apologise(self, entry: Entry) -> None:
        """Tell the user that it failed, and refund it."""
        waiting = _opened(entry)
        if await self.submit.abandon(waiting.request):
            await self.submit.delete_pictures(waiting.request)
            await self.replies.say(waiting.request.to, View(self.texts.of(waiting.language)(Text.TROUBLE)))

    async def _follow(self, waiting: WaitingRequest, words: Words) -> None:
        request = waiting.request
        if waiting.dropped:
            await self._end(request)
            if not await self.submit.delete_pictures(request):
                raise LaterError(timeouts.BACKLOG_RETRY, "storage")
            return
        if waiting.after:
            status = await self.queue.status(waiting.after)
            if status is not None and (not status.answered or status.answer == AnswerOutcome.UNREACHABLE):
                # That may take a day, if its chat refuses it.
                raise LaterError(timeouts.BACKLOG_RETRY, "result", apart=True)
            if status is None or status.result is None or status.answer in NOT_SHOWN:
                await self.submit.abandon(request)
                view = job_views.requested(words, self.presets, request, Text.NOTHING_TO_FOLLOW)
                await self.replies.say(request.to, view)
                return
            reply, picture = status.job.reply, StoredPicture(status.result.picture)
            answer = await self.replies.find(Source.of_job(reply)) if reply is not None else None
            request = replace(request, attachments=(picture,), shown=((answer or 0, waiting.after),))
        if waiting.replaces:
            await self.queue.cancel(waiting.replaces)
        if await self.submit.is_full():  # the user was told that it follows
            raise LaterError(timeouts.BACKLOG_RETRY, "queue_full")
        if await self.submit(request, words) is RequestOutcome.WAITS:
            raise LaterError(timeouts.BACKLOG_RETRY, "unfinished")

    async def _wait(self, request: Request, words: Words, after: str = "") -> RequestOutcome:
        if await self.queue.exists(request.job_id):
            return RequestOutcome.ACCEPTED
        refused = await self.submit.refusal(request, words)
        if refused is not None:
            return refused
        ids = {each.request.job_id for each in await self.waiting(request.user_id)}
        if len(ids) >= 20 and request.job_id not in ids:
            await self.submit.abandon(request)
            view = View(words(Text.BACKLOG_FULL, count=20))
            return await self.submit.refuse(request.to, RequestOutcome.NOT_NOW, "backlog_full", view)
        try:
            message_id = await self.replies.say(request.to, self._view(request, words, after))
        except Exception:
            await self.submit.abandon(request)  # another try is charged again
            raise
        await self._put(WaitingRequest(request, words.language, after, message_id))
        return RequestOutcome.ACCEPTED

    def _view(self, request: Request, words: Words, after: str) -> View:
        text = Text.WAITS_FOR_RESULT if after else Text.WAITS_IN_BACKLOG
        return job_views.requested(words, self.presets, request, text)

    async def _put(self, waiting: WaitingRequest) -> None:
        request = waiting.request
        waiting = replace(waiting, trace_context=tracing.current_traceparent())
        await self.lanes.put(str(request.user_id), request.job_id, _written(waiting))
        self.wake.set()


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
