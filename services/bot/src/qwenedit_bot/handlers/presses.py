"""Presses of buttons under the bot's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.texts import Text
from qwenedit_bot.views import CANCEL
from qwenedit_jobs.queue import Cancelled

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from qwenedit_bot.handlers.context import Services
    from qwenedit_bot.texts import Words

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
    alert = outcome not in (Cancelled.CANCELLED, Cancelled.CANCELLING)
    await services.messenger.answer_press(press.id, words(_SAID[outcome]), alert=alert)


async def unknown(press: CallbackQuery, words: Words, services: Services) -> None:
    """Answer a button that no version of the bot at hand has."""
    await services.messenger.answer_press(press.id, words(Text.PRESS_FORGOTTEN), alert=True)


def make_router() -> Router:
    """Make the router of presses, in private chats and groups alike."""
    router = Router(name="presses")
    router.callback_query.register(cancel, F.data.startswith(f"{CANCEL}:"))
    router.callback_query.register(unknown)
    return router
