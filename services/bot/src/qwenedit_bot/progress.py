"""Keeps the messages of unfinished jobs current, within what Telegram allows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot import views
from qwenedit_bot.errors import BotError
from qwenedit_bot.forecast import forecast
from qwenedit_bot.limiter import is_group
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwenedit_bot.deliver import Deliver
    from qwenedit_bot.experience import Experience
    from qwenedit_bot.forecast import Outlook, Wait
    from qwenedit_bot.messenger import Messenger
    from qwenedit_bot.texts import Texts
    from qwenedit_bot.views import View
    from qwenedit_jobs import JobQueue, ReplyTo, Status

TICK = 1.0
"""Seconds between two looks at the jobs."""
EDIT_EVERY = 4.0
"""Seconds between two edits of a message within one phase."""
EDIT_EVERY_IN_GROUP = 15.0
"""The same in a group, whose budget all its jobs share."""
ACTION_EVERY = 5.0
"""Seconds for which Telegram shows a chat action."""
ACTION_EVERY_IN_GROUP = 20.0
AT_ONCE = 10
"""Most edits on their way at the same time."""

_Phase = tuple[str, str, bool]

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Shown:
    """What a job's message says now, as far as this replica knows."""

    view: View
    phase: _Phase
    at: float


@dataclass(frozen=True, slots=True)
class _Change:
    status: Status
    reply: ReplyTo
    view: View
    phase: _Phase


class Progress:
    """Draws every unfinished job from what Redis knows of it; nothing depends on having seen each change.

    Args:
        queue: Knows the jobs.
        messenger: Edits their messages.
        deliver: Repairs what a late edit overwrote.
        texts: The words of all languages.
        experience: Knows how long jobs take, and the workers that are up.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        messenger: Messenger,
        deliver: Deliver,
        texts: Texts,
        experience: Experience,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._messenger = messenger
        self._deliver = deliver
        self._texts = texts
        self._experience = experience
        self._clock = clock
        self._without_worker_since: float | None = None
        self._shown: dict[str, _Shown] = {}
        self._acted: dict[int, float] = {}

    async def tick(self) -> None:
        """Look at all jobs and edit the messages that changed."""
        statuses = await self._queue.statuses(await self._queue.unfinished_ids())
        unfinished = {status.job.id for status in statuses}
        self._shown = {job: shown for job, shown in self._shown.items() if job in unfinished}
        now = self._clock()
        self._acted = {chat: at for chat, at in self._acted.items() if now - at < _action_every(chat)}
        outlook = await self._experience.outlook(status.job.edit.workflow or "" for status in statuses)
        await self._learn(statuses, outlook, now)
        waits = forecast(statuses, outlook)
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as edits:
            for change in self._changes(statuses, waits, now):
                edits.create_task(self._edit(change, room))
            for chat_id in self._busy_chats(statuses):
                edits.create_task(self._act(chat_id, room))

    async def _learn(self, statuses: list[Status], outlook: Outlook, now: float) -> None:
        """See how long a GPU takes to wake: from a job that waits without any worker to a worker that is up."""
        states = {status.state for status in statuses}
        up = outlook.workers > 0 or State.RUNNING in states
        if up and self._without_worker_since is not None:
            await self._experience.note_cold_start(now - self._without_worker_since)
        if up or outlook.paused or State.QUEUED not in states:
            self._without_worker_since = None
        elif self._without_worker_since is None:
            self._without_worker_since = now

    def _changes(self, statuses: list[Status], waits: Mapping[str, Wait], now: float) -> list[_Change]:
        """Return what to edit, first what is new and then what was not edited for longest."""
        changes: list[_Change] = []
        position = 0
        for status in statuses:
            position += status.state is State.QUEUED
            if status.job.reply is None or status.state.final:
                continue
            place = position if status.state is State.QUEUED else None
            words = self._texts.of(status.job.reply.language)
            view = views.progress(words, status, position=place, wait=waits.get(status.job.id))
            pause = EDIT_EVERY_IN_GROUP if is_group(status.job.reply.chat_id) else EDIT_EVERY
            phase = (status.state, status.phase, status.cancelling)
            shown = self._shown.get(status.job.id)
            if shown is None or (shown.view != view and (shown.phase != phase or now - shown.at >= pause)):
                changes.append(_Change(status, status.job.reply, view, phase))
        return sorted(changes, key=lambda change: self._edited_at(change.status.job.id))

    def _edited_at(self, job_id: str) -> float:
        shown = self._shown.get(job_id)
        return shown.at if shown is not None else 0.0

    async def _edit(self, change: _Change, room: asyncio.Semaphore) -> None:
        async with room:
            try:
                edited = await self._messenger.edit_if_cheap(
                    change.reply.chat_id, change.reply.placeholder_id, change.view
                )
                if edited is None:
                    return  # the next tick tries again, with what is true then
                self._shown[change.status.job.id] = _Shown(change.view, change.phase, self._clock())
                await self._repair(change)
            except BotError as error:
                # The answer will meet the same trouble and deal with it.
                log.info("progress.not_shown", job=change.status.job.id, error=type(error).__name__)
                self._shown[change.status.job.id] = _Shown(change.view, change.phase, self._clock())

    async def _repair(self, change: _Change) -> None:
        """A job may end while its edit is on the way, and the edit may then land on top of the last words.

        Over a picture it cannot: Telegram refuses to edit the text of a photo.
        """
        status = await self._queue.status(change.status.job.id)
        if status is not None and status.state in (State.FAILED, State.CANCELLED):
            await self._deliver.redraw(status, change.reply)

    def _busy_chats(self, statuses: list[Status]) -> set[int]:
        return {
            status.job.reply.chat_id
            for status in statuses
            if status.state is State.RUNNING and status.job.reply is not None
        } - self._acted.keys()

    async def _act(self, chat_id: int, room: asyncio.Semaphore) -> None:
        self._acted[chat_id] = self._clock()
        async with room:
            await self._messenger.show_activity(chat_id)


def _action_every(chat_id: int) -> float:
    return ACTION_EVERY_IN_GROUP if is_group(chat_id) else ACTION_EVERY
