"""The buttons under a job's answer, and replies to it. Only the one who asked for the job may press them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.types import Message

from qwenedit_bot.chat.errors import TelegramRefusedError
from qwenedit_bot.chat.messenger import Picture, Source
from qwenedit_bot.conversation.photos.ownership import own_job
from qwenedit_bot.conversation.photos.photos import attachment_of
from qwenedit_bot.conversation.taps import in_the_works, is_first_tap
from qwenedit_bot.edits.job_views import AGAIN, AS_FILE, LARGER, STYLES
from qwenedit_bot.edits.larger import MEGAPIXELS, WORKFLOW, target_of
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.pictures.sources import StoredPicture, of_text, photos_of
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_jobs import PictureExpiredError, short_id

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.pictures.sources import Attachment
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import ReplyTo, Status


async def again(press: CallbackQuery, words: Words, services: Services) -> None:
    """Do the same once more, with another seed."""
    status = await own_job(press, words, services)
    if status is None:
        return
    await do_again(press, status, words, services)


async def do_again(
    press: CallbackQuery, status: Status, words: Words, services: Services, *, instruction: str | None = None
) -> None:
    """Do a job once more, by its own words or by others; taps while that is being done are one job."""
    if status.job.reply is None:
        return
    edit = status.job.edit
    pictures = of_text(status.sources) or photos_of(status.job)
    lost = [each.ref for each in pictures if isinstance(each, StoredPicture) and each.copy is None]
    if lost and not await services.store.holds(*lost):
        await services.messenger.answer_press(press.id, words(Text.PRESS_EXPIRED), alert=True)
        return
    request = Request(
        ids=services.ids,
        source=replace(Source.of_job(status.job.reply), discriminator=""),
        user_id=status.job.user_id,
        attachments=pictures,
        instruction=instruction or edit.prompt,
        workflow=edit.workflow,
        parameters=edit.parameters,
        discriminator=press.id,
    )
    if await in_the_works(request, services):
        await services.messenger.answer_press(press.id, words(Text.PRESS_IN_THE_WORKS))
        return
    outcome = await services.submit(request, words)
    said = Text.PRESS_AGAIN if outcome is RequestOutcome.ACCEPTED else Text.PRESS_NOT_NOW
    await services.messenger.answer_press(press.id, words(said))


async def styles(press: CallbackQuery, words: Words, services: Services) -> None:
    """Offer the presets, for the result."""
    status = await own_job(press, words, services)
    if status is None or status.job.reply is None:
        return
    if await is_first_tap(press, services):
        to = _answering(press, status.job.reply)
        await services.replies.say(to, preset_views.browse(words, services.presets))
    await services.messenger.answer_press(press.id, "")


async def larger(press: CallbackQuery, words: Words, services: Services) -> None:
    """Enlarge the result, as a job of its own. Taps while that is being done are one job."""
    status = await own_job(press, words, services)
    if status is None or status.job.reply is None:
        return
    picture, target = await _result(press, status, services), target_of(status, services.larger_megapixels)
    if picture is None or target is None:
        said = Text.PRESS_PRESET_GONE if target is None else Text.PRESS_EXPIRED
        await services.messenger.answer_press(press.id, words(said), alert=True)
        return
    to = _answering(press, status.job.reply)
    request = Request(
        ids=services.ids,
        source=replace(to, discriminator=""),
        user_id=status.job.user_id,
        attachments=(picture,),
        instruction="",
        workflow=WORKFLOW,
        parameters={MEGAPIXELS: target},
        discriminator=press.id,
    )
    if await in_the_works(request, services):
        await services.messenger.answer_press(press.id, words(Text.PRESS_IN_THE_WORKS))
        return
    outcome = await services.submit(request, words)
    said = Text.PRESS_LARGER if outcome is RequestOutcome.ACCEPTED else Text.PRESS_NOT_NOW
    await services.messenger.answer_press(press.id, words(said))


async def as_file(press: CallbackQuery, words: Words, services: Services) -> None:
    """Send the result as it was made: Telegram makes JPEGs of photos."""
    status = await own_job(press, words, services)
    if status is None or status.job.reply is None:
        return
    to = replace(_answering(press, status.job.reply), discriminator=AS_FILE)
    if await services.replies.find(to) is not None:
        await services.messenger.answer_press(press.id, words(Text.PRESS_FILE_SENT))
        return
    ref = status.result.picture if status.result else ""
    try:
        async with services.results.read(ref) as result:
            picture = Picture(result.data, "", as_file=True, name=short_id(status.job.id))
            sent = await services.messenger.send_file(to, picture)
    except PictureExpiredError:
        await services.messenger.answer_press(press.id, words(Text.PRESS_FILE_GONE), alert=True)
        return
    except TelegramRefusedError:
        await services.messenger.answer_press(press.id, words(Text.PRESS_FILE_REFUSED), alert=True)
        return
    await services.replies.remember(to, sent)
    # Not before: until then the client lets nobody press again.
    await services.messenger.answer_press(press.id, "")


async def _result(press: CallbackQuery, status: Status, services: Services) -> Attachment | StoredPicture | None:
    """Return the result as it was made, or Telegram's copy of it in the message under which the button is."""
    copy = attachment_of(press.message) if isinstance(press.message, Message) else None
    if status.result is not None and await services.store.holds(status.result.picture):
        return StoredPicture(status.result.picture, copy)
    return copy


def _answering(press: CallbackQuery, reply: ReplyTo) -> Source:
    """Name what the answer to a press replies to: the message under which the button is."""
    message_id = press.message.message_id if press.message is not None else reply.placeholder_id
    return replace(Source.of_job(reply), message_id=message_id, discriminator=press.id)


def make_router() -> Router:
    """Make the router of the buttons under a job's answer."""
    router = Router(name="results")
    for verb, handler in ((AGAIN, again), (LARGER, larger), (AS_FILE, as_file), (STYLES, styles)):
        router.callback_query.register(handler, F.data.startswith(f"{verb}:"))
    return router
