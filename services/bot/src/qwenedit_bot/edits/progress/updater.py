"""Keeps the messages of unfinished jobs current, within what Telegram allows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from cachetools import LRUCache

from qwenedit_bot.chat.errors import BotError, TelegramUnavailableError
from qwenedit_bot.chat.rate_limit import is_group
from qwenedit_bot.common import timeouts
from qwenedit_bot.edits import job_views
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.chat.view import View
    from qwenedit_bot.edits.progress.eta import Eta, Wait
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.texts import Texts
    from qwenedit_jobs import Intake, ReplyTo, Status

LINE = 100
"""Jobs in line that are looked at in a tick, the next ones in the next tick: a line of 1,000 in 10 seconds."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a job's message says now, as far as this replica knows."""

    says: int
    """Hash of the message's number and its view: 32 bytes, where a view takes half a kilobyte."""
    phase: tuple[str, str, bool]
    at: float


@dataclass(kw_only=True, eq=False)
class ProgressUpdater:
    """Draws every unfinished job from what Redis knows of it; nothing depends on having seen each change."""

    queue: Intake
    messenger: Messenger
    texts: Texts
    eta: Eta
    presets: Catalogue
    clock: Callable[[], float] = time.monotonic
    _shown: LRUCache[str, _Shown] = field(default_factory=lambda: LRUCache(20_000))
    _skip: int = 0

    async def tick(self) -> None:
        """Look at the jobs whose messages may change, and edit those that did.

        However long the line is, a tick looks at so many jobs: all that are worked on, and a part of the line.
        """
        window = await self.queue.window(skip=self._skip, count=LINE, others=200)
        self._skip = self._skip + LINE if self._skip + LINE < window.length else 0
        places = window.positions
        statuses = await self.queue.statuses([*places, *window.others])
        now = self.clock()
        changes = await self._changes(statuses, places, await self.eta.of(statuses, places), now)
        room = asyncio.Semaphore(10)
        async with asyncio.TaskGroup() as edits:
            for status, reply, view in changes:
                edits.create_task(self._edit(status, reply, view, now + timeouts.PROGRESS_EDIT, room))

    async def _changes(
        self, statuses: list[Status], places: Mapping[str, int], waits: Mapping[str, Wait], now: float
    ) -> list[tuple[Status, ReplyTo, View]]:
        """Return the messages to edit: new ones first, then those not edited for longest."""
        changes: list[tuple[Status, ReplyTo, View]] = []
        for status in statuses:
            await asyncio.sleep(0)  # drawing some hundred would block the others
            reply = status.job.reply
            if reply is None or status.state.final:
                continue
            place = places.get(status.job.id) if status.state is State.QUEUED else None
            words = self.texts.of(reply.language)
            view = job_views.progress(words, self.presets, status, position=place, wait=waits.get(status.job.id))
            pause = 15.0 if is_group(reply.chat_id) else 4.0  # a group's jobs share its budget
            last = self._shown.get(status.job.id)
            says = hash((reply.placeholder_id, view))
            if last is None or (last.says != says and (last.phase != _phase(status) or now - last.at >= pause)):
                changes.append((status, reply, view))
        return sorted(changes, key=lambda change: self._edited_at(change[0].job.id))

    def _edited_at(self, job_id: str) -> float:
        last = self._shown.get(job_id)
        return last.at if last is not None else 0.0

    async def _edit(self, status: Status, reply: ReplyTo, view: View, until: float, room: asyncio.Semaphore) -> None:
        async with room:
            try:
                edited = await self.messenger.edit_if_cheap(reply.chat_id, reply.placeholder_id, view, until=until)
            except TelegramUnavailableError:
                return  # it may have landed, or may still land: an answer in words is said again
            except BotError as error:
                # The answer will meet the same trouble and deal with it.
                log.info("progress.not_shown", job=status.job.id, error=type(error).__name__)
                edited = False
            if edited is not None:  # else the next tick tries again, with what is true then
                says = hash((reply.placeholder_id, view))
                self._shown[status.job.id] = _Shown(says, _phase(status), self.clock())


def _phase(status: Status) -> tuple[str, str, bool]:
    return status.state, status.phase, status.cancelling
