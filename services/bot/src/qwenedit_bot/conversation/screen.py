"""What is on a user's screen: photos that wait, jobs and their results; and which of them words point at."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.actors import is_of_bot
from qwenedit_bot.chat.view import Source
from qwenedit_bot.conversation.draft import Picture
from qwenedit_bot.conversation.rules import OTHER, UNDO, UNFINISHED, Stage, Thing
from qwenedit_bot.edits.delivery import NOT_SHOWN
from qwenedit_bot.edits.job_views import CANCEL, RESULT_VERBS, job_of
from qwenedit_bot.pictures.sources import Attachment, Sources, StoredPicture, is_picture, photos_of
from qwenedit_bot.texts import corrections, intents
from qwenedit_bot.texts.intents import ANOTHER
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiogram.types import Message

    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.turn import Services, Turn
    from qwenedit_jobs import Status

ALBUM, PHOTOS = "album", "photos"


async def lowest_thing(turn: Turn, draft: Draft, below: int = 1 << 62) -> Thing | None:
    """Return the lowest thing above a text: a button's job leaves it to a waiting photo or a result."""
    things = await things_on_screen(turn, draft)
    told = [each for each in things if each[0].words_in or (each[0].prompt and not draft.pictures)]
    return lowest([each for each in things if each in told or each[0].stage not in UNFINISHED], below)


def lowest(things: Iterable[tuple[Thing, Iterable[int]]], below: int) -> Thing | None:
    """Return the lowest thing above a message.

    Each thing comes with the IDs of its messages; IDs grow downwards.
    """
    places = ((max((place for place in shown if place < below), default=0), thing) for thing, shown in things)
    above = [(place, thing) for place, thing in places if place]
    return max(above, key=lambda each: each[0])[1] if above else None


async def first_of(turn: Turn, thing: Thing) -> Thing:
    """Return a thing whose source is its user's original photo."""
    first = thing.sources if thing.job else thing.pictures
    while first and first[0].job and (status := await turn.services.queue.status(first[0].job)) is not None:
        first = sources_of(status)
    return replace(thing, sources=first)


async def from_above(turn: Turn, draft: Draft) -> list[Thing]:
    """Return the things on the screen in order, with each waiting photo on its own."""
    photos = [(Thing(Stage.PHOTO, (each,)), (each.message_id,)) for each in draft.pictures]
    things = [*await _own_jobs(turn, draft), *photos]
    return [thing for thing, _shown in sorted(things, key=lambda each: max(each[1]))]


def with_before(thing: Thing, things: Sequence[Thing]) -> Thing:
    """Return a thing whose source is the picture that preceded it on the screen.

    That's an earlier result of the same photos, otherwise the thing's own source.
    `things` are those on the screen in order, with each waiting photo on its own.
    """
    own = _own(thing, things)
    made = things[: things.index(own)] if own in things else ()
    earlier = [each for each in made if each.stage is Stage.RESULT and _wish(each)[0] == _wish(own)[0]]
    return replace(thing, sources=earlier[-1].pictures if earlier else own.sources)


def named_before(about: Thing, things: Sequence[Thing], words: str) -> tuple[Picture, ...]:
    """Return the newest other result whose instruction has what words name; else nothing."""
    results = [each for each in things if each.stage is Stage.RESULT and each.job != about.job]
    return next((each.pictures for each in reversed(results) if corrections.shares(each.prompt, words)), ())


def several_of(about: Thing, things: Sequence[Thing], kind: str = "") -> tuple[Thing, ...]:
    """Return the things that a place such as “the second one” selects from, in order; empty if there's no choice.

    They are the newest thing of each photo of an album, or the results of the same instruction; if there are none, the
    newest of each of the last three photos. `kind` is the intent; `PHOTOS` are all, `ALBUM` is nothing else.
    """
    origins: dict[str, int] = {}
    for each in things:
        for source in each.sources[:1] if each.job else ():
            origins[each.job] = origins.get(source.job, source.message_id)

    def origin(thing: Thing) -> int:
        first = thing.pictures[0]
        return origins.get(thing.job or first.job, first.message_id)

    here, own = origin(about), _own(about, things)
    newest = {origin(each): each for each in things}
    numbers = sorted(newest)
    album = [newest[each] for each in numbers if newest.keys() >= set(range(*sorted((each, here))))]
    made = [each for each in things if each.stage is Stage.RESULT and origin(each) == here]
    alike = [each for each in made if _wish(each) == _wish(own)]
    photos = [newest[each] for each in numbers]
    usual, undo, other = (album, alike, photos[-3:], made), (made, album, photos[-3:]), (album, made, photos[-3:])
    found = {UNDO: undo, OTHER: other, ALBUM: (album,), PHOTOS: (album, alike, photos)}.get(kind, usual)
    return tuple(next((each for each in found if len(each) > 1), ()))


def at_place(place: str, several: Sequence[Thing], now: Thing | None = None) -> Thing | None:
    """Return the thing that a place selects, if that's clear; `now` is the current one."""
    if place == ANOTHER:
        others = [each for each in several if each != now]
        return others[0] if len(others) == 1 else None
    at = {intents.LAST: len(several) - 1, intents.FIRST: 0, intents.SECOND: 1, intents.THIRD: 2}.get(place, -1)
    return several[at] if 0 <= at < len(several) else None


def _own(thing: Thing, things: Iterable[Thing]) -> Thing:
    """Return the job of a result that the user refers to again."""
    job = thing.job or thing.pictures[0].job
    return next((each for each in things if job and each.job == job), thing)


def _wish(thing: Thing) -> tuple[list[int], str]:
    return [each.message_id for each in thing.sources], thing.told


async def things_on_screen(turn: Turn, draft: Draft) -> list[tuple[Thing, Sequence[int]]]:
    """Return the things that a text may refer to, each with its messages."""
    things: list[tuple[Thing, Sequence[int]]] = [*await _own_jobs(turn, draft)]
    if draft.pictures:
        messages = [draft.shown, *(each.message_id for each in draft.pictures)]
        things.append((Thing(Stage.PHOTO, draft.pictures), messages))
    return things


async def replied_thing(turn: Turn, draft: Draft, answered: Message) -> Thing | None:
    """Return the thing that a message replies to: a photo, a result or a job; None for other messages."""
    number, copy = answered.message_id, attachment_of(answered)
    if draft.pictures and number == draft.shown:
        return Thing(Stage.PHOTO, tuple(each for each in draft.pictures if each.message_id < number) or draft.pictures)
    waiting = tuple(each for each in draft.pictures if each.message_id == number)
    if waiting:
        return Thing(Stage.PHOTO, waiting)
    status = await _job_of_message(turn, draft, answered)
    if status is not None:
        thing = thing_of(turn, status, number, copy)
        return thing if thing.stage is Stage.RESULT or status.job.user_id == turn.user_id else None
    for thing, shown in await _backlog(turn):
        if number in shown:
            return thing
    if copy is None:
        return None
    asked = await turn.services.queue.status(turn.services.ids(turn.chat_id, number))
    pictures = (Picture(copy, number),)
    return Thing(Stage.PHOTO, pictures, asked.job.id if asked is not None else "", sources=pictures)


def thing_of(turn: Turn, status: Status, message_id: int, copy: Attachment | None = None) -> Thing:
    """Return a message's job as a thing; `copy` is Telegram's copy of its result."""
    job, sources = status.job, sources_of(status)
    words = turn.services.presets.words_in(job.edit.prompt)
    number = _words_in(job.reply.source_message_id, job.reply.discriminator) if job.reply is not None else 0
    if status.result is not None and was_shown(status):
        picture = Picture(StoredPicture(status.result.picture, copy), message_id, job.id)
        return Thing(Stage.RESULT, (picture,), job.id, words, sources, number, job.edit.prompt)
    if status.state is State.QUEUED and not status.attempt:
        stage = Stage.WAITING
    elif status.cancelling or status.answered or status.state in (State.FAILED, State.CANCELLED):
        stage = Stage.ENDED
    else:
        stage = Stage.RUNNING
    return Thing(stage, sources, job.id, words, sources, number)


def _words_in(answered: int, discriminator: str) -> int:
    """Return the ID of the message that requested a job, from its answer's address."""
    named = re.match(r"[me](\d+)", discriminator)
    return int(named[1]) if named is not None else answered if not discriminator else 0


def sources_of(status: Status) -> tuple[Picture, ...]:
    """Return a job's pictures with the messages that showed them."""
    reply, sources = status.job.reply, Sources.parse(status.sources)
    number = reply.source_message_id if reply is not None else 0
    if not sources.pictures:
        return tuple(Picture(each, number) for each in photos_of(status.job))
    shown = sources.shown or [(number, "")] * len(sources.pictures)
    return tuple(Picture(each, message, job) for each, (message, job) in zip(sources.pictures, shown, strict=True))


def was_shown(status: Status) -> bool:
    """Return whether a job's user has seen its result."""
    done = status.state is State.DONE and status.result is not None and status.answered
    return done and status.answer not in NOT_SHOWN


async def job_shown_by(message: Message, jobs: Iterable[str], services: Services) -> Status | None:
    """Return the job of a bot's message, from its keyboard or from these jobs' messages."""
    if not is_of_bot(message, services.bot_id):
        return None
    rows, verbs = message.reply_markup.inline_keyboard if message.reply_markup else [], (*RESULT_VERBS, CANCEL)
    named = {job_of(button.callback_data or "", verb) for row in rows for button in row for verb in verbs} - {None}
    for status in await services.queue.statuses(dict.fromkeys((*filter(None, named), *jobs))):
        here = belongs_here(message.chat.id, status)
        if here and message.message_id in (await jobs_messages(status, services))[1:]:
            return status
    return None


async def jobs_messages(status: Status, services: Services) -> tuple[int, ...]:
    """Return the IDs of a job's messages: the user's, the bot's first one, and the one with its answer."""
    reply = status.job.reply
    if reply is None:
        return (0,)
    answer = await services.replies.find(Source.of_job(reply))
    return reply.source_message_id, reply.placeholder_id, answer or reply.placeholder_id


def belongs_here(chat_id: int, status: Status) -> bool:
    """Return whether a job is answered in this chat."""
    return status.job.reply is not None and status.job.reply.chat_id == chat_id


async def _job_of_message(turn: Turn, draft: Draft, answered: Message) -> Status | None:
    """Return the job of a bot's message, or the unfinished job of a user's message."""
    if is_of_bot(answered, turn.services.bot_id):
        return await job_shown_by(answered, draft.jobs, turn.services)
    status = await turn.services.queue.status(turn.services.ids(turn.chat_id, answered.message_id))
    if status is None or (status.state.final and attachment_of(answered) is not None):
        return None
    return status if status.job.user_id == turn.user_id else None


async def asked_for_in(turn: Turn, draft: Draft, message_id: int) -> list[Thing]:
    """Return the jobs of a user's message."""
    own = turn.services.ids(turn.chat_id, message_id)
    newest = draft.jobs[-1] if draft.jobs and draft.words_in == message_id and not draft.words else ""
    things = [thing for thing, _shown in await _own_jobs(turn, draft, own)]
    return [each for each in things if each.words_in == message_id or each.job in (own, newest)]


async def _own_jobs(turn: Turn, draft: Draft, *more: str) -> list[tuple[Thing, tuple[int, ...]]]:
    """Return the user's newest jobs and waiting requests in this chat, each with its messages."""
    statuses = await turn.services.queue.statuses(dict.fromkeys((*more, *draft.jobs)))
    known = {status.job.id for status in statuses}
    found = [(thing, shown) for thing, shown in await _backlog(turn) if thing.job not in known]
    for status in statuses:
        if status.job.user_id == turn.user_id and belongs_here(turn.chat_id, status):
            own = await jobs_messages(status, turn.services)
            found.append((thing_of(turn, status, own[-1]), own))
    return found


async def _backlog(turn: Turn) -> list[tuple[Thing, tuple[int, ...]]]:
    """Return the requests that wait for other jobs here, each with its messages."""
    found: list[tuple[Thing, tuple[int, ...]]] = []
    for waiting in await turn.services.backlog.waiting(turn.user_id):
        request, source = waiting.request, waiting.request.source
        if source.chat_id == turn.chat_id:
            shown = request.shown or [(source.message_id, "")] * len(request.attachments)
            pictures = tuple(
                Picture(each, number, job) for each, (number, job) in zip(request.attachments, shown, strict=True)
            )
            words = turn.services.presets.words_in(request.instruction)
            number = _words_in(source.message_id, request.discriminator)
            thing = Thing(Stage.WAITING, pictures, request.job_id, words, pictures, number)
            found.append((thing, (source.message_id, waiting.message_id)))
    return found


def jobs_of(about: Thing, things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Return the jobs of the same instruction as a thing, at the same stage: the newest of each photo."""
    alike = UNFINISHED if about.stage in UNFINISHED else (about.stage,)
    asked = [each for each in things if about.words_in and each.words_in == about.words_in and each.stage in alike]
    return tuple({each.sources: each for each in asked}.values())


def attachment_of(message: Message) -> Attachment | None:
    """Return a message's picture, sent as a photo or as a file."""
    still = message.photo or (message.live_photo.photo if message.live_photo is not None else None)
    if still:
        largest = max(still, key=lambda size: size.width * size.height)
        return Attachment(largest.file_id, largest.file_size, None)
    if message.animation is None and (file := message.document) and is_picture(file.file_name, file.mime_type):
        return Attachment(file.file_id, file.file_size, file.mime_type or "")
    return None
