"""The button that does to the next photo what was done to this one: the same instruction, and the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import StateFilter

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.rate_limit.limits import is_group
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos.dialogue import Dialogue
from qwenedit_bot.conversation.photos.ownership import own_job
from qwenedit_bot.conversation.photos.photos import attachments_of, carries_pictures, instruction_of, photos
from qwenedit_bot.conversation.presets.awaited_photos import comes_whole
from qwenedit_bot.conversation.taps import is_first_tap
from qwenedit_bot.edits.job_views import SAME_LOOK
from qwenedit_bot.edits.requests.refusals import refused_unseen
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.texts import Text
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery, Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.pictures.sources import Attachment
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Status

LOOK = "look"
"""Field of the dialogue: the job whose look the next photo gets."""


async def choose(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Let the user's next photo get the look of this result."""
    status = await own_job(press, words, services)
    if status is None or status.job.reply is None:
        return
    if await is_first_tap(press, services):
        await state.set_state(Dialogue.look)
        await state.set_data({LOOK: status.job.id})
        chat_id = status.job.reply.chat_id
        shown = press.message.message_id if press.message is not None else status.job.reply.placeholder_id
        asked = words(Text.SEND_NEXT_PHOTO)
        if is_group(chat_id):
            asked = f"{asked} {words(Text.PRESET_PHOTO_IN_GROUP)}"
        await services.replies.say(Source(chat_id, shown, press.id), View(asked))
    await services.messenger.answer_press(press.id, "")


async def photo(
    message: Message,
    words: Words,
    services: Services,
    state: FSMContext,
    raw_state: str | None,
    album: tuple[Message, ...],
) -> None:
    """Take a job for each photo, with the look that was chosen; a photo with words of its own goes by these."""
    messages = album or (message,)
    pictures, status = attachments_of(messages), await _chosen(state, services)
    if status is None or instruction_of(messages):
        await photos(message, words, services, state, raw_state, album)
        return
    refusal = refused_unseen(words, pictures)
    if refusal is None and len(pictures) > MAX_PICTURES:
        refusal = View(words(Text.ALBUM_TOO_MANY, count=len(pictures), limit=MAX_PICTURES))
    if refusal is not None:
        await services.replies.say(source_of(message), refusal)
        return
    requests = [_request(each, picture, status, services) for each, picture in zip(messages, pictures, strict=True)]
    outcomes = [await services.submit(request, words) for request in requests]
    if RequestOutcome.NOT_NOW not in outcomes:
        await state.clear()


async def _chosen(state: FSMContext, services: Services) -> Status | None:
    job_id = (await state.get_data()).get(LOOK)
    return await services.queue.status(job_id) if job_id else None


def _request(message: Message, picture: Attachment, status: Status, services: Services) -> Request:
    edit = status.job.edit
    return Request(
        ids=services.ids,
        source=source_of(message),
        user_id=actor_of(message) or message.chat.id,
        attachments=(picture,),
        instruction=edit.prompt,
        workflow=edit.workflow,
        parameters=edit.parameters,
        seed=edit.seed,
    )


def make_router() -> Router:
    """Make the router of the photos that get an earlier look; it goes before that of other photos."""
    router = Router(name="same look")
    router.message.register(photo, StateFilter(Dialogue.look), carries_pictures, comes_whole)
    return router


def make_press_router() -> Router:
    """Make the router of the button."""
    router = Router(name="same look button")
    router.callback_query.register(choose, F.data.startswith(f"{SAME_LOOK}:"))
    return router
