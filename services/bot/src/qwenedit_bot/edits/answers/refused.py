"""Answers that a chat refused: the person blocked the bot, or it may not write in the group."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from qwenedit_jobs.lanes import Lanes


class RefusedAnswers:
    """Has refused answers tried again.

    Args:
        answers: The lanes that they wait in, by chat.
        wake: Set if some are due.
    """

    def __init__(self, answers: Lanes, wake: asyncio.Event) -> None:
        self._answers = answers
        self._wake = wake

    async def heard_from(self, chat: str) -> None:
        """Make a chat's refused answers due: something came from there, so the bot may be able to write again."""
        if await self._answers.make_due_apart(chat):
            self._wake.set()
