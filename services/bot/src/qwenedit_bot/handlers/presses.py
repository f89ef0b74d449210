"""Presses of buttons under the bot's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.handlers import admin, languages, presets, results, shop
from qwenedit_bot.messenger import Source
from qwenedit_bot.texts import Text
from qwenedit_bot.views import CANCEL, View
from qwenedit_jobs.model import Cancelled

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from qwenedit_bot.handlers.context import Services
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Status

_SAID = {
    Cancelled.CANCELLED: Text.PRESS_CANCELLED,
    Cancelled.CANCELLING: Text.PRESS_STOPPING,
    Cancelled.DONE: Text.PRESS_DONE,
    Cancelled.FAILED: Text.PRESS_FAILED,
    Cancelled.UNKNOWN: Text.PRESS_FORGOTTEN,
}


async def cancel(press: CallbackQuery, words: Words, services: Services) -> None:
    """Cancel the job under whose message the button is; its message is then changed by the job's end."""
    job_id = (press.data or "").partition(":")[2]
    status = await services.queue.status(job_id)
    if status is not None and status.job.user_id != press.from_user.id:
        await services.messenger.answer_press(press.id, words(Text.PRESS_NOT_YOURS), alert=True)
        return
    outcome = await services.queue.cancel(job_id)
    said = words(_SAID[outcome])
    alert = outcome not in (Cancelled.CANCELLED, Cancelled.CANCELLING)
    await services.messenger.answer_press(press.id, said, alert=alert)
    if press.message is not None and not await _is_jobs_own(press.message.message_id, status, services):
        await services.messenger.edit(press.message.chat.id, press.message.message_id, View(said))


async def _is_jobs_own(message_id: int, status: Status | None, services: Services) -> bool:
    """Whether a message is the one that its job's end changes.

    Another one is left where Redis forgot the job, or where the reply to our sending it was lost and it was sent
    again: nothing else would ever take its button away.
    """
    if status is None or status.job.reply is None:
        return False
    reply = status.job.reply
    answer = await services.replies.find(Source(reply.chat_id, reply.source_message_id, reply.discriminator))
    return message_id in (reply.placeholder_id, answer)


async def unknown(press: CallbackQuery, words: Words, services: Services) -> None:
    """Answer a button that no version of the bot at hand has."""
    await services.messenger.answer_press(press.id, words(Text.PRESS_FORGOTTEN), alert=True)


def make_router() -> Router:
    """Make the router of presses, in private chats and groups alike."""
    router = Router(name="presses")
    router.callback_query.register(cancel, F.data.startswith(f"{CANCEL}:"))
    router.include_routers(
        admin.make_press_router(), results.make_router(), presets.make_press_router(), languages.make_press_router(),
        shop.make_press_router(),
    )  # fmt: skip
    rest = Router(name="unknown presses")
    rest.callback_query.register(unknown)
    router.include_router(rest)
    return router
