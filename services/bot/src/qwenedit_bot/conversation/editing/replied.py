"""A text in reply to the message of an unfinished job: other words for that job, or the same photo once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.access_filter import is_of_bot
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos.kept_words import shortened
from qwenedit_bot.conversation.photos.photos import no_wish
from qwenedit_bot.conversation.photos.wishes import wish_in
from qwenedit_bot.edits.job_views import CANCEL, job_of
from qwenedit_bot.edits.requests.request import Request
from qwenedit_bot.edits.requests.rewording import Reworded
from qwenedit_bot.pictures.sources import of_text, photos_of
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from typing import Any

    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Status


async def other_words(message: Message, words: Words, services: Services, job: Status) -> None:
    """Take the text for the job that has not begun, or for another job with the same photos."""
    wish = wish_in(message.text or "")
    if not wish:
        await no_wish(message, words, services)
        return
    known = await services.submit.known(services.ids(message.chat.id, message.message_id))
    outcome = Reworded.TOO_LATE if known else await services.reword(job, wish)
    if outcome is Reworded.TOO_LATE:
        pictures = of_text(job.sources) or photos_of(job.job)
        await services.submit(Request(services.ids, source_of(message), job.job.user_id, pictures, wish), words)
        return
    await services.replies.note_words(source_of(message), job.job.id)
    said = Text.EDITED_IN_TIME if outcome is Reworded.DONE else Text.EDITED_REFUSED
    await services.replies.say(source_of(message), View(words(said, said=shortened(wish))))


async def is_about_own_job(message: Message, services: Services) -> bool | dict[str, Any]:
    """Whether a text answers the message of its sender's unfinished job, which is handed on as `job`."""
    answered = message.reply_to_message
    if answered is None or answered.reply_markup is None or not is_of_bot(answered, services.bot_id):
        return False
    rows = answered.reply_markup.inline_keyboard
    jobs = {job_of(button.callback_data or "", CANCEL) for row in rows for button in row} - {None}
    status = await services.queue.status(jobs.pop() or "") if len(jobs) == 1 else None
    if status is None or status.job.reply is None or status.job.reply.chat_id != message.chat.id:
        return False
    return {"job": status} if status.job.user_id == (actor_of(message) or message.chat.id) else False


def make_router() -> Router:
    """Make the router of such replies in private chats."""
    router = Router(name="replies to jobs")
    router.message.register(other_words, F.text, is_about_own_job)
    return router
