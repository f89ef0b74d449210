"""The menu of ready-made edits: `/presets`, the categories, and the choice of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import Message

from qwenedit_bot.chat.actors import actor_of, is_of_bot
from qwenedit_bot.conversation import reading
from qwenedit_bot.conversation.acting import take
from qwenedit_bot.conversation.step import Browsed, Chosen, Stage, Thing
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.step import Event
    from qwenedit_bot.conversation.turn import Turn


async def command(turn: Turn) -> None:
    """Offer the presets."""
    answered = reading.answered_by(turn.messages[0])
    to = None
    if answered is not None and reading.attachment_of(answered) is not None:
        to = turn.to(answered.message_id, f"presets:{turn.shown}")
    await turn.say(preset_views.browse(turn.words, turn.services.presets), to=to)


async def categories(turn: Turn) -> None:
    """Show all categories."""
    if await _is_own_menu(turn):
        await _browse(turn)
        await turn.show(preset_views.browse(turn.words, turn.services.presets))


async def category(turn: Turn) -> None:
    """Show the presets of a category."""
    if not await _is_own_menu(turn):
        return
    found = turn.services.presets.category(turn.data.partition(":")[0])  # older buttons name a page as well
    if found is None:
        await _say_gone(turn)
        return
    await _browse(turn)
    await turn.show(preset_views.category(turn.words, found))


async def _browse(turn: Turn) -> None:
    await take(turn, Browsed(id=turn.name, message_id=turn.shown, at=0))


async def choose(turn: Turn) -> None:
    """Take a preset for what its menu is about, or for the lowest thing on the screen."""
    if not await _is_own_menu(turn):
        return
    preset, about = turn.services.presets.preset(turn.data), turn.about
    if preset is None:
        await _say_gone(turn)
        return

    async def read(draft: Draft) -> Event:
        thing = None
        if about is not None and about.message_id in {each.message_id for each in draft.pictures}:
            thing = Thing(Stage.PHOTO, draft.pictures)  # and not one photo of an album
        elif about is not None:
            thing = await reading.replied_thing(turn, draft, about)
        if thing is None and not turn.in_group:
            thing = await reading.newest_thing(turn, draft)
        return Chosen(id=turn.name, at=0, preset=preset.id, takes=preset.photos, about=thing, message_id=turn.shown)

    await take(turn, read)


async def _say_gone(turn: Turn) -> None:
    await turn.toast(turn.words(Text.PRESS_PRESET_GONE), alert=True)
    await turn.show(preset_views.browse(turn.words, turn.services.presets))


async def _is_own_menu(turn: Turn) -> bool:
    """Whether a menu is the presser's, or say why the press does nothing."""
    if turn.press is None or not isinstance(turn.press.message, Message):  # too old for Telegram to show it to bots
        await turn.toast(turn.words(Text.PRESS_FORGOTTEN), alert=True)
        return False
    asker = await _asker(turn)
    if asker is None and turn.in_group:  # nothing says any more whose menu this is
        await turn.toast(turn.words(Text.PRESS_FORGOTTEN), alert=True)
        return False
    if asker not in (None, turn.press.from_user.id):
        await turn.toast(turn.words(Text.PRESS_NOT_YOURS), alert=True)
        return False
    return True


async def _asker(turn: Turn) -> int | None:
    """Return whose message a menu answers, or who asked for the job that it shows."""
    about = turn.about
    if about is None:
        return None
    if not is_of_bot(about, turn.services.bot_id):
        return actor_of(about) or (about.from_user.id if about.from_user else None)
    status = await reading.job_shown_by(about, (), turn.services)
    return status.job.user_id if status is not None else None
