"""`/forget`: shows what the bot keeps of a user, and deletes it after a press of a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, ButtonStyle, View
from qwenedit_bot.common.retention import FORGET_ALL, FORGET_NOT
from qwenedit_bot.conversation.account import privacy_notice
from qwenedit_bot.conversation.turn import source_of
from qwenedit_bot.edits.user_jobs import Left
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words

_FORGOTTEN = {Left.NOTHING: Text.FORGOTTEN, Left.JOBS: Text.FORGOTTEN_SOON, Left.PICTURES: Text.FORGOTTEN_LATER}


async def tell(message: Message, words: Words, services: Services) -> None:
    """Say what is kept, and how long."""
    await services.replies.say(source_of(message), privacy_notice.notice(words, services.retention))


async def ask(message: Message, words: Words, services: Services) -> None:
    """Say what would be deleted and what stays, and ask."""
    stays = privacy_notice.what_stays(words, services.retention)
    buttons = (
        (
            Button(words(Text.FORGET_BUTTON), FORGET_ALL, ButtonStyle.DANGER),
            Button(words(Text.FORGET_NOT_BUTTON), FORGET_NOT),
        ),
    )
    said = "\n\n".join(filter(None, (words(Text.FORGET), stays)))
    await services.replies.say(source_of(message), View(said, buttons))


async def confirm(press: CallbackQuery, words: Words, services: Services) -> None:
    """Forget the user who presses, or do not. Done again after a crash, it comes to the same."""
    if press.data != FORGET_ALL:
        said = Text.FORGET_NOT
    else:
        await services.user_erasure.check_rate(press.from_user.id, press.id)
        await services.user_erasure.forget(press.from_user.id)
        said = _FORGOTTEN[await services.user_jobs.left_of(press.from_user.id)]
    await services.messenger.answer_press(press.id, "")
    if press.message is not None:
        await services.messenger.edit(press.message.chat.id, press.message.message_id, View(words(said)))
