"""Handlers of photos, texts, corrections and buttons of questions: each reads an event and applies it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation import reading, screen
from qwenedit_bot.conversation.actions import take
from qwenedit_bot.conversation.commands.files import answered_job
from qwenedit_bot.conversation.rules.events import Accepted, HowChosen, Resumed, Said, Thing
from qwenedit_bot.edits.requests.refusals import refused_unseen
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.pictures.sources import StoredPicture
from qwenedit_bot.texts import Text
from qwenedit_bot.understanding.reader import Verb
from qwenedit_jobs import Cancelled

if TYPE_CHECKING:
    from aiogram.types import Message

    from qwenedit_bot.conversation.draft import Draft, How
    from qwenedit_bot.conversation.rules.events import Event
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
    await take(turn, lambda draft: reading.said_in(turn, draft, message))


async def unsupported(turn: Turn) -> None:
    """Say what can be sent instead."""
    kinds = reading.kinds_in(turn.messages)
    if kinds:
        await turn.say(View(turn.words(Text.UNSUPPORTED, kind=kinds[0])))


async def stop(turn: Turn) -> None:
    """Cancel unfinished jobs."""
    await take(turn, Said(id=turn.name, message_id=turn.shown, at=turn.at, verb=Verb.STOP, every=True))


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
    if status is None or turn.shown not in (await screen.jobs_messages([status], services))[0][1:]:
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
    things, number = (screen.thing_of(turn, status, turn.shown),), status.job.reply.source_message_id
    await take(turn, Said(id=turn.name, message_id=number, at=turn.at, verb=Verb.AGAIN, things=things))


async def undo(turn: Turn) -> None:
    """Go back to the previous picture."""
    status = await answered_job(turn)
    if status is None:
        return
    pressed = screen.thing_of(turn, status, turn.shown)

    async def read(draft: Draft) -> Event:
        thing = await _gone_back_to(turn, draft, pressed) or pressed
        return Said(id=turn.name, message_id=turn.shown, at=turn.at, verb=Verb.UNDO, things=(thing,))

    await take(turn, read)


async def _gone_back_to(turn: Turn, draft: Draft, pressed: Thing) -> Thing | None:
    """Return the picture that the same button went back to before, if it's still the lowest: it goes on from there."""
    sources = [each.message_id for each in pressed.sources]
    if [each.message_id for each in draft.pictures] != sources:
        return None
    return next((each for each in await screen.things_above(turn, draft) if each.pictures == draft.pictures), None)


async def over(turn: Turn) -> None:
    """Start over with other words, or take a remark for an instruction: what the button offers."""
    backlog, queue = turn.services.backlog, turn.services.queue
    waiting = next((each for each in await backlog.waiting(turn.user_id) if each.request.job_id == turn.data), None)
    status = await queue.status(waiting.after) if waiting is not None and waiting.after else None
    if waiting is not None and status is not None:
        sources = screen.sources_of(status)
        shown = [(each.message_id, each.job) for each in sources]
        await backlog.start_over(waiting, [each.source for each in sources], shown)
    if waiting is not None:
        await turn.toast(turn.words(Text.PRESS_IN_THE_WORKS))
        return

    async def read(draft: Draft) -> Event:
        offer = next((each for each in draft.offers if each.key == turn.data), None)
        return Accepted(id=turn.name, message_id=turn.shown, at=turn.at, offer=offer)

    await take(turn, read)
