"""Gives a job that has not begun another instruction."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.moderation.hook import Verdict
from qwenedit_bot.pictures.sources import photos_of
from qwenedit_jobs import PictureExpiredError, State
from qwenedit_telemetry import job_context

if TYPE_CHECKING:
    from qwenedit_bot.moderation.hook import ModerationHook
    from qwenedit_bot.pictures.intake import PictureIntake
    from qwenedit_jobs import JobQueue, Status

log = structlog.get_logger(__name__)


class Reworded(Enum):
    """What became of the new words."""

    DONE = auto()
    TOO_LATE = auto()
    """The job has begun, or has ended."""
    REFUSED = auto()
    """They are too long, or are not allowed: the old ones count."""


class Reword:
    """Gives jobs another instruction.

    Args:
        queue: Has the jobs.
        intake: Has their pictures.
        moderation: Asked about the new words, with the pictures.
    """

    def __init__(self, queue: JobQueue, intake: PictureIntake, moderation: ModerationHook | None) -> None:
        self._queue = queue
        self._intake = intake
        self._moderation = moderation

    async def __call__(self, status: Status, wish: str) -> Reworded:
        """Let a job that waits for its first attempt be done by other words.

        Raises:
            LaterError: there is no room now to look at its pictures.
        """
        if status.state is not State.QUEUED or status.attempt:
            return Reworded.TOO_LATE
        with job_context(status.job.id):
            if len(wish) > MAX_INSTRUCTION or not await self._allowed(status, wish):
                return Reworded.REFUSED
            edit = status.job.edit.model_copy(update={"prompt": wish})
            done = await self._queue.reword(status.job.model_copy(update={"edit": edit}))
            log.info("job.reworded", in_time=done)
            return Reworded.DONE if done else Reworded.TOO_LATE

    async def _allowed(self, status: Status, wish: str) -> bool:
        if self._moderation is None:
            return True
        try:
            async with self._intake.stored([each.ref for each in photos_of(status.job)]) as seen:
                return await self._moderation.of_request(status.job.id, wish, seen) is Verdict.ALLOWED
        except PictureExpiredError:  # the job has ended meanwhile
            return True
