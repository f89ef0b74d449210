"""Presses of buttons under the bot's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.types import Message

from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation import menu_buttons
from qwenedit_bot.conversation.account import language_menu, shop
from qwenedit_bot.conversation.editing import edited, gathering_buttons, result_buttons
from qwenedit_bot.conversation.photos.ownership import is_jobs_own, own_job
from qwenedit_bot.conversation.presets import menu as preset_menu
from qwenedit_bot.conversation.presets import questions as preset_questions
from qwenedit_bot.edits.job_views import CANCEL
from qwenedit_bot.texts import Text
from qwenedit_jobs.model import Cancelled

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from qwenedit_bot.conversation.context import Services
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
    if await services.submit.drop(press.from_user.id, (press.data or "").partition(":")[2]):
        await services.messenger.answer_press(press.id, words(Text.PRESS_CANCELLED))
        return
    if await services.queue.status((press.data or "").partition(":")[2]) is None:
        await _say_forgotten(press, words, services)
        return
    status = await own_job(press, words, services, unanswered=True)
    if status is None:
        return
    outcome = await services.queue.cancel(status.job.id)
    said = words(_SAID[outcome])
    alert = outcome not in (Cancelled.CANCELLED, Cancelled.CANCELLING)
    await services.messenger.answer_press(press.id, said, alert=alert)
    if press.message is not None and not await is_jobs_own(press.message.message_id, status, services):
        await services.messenger.edit(press.message.chat.id, press.message.message_id, View(said))


async def _say_forgotten(press: CallbackQuery, words: Words, services: Services) -> None:
    """Say that the job is not known any more, where the button was: nothing else would ever take it away."""
    said = words(Text.PRESS_FORGOTTEN)
    await services.messenger.answer_press(press.id, said, alert=True)
    if isinstance(press.message, Message):  # else nothing says that this message had the button
        await services.messenger.edit(press.message.chat.id, press.message.message_id, View(said))


async def unknown(press: CallbackQuery, words: Words, services: Services) -> None:
    """Answer a button that no version of the bot at hand has."""
    await services.messenger.answer_press(press.id, words(Text.PRESS_FORGOTTEN), alert=True)


def make_router() -> Router:
    """Make the router of presses, in private chats and groups alike."""
    router = Router(name="presses")
    router.callback_query.register(cancel, F.data.startswith(f"{CANCEL}:"))
    router.include_routers(
        result_buttons.make_router(),
        preset_menu.make_press_router(),
        preset_questions.make_router(),
        gathering_buttons.make_press_router(),
        edited.make_press_router(),
        language_menu.make_press_router(),
        menu_buttons.make_press_router(),
        shop.make_press_router(),
    )
    rest = Router(name="unknown presses")
    rest.callback_query.register(unknown)
    router.include_router(rest)
    return router
