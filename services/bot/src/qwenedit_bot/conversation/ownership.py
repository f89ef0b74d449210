"""Decides whose a job is, and which messages belong to it. Neither a keyboard nor a button's data proves that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, InaccessibleMessage, Message

from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.conversation.access_filter import is_of_bot
from qwenedit_bot.edits.answers.answering import NOT_SHOWN
from qwenedit_bot.edits.job_views import CANCEL, RESULT_VERBS, job_of
from qwenedit_bot.texts import Text
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_jobs import Status

_VERBS = (*RESULT_VERBS, CANCEL)


def was_shown(status: Status) -> bool:
    """Whether a job's user has its result: it was answered, and nothing kept the picture from them."""
    done = status.state is State.DONE and status.result is not None and status.answered
    return done and status.answer not in NOT_SHOWN


async def own_job(turn: Turn, *, finished: bool = True) -> Status | None:
    """Return the job that a button is about, or say why the press does nothing.

    It does something for the one who asked for the job, in the chat of its answer.

    Args:
        turn: The press. The middleware has checked that the button is under a message of this bot.
        finished: The button is about a job that is answered.
    """
    services, press = turn.services, turn.press
    status = await services.queue.status((press.data or "").partition(":")[2]) if press is not None else None
    if press is None or status is None:
        refusal = Text.PRESS_FORGOTTEN
    elif status.job.user_id != press.from_user.id:
        refusal = Text.PRESS_NOT_YOURS
    elif not await _is_shown_in(press, status, services):
        refusal = Text.PRESS_FORGOTTEN
    elif finished and not status.answered:
        refusal = Text.PRESS_IN_THE_WORKS
    elif finished and status.answer in NOT_SHOWN:
        refusal = Text.PRESS_EXPIRED
    else:
        return status
    await turn.toast(turn.words(refusal), alert=True)
    return None


async def job_shown_by(message: Message, jobs: Iterable[str], services: Services) -> Status | None:
    """Return the job that a message of this bot's belongs to: its keyboard names it, or it's one of these jobs'."""
    if not is_of_bot(message, services.bot_id):
        return None
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    named = {job_of(button.callback_data or "", verb) for row in rows for button in row for verb in _VERBS} - {None}
    for status in await services.queue.statuses(dict.fromkeys((*filter(None, named), *jobs))):
        if not await belongs_here(message.chat.id, status, services):
            continue
        moved = status.job.reply is not None and status.job.reply.chat_id != message.chat.id
        if message.message_id in (await jobs_messages(status, services))[1:] or (moved and status.job.id in named):
            return status
    return None


async def jobs_messages(status: Status, services: Services) -> tuple[int, ...]:
    """Return the ids of a job's messages: the user's, the bot's first one, and the one that its end changes."""
    reply = status.job.reply
    if reply is None:
        return (0,)
    answer = await services.replies.find(Source.of_job(reply))
    return reply.source_message_id, reply.placeholder_id, answer or reply.placeholder_id


async def belongs_here(chat_id: int, status: Status, services: Services) -> bool:
    """Whether a job is answered in a chat, or in the group that became this supergroup."""
    reply = status.job.reply
    if reply is None:
        return False
    return chat_id in (reply.chat_id, await services.migrations.current(reply.chat_id))


async def _is_shown_in(press: CallbackQuery, status: Status, services: Services) -> bool:
    """Whether a press comes from the chat of a job's answer, or from the answer itself if Telegram hides it."""
    if press.message is None or status.job.reply is None:
        return False
    if not await belongs_here(press.message.chat.id, status, services):
        return False
    if isinstance(press.message, InaccessibleMessage) and status.job.reply.chat_id == press.message.chat.id:
        return press.message.message_id in (await jobs_messages(status, services))[1:]
    return True
