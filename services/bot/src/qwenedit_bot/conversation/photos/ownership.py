"""Decides whose a job is, and which messages belong to it. Neither a keyboard nor a button's data proves that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import InaccessibleMessage

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.conversation.access_filter import is_of_bot
from qwenedit_bot.edits.answers.answering import NOT_SHOWN
from qwenedit_bot.edits.job_views import RESULT_VERBS, job_of
from qwenedit_bot.pictures.sources import StoredPicture
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Status


async def own_job(
    press: CallbackQuery, words: Words, services: Services, *, unanswered: bool = False
) -> Status | None:  # fmt: skip
    """Return the job that a button is about, or say why the press does nothing.

    A press counts if it comes from the user who asked for the job, in the chat of its answer. Until the job is
    answered, its result belongs to nobody: moderation may withhold it.

    Args:
        press: The middleware has checked that its button is under a message of this bot.
        words: The user's language.
        services: Have the job.
        unanswered: Accept a job without an answer, for a button that needs no result.
    """
    status = await services.queue.status((press.data or "").partition(":")[2])
    if status is None:
        refusal = Text.PRESS_FORGOTTEN
    elif status.job.user_id != press.from_user.id:
        refusal = Text.PRESS_NOT_YOURS
    elif not await _is_shown_in(press, status, services):
        refusal = Text.PRESS_FORGOTTEN
    elif not unanswered and not status.answered:
        refusal = Text.PRESS_IN_THE_WORKS
    elif not unanswered and status.answer in NOT_SHOWN:
        refusal = Text.PRESS_EXPIRED
    else:
        return status
    await services.messenger.answer_press(press.id, words(refusal), alert=True)
    return None


async def result_of(message: Message, services: Services) -> StoredPicture | None:
    """Return the result that a message of the bot shows, while it is kept."""
    status = await _shown_by(message, services)
    if status is None or not status.answered or status.answer in NOT_SHOWN:
        return None
    if status.result is None or not await services.store.holds(status.result.picture):
        return None
    return StoredPicture(status.result.picture)


async def asker_of(message: Message, services: Services) -> int | None:
    """Return whose message it is, or, for one of the bot's own, who asked for the job that it shows."""
    if not is_of_bot(message, services.bot_id):
        return actor_of(message) or (message.from_user.id if message.from_user else None)
    status = await _shown_by(message, services)
    return status.job.user_id if status is not None else None


async def is_jobs_own(message_id: int, status: Status | None, services: Services) -> bool:
    """Whether a message is the one that its job's end changes.

    Another message is left where Redis forgot the job, or where Telegram's reply was lost and the message was sent
    again. Nothing else would ever remove its button.
    """
    if status is None or status.job.reply is None:
        return False
    reply = status.job.reply
    answer = await services.replies.find(Source.of_job(reply))
    return message_id in {reply.placeholder_id, answer}


async def _shown_by(message: Message, services: Services) -> Status | None:
    """Return the job whose result a message shows: one of this bot's, known as that job's answer in that chat."""
    if not is_of_bot(message, services.bot_id):
        return None
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    data = [button.callback_data or "" for row in rows for button in row]
    jobs = {job_of(each, verb) for each in data for verb in RESULT_VERBS} - {None}
    if len(jobs) != 1:
        return None
    status = await services.queue.status(jobs.pop() or "")
    if status is None or status.job.reply is None:
        return None
    if status.job.reply.chat_id == message.chat.id:
        return status if await is_jobs_own(message.message_id, status, services) else None
    return status if await _went_to(message.chat.id, status, services) else None


async def _is_shown_in(press: CallbackQuery, status: Status, services: Services) -> bool:
    """Whether a press comes from the chat of a job's answer, or from the answer itself where Telegram hides it."""
    if press.message is None or status.job.reply is None:
        return False
    if status.job.reply.chat_id != press.message.chat.id:
        return await _went_to(press.message.chat.id, status, services)
    if isinstance(press.message, InaccessibleMessage):
        return await is_jobs_own(press.message.message_id, status, services)
    return True


async def _went_to(chat_id: int, status: Status, services: Services) -> bool:
    """Whether the group of a job's answer became this supergroup, where its messages have other numbers."""
    return status.job.reply is not None and await services.migrations.current(status.job.reply.chat_id) == chat_id
