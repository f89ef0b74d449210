"""Several photos one after the other: the user is asked whether they are for one picture, or for a picture of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.view import Button, View
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos.dialogue import forget_taken
from qwenedit_bot.conversation.photos.gathered import EACH, TOGETHER, Gathered
from qwenedit_bot.conversation.photos.kept_words import sent_at, shortened
from qwenedit_bot.conversation.photos.offer import question
from qwenedit_bot.edits.requests.request import Request
from qwenedit_bot.texts import Text
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram.fsm.context import FSMContext
    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.edits.requests.request import RequestOutcome
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture
    from qwenedit_bot.texts import Words

GATHER = "gather"
"""First part of the buttons' data; how the photos are used follows."""
LAST = "last"
"""Of the photos, the one with the caption alone is meant."""
TOGETHER_WITHIN = 300
"""Seconds: a photo that comes later is not about those before it."""
CAPTION_WITHIN = 60
"""The same where the later photo has a caption, which may be about that photo alone."""
AT_ONCE = 3
"""Seconds: photos that follow each other faster get one question."""


async def joins(message: Message, wish: str, state: FSMContext) -> Gathered | None:
    """Return the photos that a photo joins; None where it is on its own."""
    earlier = await Gathered.kept(state)
    if earlier is None or message.message_id in earlier.messages[:1]:  # handled again, it is not its own companion
        return None
    within = CAPTION_WITHIN if wish else TOGETHER_WITHIN
    return earlier if sent_at(message) - earlier.at <= within else None


async def add(
    messages: Sequence[Message],
    pictures: Sequence[Attachment],
    wish: str,
    earlier: Gathered,
    words: Words,
    services: Services,
    state: FSMContext,
) -> None:
    """Add photos to those that wait, and ask how they are meant."""
    message = messages[0]
    at = sent_at(message)
    about = earlier.about if not wish and at - earlier.at <= AT_ONCE else message.message_id
    numbers = [each.message_id for each in messages]
    gathered = earlier.with_more(pictures, numbers, at=at, about=about, words=wish)
    await gathered.keep(state)
    await services.replies.say(
        Source(message.chat.id, about), await _question(message.chat.id, words, services, gathered, last=bool(wish))
    )


async def instruct(
    message: Message, wish: str, gathered: Gathered, words: Words, services: Services, state: FSMContext
) -> None:
    """Take the instruction for several photos, or ask how they are meant."""
    said = replace(gathered, words=wish, said_in=message.message_id)
    if not gathered.how:
        said = replace(said, about=message.message_id)
        await said.keep(state)
        view = await _question(message.chat.id, words, services, said)
        await services.replies.say(source_of(message), view, edited_at=message.edit_date)
        return
    user_id = actor_of(message) or message.chat.id
    await submit_all(message.chat.id, user_id, said, words, services, state)


async def submit_all(
    chat_id: int, user_id: int, gathered: Gathered, words: Words, services: Services, state: FSMContext
) -> list[RequestOutcome]:
    """Ask for the jobs, each once however often the same instruction is handled; photos not taken now go on waiting."""
    requests = [
        Request(services.ids, source, user_id, pictures, instruction=gathered.words, discriminator=discriminator)
        for source, pictures, discriminator in _parts(chat_id, gathered)
    ]
    if gathered.how == EACH:
        said_in = Source(chat_id, gathered.said_in)
        await services.replies.note_words(said_in, *(request.job_id for request in requests))
    outcomes = [await services.submit(request, words) for request in requests]
    await forget_taken(state, outcomes, each=gathered.how == EACH)
    return outcomes


def _parts(chat_id: int, gathered: Gathered) -> list[tuple[Source, tuple[Attachment | StoredPicture, ...], str]]:
    """Return what each answer replies to, its photos, and what tells it from other answers."""
    if gathered.how == TOGETHER:
        return [(Source(chat_id, gathered.said_in), gathered.pictures, "")]
    if gathered.how == LAST:
        return [(Source(chat_id, gathered.said_in), gathered.pictures[-1:], "")]
    return [
        (Source(chat_id, number), (picture,), f"gathered:{gathered.said_in}")
        for number, picture in zip(gathered.messages, gathered.pictures, strict=True)
    ]


async def _question(chat_id: int, words: Words, services: Services, gathered: Gathered, *, last: bool = False) -> View:
    count = len(gathered.pictures)
    if gathered.words:
        text = words(Text.GATHERED_WITH_WORDS, count=count, said=shortened(gathered.words))
    else:
        text = words(Text.GATHERED, count=count)
    if gathered.left_out:
        text = f"{text}\n\n{words(Text.GATHERED_LEFT_OUT, limit=MAX_PICTURES)}"
    how = (
        Button(words(Text.TOGETHER_BUTTON), f"{GATHER}:{TOGETHER}"),
        Button(words(Text.ONE_EACH_BUTTON), f"{GATHER}:{EACH}"),
    )
    only = ((Button(words(Text.ONLY_LAST_BUTTON), f"{GATHER}:{LAST}"),),) if last else ()
    presets = () if gathered.words else question(chat_id, words, services).buttons
    return View(text, (how, *only, *presets))
