"""Buttons that somebody taps again and again: the first tap counts, the others change nothing."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.edits.requests.request import Request

TAPPED_AGAIN = 5
"""Seconds: taps of one button, and equal answers, that follow each other faster are one."""


async def is_news(message: Message, said: str, services: Services) -> bool:
    """Whether nothing equal was said in the chat a moment before; the same message is told the same again."""
    name = blake2b(said.encode(errors="replace"), digest_size=8).hexdigest()
    about = f"said:{name}"
    return await services.replies.is_first(message.chat.id, about, str(message.message_id), seconds=TAPPED_AGAIN)


async def is_first_tap(press: CallbackQuery, services: Services) -> bool:
    """Whether no tap of the same button came a moment before; the same press is told the same again."""
    shown = press.message
    if shown is None:
        return True
    occasion = f"tap:{shown.message_id}:{press.data}:{press.from_user.id}"
    return await services.replies.is_first(shown.chat.id, occasion, press.id, seconds=TAPPED_AGAIN)


async def in_the_works(request: Request, services: Services) -> bool:
    """Whether the same edit of the same photo is not finished yet, as when a button is pressed twice."""
    unfinished = await services.queue.unfinished_ids_of(request.user_id)
    for status in await services.queue.statuses(unfinished):
        reply = status.job.reply
        if (
            status.job.id != request.job_id
            and reply is not None
            and (reply.chat_id, reply.source_message_id) == (request.source.chat_id, request.source.message_id)
            and status.job.edit.prompt == request.instruction
        ):
            return True
    return False
