"""What the user of an ended job got, and what costs nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from qwenedit_jobs import State

if TYPE_CHECKING:
    from qwenedit_bot.payments.quotas import Quotas
    from qwenedit_jobs import Status

FREE_TO_CANCEL: Final = 15.0
"""Seconds from beginning to end of a cancelled job that costs nothing, as often a day as there are free jobs: its user
has ten to cancel it, and its worker five to stop."""


class AnswerOutcome(StrEnum):
    """What the user of an ended job got; the queue keeps it with the job."""

    PICTURE = "picture"
    FILE = "file"
    NOBODY = "nobody"
    """The job was for nobody, such as the self-test's."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHHELD = "withheld"
    """Moderation refused the result."""
    UNREACHABLE = "unreachable"
    """The chat refuses every answer."""
    FORBIDDEN = "forbidden"
    """The chat refuses pictures."""


NOT_SHOWN = frozenset((AnswerOutcome.UNREACHABLE, AnswerOutcome.FORBIDDEN, AnswerOutcome.WITHHELD))
"""The user hasn't seen the result: no button may show it."""
REFUSED = frozenset((AnswerOutcome.UNREACHABLE, AnswerOutcome.FORBIDDEN))
"""The answer waits until the chat takes it or the job is deleted, a day later."""
IN_WORDS = frozenset((AnswerOutcome.FAILED, AnswerOutcome.CANCELLED, AnswerOutcome.WITHHELD))
"""A late progress edit may overwrite the answer; Telegram refuses to edit a picture's text."""


async def refund(quotas: Quotas, status: Status, state: State) -> bool:
    """Refund an ended job if it costs nothing; returns whether it does. Repeating it returns the same.

    A job costs nothing if it failed, or was cancelled before it began or soon after that.

    Args:
        quotas: Of all users.
        status: The ended job.
        state: How it ended, for its user: a picture that can't be shown is a failure.
    """
    user, job = status.job.user_id, status.job.id
    if state is State.FAILED or (state is State.CANCELLED and not status.attempt):
        await quotas.give_back(user, job)
        return True
    ended, began = status.finished_at, status.started_at
    early = ended is not None and began is not None and ended - began <= FREE_TO_CANCEL and status.attempt == 1
    return state is State.CANCELLED and early and await quotas.give_back_cancelled(user, job)
