"""What is on a user's screen: photos that wait, jobs and their results."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.actors import is_of_bot
from qwenedit_bot.chat.view import Source
from qwenedit_bot.conversation.draft import Picture
from qwenedit_bot.conversation.rules.events import UNFINISHED, Thing
from qwenedit_bot.edits.answers import NOT_SHOWN
from qwenedit_bot.edits.job_views import CANCEL, RESULT_VERBS, job_of
from qwenedit_bot.pictures.sources import Attachment, Sources, StoredPicture, is_picture, photos_of
from qwenedit_bot.understanding.reader import Screen, Shown, Stage
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiogram.types import Message

    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.turn import Services, Turn
    from qwenedit_jobs import Status

MOST_SHOWN = 8
"""Things that a text can be about."""
_BELOW_ALL = 1 << 62


async def things_above(turn: Turn, draft: Draft, below: int = _BELOW_ALL) -> tuple[Thing, ...]:
    """Return what is above a message, lowest first, without what its own event has made before.

    Enlarging takes no words, so an unfinished such job isn't among them.
    """
    placed = []
    for thing, shown in await _things(turn, draft):
        place = max((each for each in shown if each < below), default=0)
        takes_words = thing.prompt or thing.stage not in UNFINISHED
        if place and takes_words and not thing.made_by(turn.name):
            placed.append((place, thing))
    lowest_first = sorted(placed, key=lambda each: each[0], reverse=True)
    return tuple(thing for _place, thing in lowest_first)[:MOST_SHOWN]


def screen_of(things: Sequence[Thing], draft: Draft, *, replied: bool = False) -> tuple[Screen, Mapping[str, Thing]]:
    """Return a screen of these things, of which a text is about the first, and the things by their IDs on it."""
    by_id = {f"p{number}": thing for number, thing in enumerate(things, 1)}
    shown = tuple(Shown(key, each.stage, each.prompt, len(each.pictures)) for key, each in by_id.items())
    return Screen(shown, next(iter(by_id), ""), replied, draft.words), by_id


async def replied_thing(turn: Turn, draft: Draft, answered: Message) -> Thing | None:
    """Return the thing that a message replies to: a photo, a result or a job; None for other messages.

    Of another person's job that's only the picture that is shown: not its source, its words, nor what came before.
    """
    number, copy = answered.message_id, attachment_of(answered)
    if draft.pictures and number == draft.shown:
        return waiting_thing(draft)
    waiting = tuple(each for each in draft.pictures if each.message_id == number)
    if waiting:
        return Thing(Stage.PHOTO, waiting)
    status = await _job_of_message(turn, draft, answered)
    if status is not None:
        return _as_seen_by(turn.user_id, status, thing_of(turn, status, number, copy))
    requested = [thing for thing, messages in await _backlog(turn) if number in messages]
    if requested:
        return requested[0]
    return await _photo_of(turn, Picture(copy, number)) if copy is not None else None


def _as_seen_by(user_id: int, status: Status, thing: Thing) -> Thing | None:
    """Return a job's thing for its owner; for others, only the picture that is shown."""
    if status.job.user_id == user_id:
        return thing
    shown = tuple(replace(each, job="") for each in thing.pictures)
    return Thing(Stage.PHOTO, shown) if thing.stage is Stage.RESULT else None


async def _photo_of(turn: Turn, picture: Picture) -> Thing:
    """Return the photo of a message, with the ended job that it asked for, if it's the user's own."""
    asked = await turn.services.queue.status(turn.services.ids(turn.chat_id, picture.message_id))
    own = asked is not None and asked.job.user_id == turn.user_id
    job = asked.job.id if asked is not None and own else ""
    return Thing(Stage.PHOTO, (picture,), job, sources=(picture,))


def waiting_thing(draft: Draft, things: Iterable[Thing] = ()) -> Thing | None:
    """Return the pictures that wait, if any. A result that “undo” returned to has the source of its job."""
    if not draft.pictures:
        return None
    made = next((each for each in things if each.job and each.job == draft.pictures[0].job), None)
    return Thing(Stage.PHOTO, draft.pictures, sources=made.sources if made is not None else ())


def thing_of(turn: Turn, status: Status, message_id: int, copy: Attachment | None = None) -> Thing:
    """Return a message's job as a thing; `copy` is Telegram's copy of its result."""
    job, sources = status.job, sources_of(status)
    words, reply = turn.services.presets.words_in(job.edit.prompt), job.reply
    discriminator = reply.discriminator if reply is not None else ""
    number = _words_in(reply.source_message_id, discriminator) if reply is not None else 0
    pictures = sources
    if status.result is not None and was_shown(status):
        stage = Stage.RESULT
        pictures = (Picture(StoredPicture(status.result.picture, copy), message_id, job.id),)
    elif status.state is State.QUEUED and not status.attempt:
        stage = Stage.WAITING
    elif status.cancelling or status.answered or status.state in (State.FAILED, State.CANCELLED):
        stage = Stage.ENDED
    else:
        stage = Stage.RUNNING
    return Thing(stage, pictures, job.id, words, sources, number, discriminator)


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
    statuses = await services.queue.statuses(dict.fromkeys((*filter(None, named), *jobs)))
    here = [status for status in statuses if belongs_here(message.chat.id, status)]
    shown = zip(here, await jobs_messages(here, services), strict=True)
    return next((status for status, messages in shown if message.message_id in messages[1:]), None)


async def jobs_messages(statuses: Sequence[Status], services: Services) -> list[tuple[int, ...]]:
    """Return the IDs of each job's messages: the user's, the bot's first one, and the one with its answer."""
    replies = [status.job.reply for status in statuses]
    answers = await services.replies.find_all([Source.of_job(reply) for reply in replies if reply is not None])
    found = iter(answers)
    return [
        (0,) if reply is None else (reply.source_message_id, reply.placeholder_id, next(found) or reply.placeholder_id)
        for reply in replies
    ]


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


async def asked_for_in(turn: Turn, draft: Draft, message_id: int) -> tuple[Thing, ...]:
    """Return the jobs of a user's message, the newest of each photo; without what its own event has made before."""
    own = turn.services.ids(turn.chat_id, message_id)
    things = [thing for thing, _shown in await _own_jobs(turn, draft, own)]
    asked = [each for each in things if message_id == each.words_in or each.job == own]
    newest = {
        tuple(source.message_id for source in each.sources): each for each in asked if not each.made_by(turn.name)
    }
    return tuple(newest.values())


async def _things(turn: Turn, draft: Draft) -> list[tuple[Thing, Sequence[int]]]:
    """Return all that a text may be about, each with its messages."""
    things: list[tuple[Thing, Sequence[int]]] = [*await _own_jobs(turn, draft)]
    waiting = waiting_thing(draft, [thing for thing, _shown in things])
    if waiting is not None:
        things.append((waiting, [draft.shown, *(each.message_id for each in draft.pictures)]))
    return things


async def _own_jobs(turn: Turn, draft: Draft, *more: str) -> list[tuple[Thing, tuple[int, ...]]]:
    """Return the user's newest jobs and waiting requests in this chat, each with its messages."""
    statuses = await turn.services.queue.statuses(dict.fromkeys((*more, *draft.jobs)))
    known = {status.job.id for status in statuses}
    found = [(thing, shown) for thing, shown in await _backlog(turn) if thing.job not in known]
    here = [each for each in statuses if each.job.user_id == turn.user_id and belongs_here(turn.chat_id, each)]
    messages = await jobs_messages(here, turn.services)
    return found + [(thing_of(turn, each, own[-1]), own) for each, own in zip(here, messages, strict=True)]


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
            thing = Thing(Stage.WAITING, pictures, request.job_id, words, pictures, number, request.discriminator)
            found.append((thing, (source.message_id, waiting.message_id)))
    return found


def attachment_of(message: Message) -> Attachment | None:
    """Return a message's picture, sent as a photo or as a file."""
    still = message.photo or (message.live_photo.photo if message.live_photo is not None else None)
    if still:
        largest = max(still, key=lambda size: size.width * size.height)
        return Attachment(largest.file_id, largest.file_size, None)
    if message.animation is None and (file := message.document) and is_picture(file.file_name, file.mime_type):
        return Attachment(file.file_id, file.file_size, file.mime_type or "")
    return None
