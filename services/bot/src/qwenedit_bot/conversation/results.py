"""The buttons under a job's message that change no draft: cancel, larger, file, styles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, InaccessibleMessage, Message

from qwenedit_bot.chat.errors import TelegramRefusedError
from qwenedit_bot.chat.view import Picture, Source, View
from qwenedit_bot.conversation.reading import attachment_of, belongs_here, jobs_messages, was_shown
from qwenedit_bot.edits.answers.answering import NOT_SHOWN
from qwenedit_bot.edits.job_views import AS_FILE, ENLARGES, LARGER, is_larger
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.pictures.sources import StoredPicture
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_jobs import PictureExpiredError, short_id
from qwenedit_jobs.model import Cancelled

if TYPE_CHECKING:
    from qwenedit_bot.conversation.turn import Services, Turn
    from qwenedit_bot.pictures.sources import Attachment
    from qwenedit_jobs import ReplyTo, Status

_SAID = {
    Cancelled.CANCELLED: Text.PRESS_CANCELLED,
    Cancelled.CANCELLING: Text.PRESS_STOPPING,
    Cancelled.DONE: Text.PRESS_DONE,
    Cancelled.FAILED: Text.PRESS_FAILED,
    Cancelled.UNKNOWN: Text.PRESS_FORGOTTEN,
}


async def own_job(turn: Turn, *, finished: bool = True) -> Status | None:
    """Return the job that a button is about, or say why the press does nothing.

    It does something for the one who asked for the job, in the chat of its answer.

    Args:
        turn: The press. The middleware has checked that the button is under a message of this bot.
        finished: The button is about a job that is answered.
    """
    press = turn.press
    status = await turn.services.queue.status(turn.data) if press is not None else None
    if press is None or status is None:
        refusal = Text.PRESS_FORGOTTEN
    elif status.job.user_id != press.from_user.id:
        refusal = Text.PRESS_NOT_YOURS
    elif not await _is_shown_in(press, status, turn.services):
        refusal = Text.PRESS_FORGOTTEN
    elif finished and not status.answered:
        refusal = Text.PRESS_IN_THE_WORKS
    elif finished and status.answer in NOT_SHOWN:
        refusal = Text.PRESS_EXPIRED
    else:
        return status
    await turn.toast(turn.words(refusal), alert=True)
    return None


async def _is_shown_in(press: CallbackQuery, status: Status, services: Services) -> bool:
    """Whether a press comes from the chat of a job's answer, or from the answer itself if Telegram hides it."""
    if press.message is None or not belongs_here(press.message.chat.id, status):
        return False
    if isinstance(press.message, InaccessibleMessage):
        return press.message.message_id in (await jobs_messages(status, services))[1:]
    return True


async def cancel(turn: Turn) -> None:
    """Cancel the job under whose message the button is; its message is then changed by the job's end."""
    press, services = turn.press, turn.services
    if press is None:
        return
    if await services.backlog.stop(turn.user_id, turn.data):
        await turn.toast(turn.words(Text.PRESS_CANCELLED))
        return
    if await services.queue.status(turn.data) is None:
        if await services.backlog.has(turn.data):
            await turn.toast(turn.words(Text.PRESS_NOT_YOURS), alert=True)
            return
        said = turn.words(Text.PRESS_FORGOTTEN)
        await turn.toast(said, alert=True)
        if isinstance(press.message, Message):  # else nothing says that this message had the button
            await turn.show(View(said))
        return
    status = await own_job(turn, finished=False)
    if status is None:
        return
    outcome = await services.queue.cancel(status.job.id)
    said = turn.words(_SAID[outcome])
    await turn.toast(said, alert=outcome not in (Cancelled.CANCELLED, Cancelled.CANCELLING))
    # Another message is left if Redis forgot the job, or if Telegram's reply was lost and the message was sent again.
    if turn.shown not in (await jobs_messages(status, services))[1:]:
        await turn.show(View(said))


async def styles(turn: Turn) -> None:
    """Offer the presets, for the result."""
    status = await own_job(turn)
    if status is None or status.job.reply is None:
        return
    to = _answering(turn, status.job.reply)
    await turn.services.replies.say(to, preset_views.browse(turn.words, turn.services.presets))
    await turn.toast()


async def larger(turn: Turn) -> None:
    """Enlarge the result, as a job of its own."""
    status, services = await own_job(turn), turn.services
    if status is None or status.job.reply is None:
        return
    picture, megapixels = await _result(turn, status), services.larger_megapixels
    offered = megapixels > 0 and not is_larger(status.job)
    if picture is None or not offered:
        said = Text.PRESS_EXPIRED if offered else Text.PRESS_PRESET_GONE
        await turn.toast(turn.words(said), alert=True)
        return
    to = _answering(turn, status.job.reply)
    request = Request(
        job_id=services.ids(to.chat_id, to.message_id, LARGER),
        source=replace(to, discriminator=""), user_id=status.job.user_id,
        attachments=(picture,), instruction="", workflow=ENLARGES, parameters={"megapixels": megapixels},
        discriminator=LARGER, shown=((turn.shown, status.job.id),),
    )  # fmt: skip
    outcome = await services.backlog.take(request, turn.words)
    said = Text.PRESS_LARGER if outcome is RequestOutcome.ACCEPTED else Text.PRESS_NOT_NOW
    await turn.toast(turn.words(said))


async def as_file(turn: Turn) -> None:
    """Send the result as it was made: Telegram makes JPEGs of photos."""
    status = await own_job(turn)
    if status is not None:
        await send_file(turn, status)


async def send_file(turn: Turn, status: Status) -> None:
    """Send a result as a file, or say why not."""
    services = turn.services
    if status.job.reply is None:
        return
    to = replace(_answering(turn, status.job.reply), discriminator=AS_FILE)
    if await services.replies.find(to) is not None:
        await turn.toast(turn.words(Text.PRESS_FILE_SENT))
        return
    ref = status.result.picture if status.result and was_shown(status) else ""
    try:
        async with services.results.read(ref) as result:
            picture = Picture(result.data, "", as_file=True, name=short_id(status.job.id))
            sent = await services.messenger.send_file(to, picture)
    except PictureExpiredError:
        await turn.alert(Text.PRESS_FILE_GONE)
        return
    except TelegramRefusedError:
        await turn.alert(Text.PRESS_FILE_REFUSED)
        return
    await services.replies.remember(to, sent)
    # Not before: until then the client lets nobody press again.
    await turn.toast()


async def _result(turn: Turn, status: Status) -> Attachment | StoredPicture | None:
    """Return the result as it was made, or Telegram's copy of it in the message under which the button is."""
    message = turn.press.message if turn.press is not None else None
    copy = attachment_of(message) if isinstance(message, Message) else None
    if status.result is None or not was_shown(status):
        return None
    if await turn.services.store.holds(status.result.picture):
        return StoredPicture(status.result.picture, copy)
    return copy


def _answering(turn: Turn, reply: ReplyTo) -> Source:
    """Name what the answer to a press replies to: the message under which the button is."""
    press_id = turn.press.id if turn.press is not None else ""
    return replace(Source.of_job(reply), message_id=turn.shown or reply.placeholder_id, discriminator=press_id)
