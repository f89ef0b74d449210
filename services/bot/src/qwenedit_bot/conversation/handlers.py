"""Handlers of photos, texts, corrections and buttons of questions: each reads an event and applies it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation import reading, screen
from qwenedit_bot.conversation.acting import take
from qwenedit_bot.conversation.files import answered_job
from qwenedit_bot.conversation.rules import AGAIN, STOP, UNDO, HowChosen, Resumed, Said, Stage, Thing
from qwenedit_bot.edits.requests.refusals import refused_unseen
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.pictures.sources import StoredPicture
from qwenedit_bot.texts import Text
from qwenedit_jobs import Cancelled

if TYPE_CHECKING:
    from aiogram.types import Message

    from qwenedit_bot.conversation.draft import Draft, How
    from qwenedit_bot.conversation.rules import Event
    from qwenedit_bot.conversation.turn import Turn


_SAID = {
    Cancelled.CANCELLED: Text.PRESS_CANCELLED,
    Cancelled.CANCELLING: Text.PRESS_STOPPING,
    Cancelled.DONE: Text.PRESS_DONE,
    Cancelled.FAILED: Text.PRESS_FAILED,
    Cancelled.UNKNOWN: Text.PRESS_FORGOTTEN,
}


async def message(turn: Turn) -> None:
    """Handle a private message."""
    messages = turn.messages
    if any(map(screen.attachment_of, messages)):
        await photos(turn)
    elif messages[0].text is not None:
        await text(turn, messages[0])
    else:
        await unsupported(turn)


async def photos(turn: Turn) -> None:
    """Handle photos; an album's other files are ignored."""
    refusal = refused_unseen(turn.words, list(filter(None, map(screen.attachment_of, turn.messages))))
    if refusal is not None:
        await turn.say(refusal)
        return
    await take(turn, lambda draft: reading.photos_in(turn, draft))


async def text(turn: Turn, message: Message) -> None:
    """Handle a text."""
    length = len(reading.wish_in(message.text or ""))
    if length > MAX_INSTRUCTION:
        await turn.say(View(turn.words(Text.INSTRUCTION_TOO_LONG, length=length, limit=MAX_INSTRUCTION)))
        return
    await take(turn, lambda draft: reading.words_in(turn, draft, message))


async def unsupported(turn: Turn) -> None:
    """Say what can be sent instead."""
    kinds = reading.kinds_in(turn.messages)
    if kinds:
        await turn.say(View(turn.words(Text.UNSUPPORTED, kind=kinds[0])))


async def stop(turn: Turn) -> None:
    """Cancel unfinished jobs."""
    await take(turn, _said(turn, STOP))


async def corrected(turn: Turn) -> None:
    """Handle a corrected message."""
    (message,) = turn.messages
    source = screen.attachment_of(message)
    refusal = refused_unseen(turn.words, [source]) if source is not None else None
    if refusal is not None:
        await turn.say(refusal, to=turn.to(turn.shown, "edited"))
        return
    await take(turn, lambda draft: reading.correction_in(turn, draft, message))


async def how(turn: Turn) -> None:
    """Handle the choice of how to use several photos."""
    how: How = "each" if turn.data == "each" else "together"
    await take(turn, HowChosen(id=turn.name, message_id=turn.shown, at=turn.at, how=how))


async def resume(turn: Turn) -> None:
    """Continue a waiting request."""
    await take(turn, Resumed(id=turn.name, message_id=turn.shown, at=turn.at))


async def cancel(turn: Turn) -> None:
    """Cancel the button's job, whose end then changes its message."""
    services = turn.services
    if await services.backlog.stop(turn.user_id, turn.data):
        await turn.toast(turn.words(Text.PRESS_CANCELLED))
        return
    outcome = await services.queue.cancel(turn.data)
    said = turn.words(_SAID[outcome])
    await turn.toast(said, alert=outcome not in (Cancelled.CANCELLED, Cancelled.CANCELLING))
    status = await services.queue.status(turn.data)
    # Another message is left if Redis forgot the job, or if Telegram's reply was lost and the message was sent again.
    if status is None or turn.shown not in (await screen.jobs_messages(status, services))[1:]:
        await turn.show(View(said))


async def again(turn: Turn) -> None:
    """Repeat a job with another seed."""
    status = await answered_job(turn)
    if status is None or status.job.reply is None:
        return
    sources = [each.source for each in screen.sources_of(status)]
    lost = [each.ref for each in sources if isinstance(each, StoredPicture) and each.copy is None]
    if not await turn.services.store.holds(*lost):
        await turn.alert(Text.PRESS_EXPIRED)
        return
    thing = screen.thing_of(turn, status, turn.shown)
    await take(turn, replace(_said(turn, AGAIN), message_id=status.job.reply.source_message_id, about=thing))


async def undo(turn: Turn) -> None:
    """Go back to the previous picture."""
    status = await answered_job(turn)
    if status is None:
        return
    pressed = screen.thing_of(turn, status, turn.shown)

    async def read(draft: Draft) -> Event:
        things = await screen.from_above(turn, draft)
        thing = screen.with_before(pressed, things)
        # Pressed once more, the button goes on from where it went back to.
        if [each.message_id for each in draft.pictures] == [each.message_id for each in thing.sources]:
            thing = screen.with_before(Thing(Stage.PHOTO, draft.pictures), things)
        return replace(_said(turn, UNDO), about=thing)

    await take(turn, read)


def _said(turn: Turn, intent: str) -> Said:
    """Return an intent that was pressed, or given as a command."""
    return Said(id=turn.name, message_id=turn.shown, at=turn.at, words="", intent=intent)
