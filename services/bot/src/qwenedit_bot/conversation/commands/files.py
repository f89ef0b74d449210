"""Other forms of a result: larger, and as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import Message

from qwenedit_bot.chat.errors import TelegramRefusedError
from qwenedit_bot.chat.view import PictureView
from qwenedit_bot.conversation.screen import attachment_of, was_shown
from qwenedit_bot.edits.answers import NOT_SHOWN
from qwenedit_bot.edits.job_views import AS_FILE, ENLARGES, LARGER, is_larger
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.pictures.sources import StoredPicture
from qwenedit_bot.texts import Text
from qwenedit_jobs import PictureExpiredError, short_id

if TYPE_CHECKING:
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_bot.pictures.sources import Attachment
    from qwenedit_jobs import Status


async def answered_job(turn: Turn) -> Status | None:
    """Return a button's job if its user has the result; otherwise say why the press does nothing."""
    status = await turn.services.queue.status(turn.data)
    if status is None or status.job.reply is None:
        refusal = Text.PRESS_FORGOTTEN
    elif not status.answered:
        refusal = Text.PRESS_IN_THE_WORKS
    elif status.answer in NOT_SHOWN:
        refusal = Text.PRESS_EXPIRED
    else:
        return status
    await turn.alert(refusal)
    return None


async def larger(turn: Turn) -> None:
    """Enlarge the button's result."""
    status = await answered_job(turn)
    if status is not None:
        await enlarge(turn, status)


async def enlarge(turn: Turn, status: Status) -> None:
    """Enlarge a result, as a job of its own."""
    services = turn.services
    picture, megapixels = await _result(turn, status), services.larger_megapixels
    offered = megapixels > 0 and not is_larger(status.job)
    if picture is None or not offered:
        await turn.alert(Text.PRESS_EXPIRED if offered else Text.PRESS_FILE_SENT)
        return
    request = Request(
        job_id=services.ids(turn.chat_id, turn.shown, LARGER),
        source=turn.to(turn.shown),
        user_id=turn.user_id,
        attachments=(picture,),
        instruction="",
        workflow=ENLARGES,
        parameters={"megapixels": megapixels},
        discriminator=LARGER,
        shown=((turn.shown, status.job.id),),
    )
    outcome = await services.backlog.take(request, turn.words)
    said = Text.PRESS_LARGER if outcome is RequestOutcome.ACCEPTED else Text.PRESS_NOT_NOW
    await turn.toast(turn.words(said))


async def as_file(turn: Turn) -> None:
    """Send the result as it was made: Telegram makes JPEGs of photos."""
    status = await answered_job(turn)
    if status is not None:
        await send_file(turn, status)


async def send_file(turn: Turn, status: Status) -> None:
    """Send a result as a file, or say why not."""
    services, to = turn.services, turn.to(turn.shown, AS_FILE)
    if await services.replies.find(to) is not None:
        await turn.toast(turn.words(Text.PRESS_FILE_SENT))
        return
    ref = status.result.picture if status.result and was_shown(status) else ""
    try:
        async with services.results.read(ref, shown=status.shown) as result:
            picture = PictureView(result.data, turn.words(Text.FILE), as_file=True, name=short_id(status.job.id))
            sent = await services.messenger.send_file(to, picture)
    except PictureExpiredError:
        await turn.alert(Text.PRESS_FILE_GONE)
        return
    except TelegramRefusedError:
        await turn.alert(Text.PRESS_FILE_REFUSED)
        return
    await services.replies.remember(to, sent)


async def _result(turn: Turn, status: Status) -> Attachment | StoredPicture | None:
    """Return the result as it was made, or Telegram's copy of it in the message under which the button is."""
    copy = attachment_of(turn.message) if isinstance(turn.message, Message) else None
    if status.result is None or not was_shown(status):
        return None
    if await turn.services.store.holds(status.result.picture):
        return StoredPicture(status.result.picture, copy)
    return copy
