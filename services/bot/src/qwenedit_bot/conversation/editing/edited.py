"""Corrected messages: the new words count until the job begins, and are offered as another job after that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.chat.actors import own_words
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.view import Button, ButtonStyle, View
from qwenedit_bot.conversation import commands
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.editing import groups
from qwenedit_bot.conversation.editing.result_buttons import do_again
from qwenedit_bot.conversation.photos import gathering, photos
from qwenedit_bot.conversation.photos.dialogue import Dialogue, replace_waiting
from qwenedit_bot.conversation.photos.gathered import Gathered
from qwenedit_bot.conversation.photos.kept_words import KeptWords, shortened
from qwenedit_bot.conversation.photos.ownership import own_job
from qwenedit_bot.conversation.photos.wishes import wish_in
from qwenedit_bot.conversation.presets import awaited_photos
from qwenedit_bot.edits.requests.rewording import Reworded
from qwenedit_bot.texts import Text
from qwenedit_bot.texts.meanings import means

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiogram import Bot
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery, Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Status

REWORD = "reword"
"""First part of the button's data; the job's id follows, and the new words are in the message that it answers."""
_EDITED = "edited"
"""Tells the answer to a correction from the answer to the message itself."""


async def corrected(
    message: Message, words: Words, services: Services, state: FSMContext, raw_state: str | None, bot: Bot
) -> None:
    """Take the words of a corrected message for the job that the message asked for, or for one that it asks for now."""
    wish, picture = await _wish_of(message, bot), photos.attachment_of(message)
    waits = picture is not None and await replace_waiting(state, message.message_id, picture)
    own = services.ids(message.chat.id, message.message_id)
    jobs = await services.queue.statuses([own, *await services.replies.took_words(source_of(message))])
    if not wish:
        if not jobs and not waits and _is_photo_alone(message):
            await awaited_photos.photo(message, words, services, state, raw_state, ())
    elif jobs and means(wish, Text.WORDS_CANCEL):
        for job in jobs:  # whose messages say that they are
            await services.queue.cancel(job.job.id)
    elif jobs:
        await _change(message, wish, jobs, words, services)
    elif message.chat.type != "private" and not await _calls(message, bot):
        return
    elif means(wish, Text.WORDS_CANCEL):
        await commands.forget_dialogue(_answer_to(message), words, services, state)
    elif message.chat.type != "private":
        await groups.edit(message, words, services, state, bot, (), wish)
    else:
        await _in_private(message, wish, words, services, state, raw_state)


async def again(press: CallbackQuery, words: Words, services: Services, bot: Bot) -> None:
    """Do the job again with the words that its message has now."""
    status = await own_job(press, words, services, unanswered=True)
    if status is None:
        return
    about = getattr(press.message, "reply_to_message", None)
    wish = await _wish_of(about, bot) if about is not None else ""
    if not wish:
        await services.messenger.answer_press(press.id, words(Text.PRESS_FORGOTTEN), alert=True)
        return
    await do_again(press, status, words, services, instruction=wish)


async def _change(message: Message, wish: str, jobs: Sequence[Status], words: Words, services: Services) -> None:
    to = _answer_to(message)
    unlike = [status for status in jobs if status.job.edit.prompt != wish]
    if not unlike and photos.attachment_of(message) is not None:  # Telegram does not say what else was changed
        await services.replies.say(to, View(words(Text.EDITED_PHOTO)), edited_at=message.edit_date)
        return
    rest_on_it = [job for job in unlike if not services.presets.has_prompt(job.job.edit.prompt)]
    if rest_on_it:
        # Else the jobs had the new words already when the answer's turn comes, and nothing would seem to be corrected.
        await services.messenger.ready(message.chat.id, edit=False)
        outcomes = {job.job.id: await services.reword(job, wish) for job in rest_on_it}
        await services.replies.say(to, _told(wish, outcomes, words), edited_at=message.edit_date)


def _told(wish: str, outcomes: Mapping[str, Reworded], words: Words) -> View:
    """Say what became of a correction, for each job that took the words."""
    said = []
    if Reworded.DONE in outcomes.values():
        said.append(words(Text.EDITED_IN_TIME, said=shortened(wish)))
    if Reworded.REFUSED in outcomes.values():
        said.append(words(Text.EDITED_REFUSED))
    late = [job_id for job_id, outcome in outcomes.items() if outcome is Reworded.TOO_LATE]
    if late:
        said.append(words(Text.EDITED_LATE, begun=len(late), count=len(outcomes)))
    label = words(Text.REWORD_BUTTON)
    buttons = tuple((Button(label, f"{REWORD}:{job_id}", ButtonStyle.PRIMARY),) for job_id in late)
    return View("\n\n".join(said), buttons)


def _is_photo_alone(message: Message) -> bool:
    """Whether a message in a private chat has a picture and no album: it may have had another file before."""
    alone = message.chat.type == "private" and message.media_group_id is None and own_words(message)
    return alone and photos.attachment_of(message) is not None


def _answer_to(message: Message) -> Source:
    return Source(message.chat.id, message.message_id, _EDITED)


async def _calls(message: Message, bot: Bot) -> bool:
    me = await bot.me()
    return groups.called_to_edit(message.text or message.caption or "", me.username or "") is not None


async def _in_private(
    message: Message, wish: str, words: Words, services: Services, state: FSMContext, raw_state: str | None
) -> None:
    gathered = await Gathered.kept(state) if raw_state is not None else None
    kept = await KeptWords.kept(state, for_message=message) if raw_state is not None else None
    if gathered is not None and len(gathered.pictures) > 1 and message.message_id in _about(gathered):
        await gathering.instruct(message, wish, gathered, words, services, state)
    elif kept is not None and kept.first == kept.last == message.message_id:
        await replace(kept, words=wish).keep(state)
    elif raw_state is not None and await awaited_photos.correct(message, wish, words, services, state):
        return
    elif photos.attachment_of(message) is not None and message.media_group_id is None:
        await photos.photos(message, words, services, state, raw_state, ())
    elif message.text and raw_state == Dialogue.instruction.state:
        await photos.instruction(message, words, services, state)


def _about(gathered: Gathered) -> tuple[int, ...]:
    return (*gathered.messages, gathered.said_in)


async def _wish_of(message: Message, bot: Bot) -> str:
    """Return the instruction of a message as it is now; in a group without the call of the bot."""
    said = message.text or message.caption or ""
    if not own_words(message):
        return ""
    if message.chat.type != "private":
        me = await bot.me()
        called = groups.called_to_edit(said, me.username or "")
        said = said if called is None else called
    return wish_in(said)


def make_router() -> Router:
    """Make the router of corrected messages."""
    router = Router(name="corrected messages")
    router.edited_message.register(corrected, F.text | F.caption | F.photo | F.document, ~F.is_automatic_forward)
    return router


def make_press_router() -> Router:
    """Make the router of the button that does a job again with its new words."""
    router = Router(name="new words")
    router.callback_query.register(again, F.data.startswith(f"{REWORD}:"))
    return router
