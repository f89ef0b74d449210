"""Keeps the messages of unfinished jobs current, within what Telegram allows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from cachetools import LRUCache

from qwenedit_bot.chat.errors import BotError, TelegramUnavailableError
from qwenedit_bot.chat.rate_limit.limits import is_group
from qwenedit_bot.edits import job_views
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwenedit_bot.chat.bot_api import Messenger
    from qwenedit_bot.chat.view import View
    from qwenedit_bot.edits.progress.eta import Eta, Wait
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.texts import Texts
    from qwenedit_jobs import JobQueue, ReplyTo, Status
    from qwenedit_jobs.queue.queue_view import Window

TICK = 1.0
"""Seconds between two looks at the jobs."""
EDIT_EVERY = 4.0
"""Seconds between two edits of a message within one phase."""
EDIT_EVERY_IN_GROUP = 15.0
"""The same in a group, whose budget all its jobs share."""
FRESH = 5.0
"""Seconds after which an edit that has not been sent is dropped. A process that was stopped must not send it later,
over the answer that another replica has given meanwhile."""
AT_ONCE = 10
"""Most edits on their way at the same time."""
HEAD = 50
"""Jobs at the head of the line that are looked at in each tick."""
FURTHER = 50
"""Jobs further back that are looked at in a tick, others in the next one: a line of 1,000 in 20 seconds."""
OTHERS = 200
"""Jobs that run, or pause, and are looked at in each tick."""
REMEMBERED = 20_000
"""Jobs of which it is known what their messages say, those that were looked at last."""

_Phase = tuple[str, str, bool]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a job's message says now, as far as this replica knows."""

    says: int
    """Hash of the message's number and its view: 32 bytes, where a view takes half a kilobyte."""
    phase: _Phase
    at: float


@dataclass(frozen=True, slots=True)
class _Change:
    status: Status
    reply: ReplyTo
    view: View
    phase: _Phase
    until: float
    """When it's out of date, by the monotonic clock."""


class ProgressUpdater:
    """Draws every unfinished job from what Redis knows of it; nothing depends on having seen each change.

    Args:
        queue: Knows the jobs.
        messenger: Edits their messages.
        texts: The words of all languages.
        eta: Estimates when jobs are done.
        presets: Have their names.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        messenger: Messenger,
        texts: Texts,
        eta: Eta,
        presets: Catalogue,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._messenger = messenger
        self._texts = texts
        self._eta = eta
        self._presets = presets
        self._clock = clock
        self._shown: LRUCache[str, _Shown] = LRUCache(REMEMBERED)
        self._further = HEAD

    async def tick(self) -> None:
        """Look at the jobs whose messages may change, and edit those that did.

        However long the line is, a tick looks at so many jobs: all that are worked on, the head of the line, and a part
        of the rest.
        """
        window = await self._window()
        places = window.positions
        statuses = await self._queue.statuses([*places, *window.others])
        now = self._clock()
        waits = await self._eta.of_all(statuses, places)
        room = asyncio.Semaphore(AT_ONCE)
        changes = await self._changes(statuses, places, waits, now)
        async with asyncio.TaskGroup() as edits:
            for change in changes:
                edits.create_task(self._edit(change, room))

    async def _window(self) -> Window:
        """Return the jobs to look at: the head of a line that is long, and another part of it each time."""
        head = await self._queue.window(skip=0, count=HEAD, others=OTHERS)
        if head.length <= HEAD:
            return head
        if self._further >= head.length:
            self._further = HEAD
        further = await self._queue.window(skip=self._further, count=FURTHER, others=0)
        self._further += FURTHER
        more = {job: place for job, place in further.positions.items() if job not in head.positions}
        return replace(head, positions=head.positions | more)

    async def _changes(
        self, statuses: list[Status], places: Mapping[str, int], waits: Mapping[str, Wait], now: float
    ) -> list[_Change]:
        """Return what to edit, first what is new and then what was not edited for longest."""
        changes: list[_Change] = []
        for status in statuses:
            await asyncio.sleep(0)  # to draw some hundred takes long for everybody else
            if status.job.reply is None or status.state.final:
                continue
            place = places.get(status.job.id) if status.state is State.QUEUED else None
            words = self._texts.of(status.job.reply.language)
            view = job_views.progress(words, self._presets, status, position=place, wait=waits.get(status.job.id))
            pause = EDIT_EVERY_IN_GROUP if is_group(status.job.reply.chat_id) else EDIT_EVERY
            phase = (status.state, status.phase, status.cancelling)
            shown = self._shown.get(status.job.id)
            says = hash((status.job.reply.placeholder_id, view))
            if shown is None or (shown.says != says and (shown.phase != phase or now - shown.at >= pause)):
                changes.append(_Change(status, status.job.reply, view, phase, now + FRESH))
        return sorted(changes, key=lambda change: self._edited_at(change.status.job.id))

    def _edited_at(self, job_id: str) -> float:
        shown = self._shown.get(job_id)
        return shown.at if shown is not None else 0.0

    async def _edit(self, change: _Change, room: asyncio.Semaphore) -> None:
        async with room:
            job_id = change.status.job.id
            try:
                edited = await self._messenger.edit_if_cheap(
                    change.reply.chat_id, change.reply.placeholder_id, change.view, until=change.until
                )
            except TelegramUnavailableError:
                return  # it may have landed, or may still land: an answer in words is said again
            except BotError as error:
                # The answer will meet the same trouble and deal with it.
                log.info("progress.not_shown", job=job_id, error=type(error).__name__)
                edited = False
            if edited is not None:  # else the next tick tries again, with what is true then
                now = self._clock()
                self._shown[job_id] = _Shown(hash((change.reply.placeholder_id, change.view)), change.phase, now)
