"""Turns messages and button presses into events for `step`: their meaning, and the picture they refer to."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.actors import is_of_bot, own_words
from qwenedit_bot.chat.view import Source
from qwenedit_bot.conversation.draft import Picture
from qwenedit_bot.conversation.rules import (
    AGAIN,
    FIX,
    MOST_PHOTOS,
    OTHER,
    STOP,
    UNDO,
    WISHES,
    Edited,
    Photos,
    Said,
    Stage,
    Thing,
    lowest,
)
from qwenedit_bot.edits.delivery import NOT_SHOWN
from qwenedit_bot.edits.job_views import CANCEL, RESULT_VERBS, job_of
from qwenedit_bot.pictures.sources import Attachment, Sources, StoredPicture, is_picture, photos_of
from qwenedit_bot.texts import intents
from qwenedit_bot.texts.intents import ANOTHER, ORIGINAL, Doubt, Intent
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiogram.types import Message

    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.turn import Services, Turn
    from qwenedit_jobs import Status

KINDS = frozenset(
    "sticker,voice,video_note,audio,animation,video,live_photo,document,location,venue,contact,poll,dice,game,story,"
    "paid_media,gift,unique_gift,checklist,giveaway,giveaway_winners,invoice,rich_message,unknown".split(",")
)
"""Kinds of messages besides texts and photos that get a reply. Telegram's service messages get none."""
COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?\s*(?P<rest>.*)", re.DOTALL)
_UNFINISHED = (Stage.WAITING, Stage.RUNNING)
_GOES_ON = 300
"""Seconds after a group member's job in which their words are about it if they reply to nothing."""
_ASKS = (Intent.LARGER, Intent.HOW, Intent.SEND, Intent.FILE, Intent.FACE, Intent.PRESETS, Intent.REFUND, UNDO)
"""Intents that make a caption an instruction, though a text with them is none."""


async def photos_in(turn: Turn, draft: Draft, *, said: str | None = None) -> Photos:
    """Read a message or an album with photos; `said` is the instruction, if it isn't the caption."""
    messages = turn.messages
    pictures = tuple(Picture(found, each.message_id) for each in messages if (found := attachment_of(each)))
    preset = turn.services.presets.preset(draft.preset) if draft.preset else None
    words = _caption_of(messages, any_words=preset is not None or bool(draft.words)) if said is None else said
    captioned, answered = [each.message_id for each in messages if each.caption], answered_by(messages[0])
    base = await replied_thing(turn, draft, answered) if answered is not None and words else None
    if answered is None and not draft.pictures and intents.has("into", words):  # “add him to the picture”
        base = await lowest_thing(turn, draft)
    added = base is not None and base.stage is Stage.RESULT  # such as “put him in this costume”
    if base is not None and added:
        pictures = (*base.pictures, *pictures)
    place, again = intents.place_of(words), next(filter(None, map(_asks_again, messages)), "")
    repeats = again and (draft.words or not intents.named_in(words))
    # It names the one that waits, or replies to a result.
    beside = added or (place in intents.PLACES and len(pictures) == 1 and bool(draft.pictures))
    return Photos(
        id=f"m{messages[0].message_id}",
        message_id=messages[0].message_id,
        at=sent_at(messages[0]),
        pictures=pictures,
        words="" if repeats or (draft.words and not intents.named_in(words)) else words,
        words_in=captioned[0] if captioned else 0,
        how="together" if beside else intents.how_of(words),
        named=None if beside else at_place(place, [Thing(Stage.PHOTO, (each,)) for each in pictures]),
        takes=preset.photos if preset is not None else 0,
        again=again,
    )


async def words_in(turn: Turn, draft: Draft, message: Message, *, said: str | None = None) -> Said:
    """Read a text; in a group, `said` is the part for the bot."""
    text = message.text or message.caption or "" if said is None else said
    about, replied = await about_of(turn, draft, message)
    made, things = about is not None and about.stage is Stage.RESULT, await from_above(turn, draft)
    place, (behind, head) = intents.place_of(wish_in(text)), intents.wish_behind(text)
    right = about is not None and head != UNDO and bool(intents.put_right(about.prompt, wish_in(text)))
    behind = "" if right else behind
    intent, doubt = _meant(turn, message, behind or text)
    wish, intent = wish_in(behind or text), "" if behind and intent == FIX else intent
    this = replied and (head == OTHER or intents.has("better", text))  # “this one is better, just brighter”
    intent = OTHER if this and intent == UNDO else intent
    if behind and made and about is not None and place in ("", ORIGINAL):
        before = await _first_of(turn, about) if place else about if head == STOP else with_before(about, things)
        found = named_before(about, things, text) if intents.has("better", text) and not place else ()
        before = replace(before, sources=found or before.sources)
        about, replied = Thing(Stage.PHOTO, about.pictures if this else before.sources), True
    soon = abs(sent_at(message) - draft.words_at) <= _GOES_ON and not draft.words
    if about is None and turn.in_group and answered_by(message) is None and (soon or intent in (AGAIN, UNDO, FIX)):
        about = await lowest_thing(turn, draft)  # where words are about nothing else that isn't named
    intent, doubt, named = (FIX, "", None) if right and intent not in (UNDO, STOP) else (intent, doubt, None)
    if about is not None and not replied:
        about, intent, named = await _selected(turn, about, things, wish=wish, intent=intent, place=place)
    jobs = _jobs_of(about, things) if about is not None and not replied else []
    if len(jobs) == 1 and made and intents.has("both", wish):  # of photos that were sent one by one
        jobs = list(several_of(about, things, far=True)[-2:]) if about is not None else []
    wrong = [each for each in things if each.stage in _UNFINISHED]
    if about is not None and about.stage is Stage.PHOTO and intent == OTHER and wrong:  # this is the right one
        intent, jobs = AGAIN, wrong
    one = intents.has("single", wish) or intents.places_in(wish)
    if len(jobs) > 1 and one and not place and not intents.how_of(wish):  # the user is asked which, and replies to it
        about, jobs = None, []
    if about is not None:
        about, intent = _based(draft, about, things, wish=wish, intent=intent, replied=replied)
    return Said(
        id=f"m{message.message_id}",
        message_id=message.message_id,
        at=sent_at(message),
        words=wish,
        intent=intent if intent or wish else "thanks",
        doubt=doubt,
        how=intents.how_of(wish),
        named=named,
        about=about,
        replied=replied,
        jobs=tuple(jobs),
        anew=bool(behind) and head == STOP,
    )


def _based(
    draft: Draft, about: Thing, things: Sequence[Thing], *, wish: str, intent: str, replied: bool
) -> tuple[Thing, str]:
    """Return what words are done to, and their intent: “more”, “too dark”, and all after praise keep the result."""
    more, named = intents.has("more", wish) and not intents.has("less", wish), intents.named_in(wish)
    over = intents.has("over", wish) and bool(named)
    also = intents.has("also", wish) and ((replied and intent == AGAIN) or intent == FIX)
    alone = intent == FIX and bool(about.job) and (len(named) > 1 or intents.has("instead", wish))  # to a photo
    if about.stage is Stage.PHOTO and ((also and named) or alone):  # “and this one blue too”
        return about, ""
    if also and not named and (about.stage is Stage.PHOTO or intent == AGAIN):  # “me too”
        return Thing(Stage.PHOTO, about.pictures), AGAIN
    if about.stage is Stage.PHOTO and intent == FIX and intents.has("instead", wish) and len(named) <= 1:
        undone = [each.job for each in things if each.stage is Stage.RESULT and each.sources == about.pictures]
        return replace(about, job="".join(undone[-1:])), FIX  # “rather blue” after “undo”
    if about.stage in _UNFINISHED and not intent and (intents.shares(about.prompt, wish) or " " not in wish):
        return about, FIX  # “a red hat” after “add a hat”
    if intent == FIX and about.stage is Stage.RESULT and (more or over or about.job == draft.praised):
        return replace(about, sources=about.pictures), "" if len(named) > (0 if more or over else 1) else FIX
    return about, intent


async def _selected(
    turn: Turn, about: Thing, things: Sequence[Thing], *, wish: str, intent: str, place: str
) -> tuple[Thing, str, Thing | None]:
    """Return what words without a reply are about, their intent, and the thing that they name, if they do."""
    named = None
    if intent in (UNDO, OTHER) and place == ORIGINAL:
        return await _first_of(turn, about), UNDO, None
    if place or intent == OTHER:
        several = several_of(about, things, intent, far=place == ANOTHER)
        named = at_place(place, several, about)
        only = intent == OTHER and not several and about.stage not in _UNFINISHED
        if only and not place:  # the photo was the wrong one, and its job has ended
            return replace(about, stage=Stage.ENDED), OTHER, None
        if only:  # there is no other
            intent = AGAIN if place == ANOTHER else intent
            named = about if intent == OTHER else None
    if named is not None and intent == AGAIN and intents.has("also", wish):  # “the same for the other one”
        named = Thing(Stage.PHOTO, named.pictures)
    if intent in WISHES and intents.takes_back(about.prompt, wish):
        intent = UNDO
    elif intent == UNDO and intents.has("remove", wish) and intents.has("remove", about.prompt):  # “remove it”
        intent = AGAIN
    if intent == UNDO and not place and about.stage is Stage.RESULT:  # “the beach was better”
        pictures = named_before(about, things, wish)
        named = next((each for each in things if pictures and each.pictures == pictures), None)
    return with_before(about, things) if intent == UNDO else about, intent, named


def _jobs_of(about: Thing, things: Sequence[Thing]) -> list[Thing]:
    """Return the jobs of the same instruction as a thing, at the same stage: the newest of each photo."""
    alike = _UNFINISHED if about.stage in _UNFINISHED else (about.stage,)
    asked = [each for each in things if about.words_in and each.words_in == about.words_in and each.stage in alike]
    return [*{each.sources: each for each in asked}.values()]


async def correction_in(turn: Turn, draft: Draft, message: Message, *, said: str | None = None) -> Edited:
    """Read a corrected message."""
    text = message.text or message.caption or "" if said is None else said
    wish = wish_in(text) if own_words(message) else ""
    intent, doubt = _meant(turn, message, text) if wish else ("", "")
    source = attachment_of(message)
    things = await things_on_screen(turn, draft)
    return Edited(
        id=f"e{message.message_id}.{turn.update_id}",
        message_id=message.message_id,
        at=message.edit_date or sent_at(message),
        words=wish,
        intent=intent,
        doubt=doubt,
        how=intents.how_of(wish),
        picture=Picture(source, message.message_id) if source is not None else None,
        jobs=tuple(await _asked_for_in(turn, draft, message.message_id)),
        about=None if turn.in_group else lowest(things, message.message_id) or _waiting(draft),
    )


def _meant(turn: Turn, message: Message, text: str) -> tuple[str, str]:
    """Return a text's intent for `step`, and the doubt about it. In a group, texts answer the bot."""
    meaning = intents.meaning_of(text)
    intent = "" if meaning.intent is Intent.WISH else str(meaning.intent)
    if turn.in_group:
        return "" if meaning.doubt and intent not in WISHES else intent, ""
    return (intent, meaning.doubt) if own_words(message) else ("", Doubt.MUCH if intent else meaning.doubt)


async def about_of(turn: Turn, draft: Draft, message: Message) -> tuple[Thing | None, bool]:
    """Return the thing that a text refers to, and whether it's a reply to it."""
    answered = answered_by(message)
    thing = await replied_thing(turn, draft, answered) if answered is not None else None
    if thing is not None:
        return thing, answered is None or answered.message_id != draft.shown
    if turn.in_group:
        return _waiting(draft), False
    return await lowest_thing(turn, draft, message.message_id), False


async def lowest_thing(turn: Turn, draft: Draft, below: int = 1 << 62) -> Thing | None:
    """Return the lowest thing above a text."""
    things = await things_on_screen(turn, draft)
    return lowest([each for each in things if _takes_words(draft, each[0])], below)


def _takes_words(draft: Draft, thing: Thing) -> bool:
    """Return whether a text may refer to a thing: a button's job leaves it to a waiting photo or a result."""
    pressed = thing.stage in _UNFINISHED and not thing.words_in
    return not pressed or bool(thing.prompt and not draft.pictures)


def _waiting(draft: Draft) -> Thing | None:
    return Thing(Stage.PHOTO, draft.pictures) if draft.pictures else None


async def _first_of(turn: Turn, thing: Thing) -> Thing:
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
    return next((each.pictures for each in reversed(results) if intents.shares(each.prompt, words)), ())


def several_of(about: Thing, things: Sequence[Thing], intent: str = "", *, far: bool = False) -> tuple[Thing, ...]:
    """Return the things that a place such as “the second one” selects from, in order; empty if there's no choice.

    They are the newest thing of each photo of an album, or the results of the same instruction; for “undo”, all
    results of a photo. If there are none, they're photos sent soon after each other; if `far`, all photos.
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
    near = [newest[each] for each in numbers if abs(each - here) <= MOST_PHOTOS]
    found = {UNDO: (made, album, near), OTHER: (album, made, near)}.get(intent, (album, alike, near, made))
    found = (album, alike, [*newest.values()]) if far else found
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


def attachment_of(message: Message) -> Attachment | None:
    """Return a message's picture, sent as a photo or as a file."""
    still = message.photo or (message.live_photo.photo if message.live_photo is not None else None)
    if still:
        largest = max(still, key=lambda size: size.width * size.height)
        return Attachment(largest.file_id, largest.file_size, None)
    if message.animation is None and (file := message.document) and is_picture(file.file_name, file.mime_type):
        return Attachment(file.file_id, file.file_size, file.mime_type or "")
    return None


def kinds_in(messages: Sequence[Message]) -> list[str]:
    """Return the kinds of messages that the bot can't edit."""
    return [each.content_type for each in messages if each.content_type in KINDS and attachment_of(each) is None]


def wish_in(text: str) -> str:
    """Return the instruction in a text, behind remarks; empty for a command, dots or invisible characters."""
    said = _bare(text)
    command = COMMAND.fullmatch(said)
    if command is not None:
        return wish_in(command["rest"]) if command["name"].lower() == "edit" else ""
    return intents.without_remarks(said) if any(character.isalnum() for character in said) else ""


def sent_at(message: Message) -> int:
    """Return when a message was sent, in seconds since the epoch."""
    return int(message.date.timestamp())


def answered_by(message: Message) -> Message | None:
    """Return the message that the user chose to reply to.

    In Telegram, every message in a topic or below a channel's post replies to the topic's first message or to the post
    (https://core.telegram.org/bots/api#message). A photo in that post may still be meant.
    """
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created is not None:
        return None
    return None if answered.is_automatic_forward and attachment_of(answered) is None else answered


def _caption_of(messages: Sequence[Message], *, any_words: bool) -> str:
    """Return the photos' caption, unless it's forwarded or, without `any_words`, a remark or a request for help."""
    captions = [wish_in(each.caption or "") for each in messages if own_words(each)]
    return "\n".join(filter(None if any_words else _instructs, captions))


def _instructs(caption: str) -> bool:
    """Return whether a caption is an instruction: it is, unless it clearly means something else."""
    meaning = intents.meaning_of(caption)
    return bool(caption) and (bool(meaning.doubt) or meaning.intent in (*intents.WISHES, *_ASKS))


def _asks_again(message: Message) -> str:
    """Return the intent of a caption that repeats the last instruction, as “this one” does; else nothing."""
    caption = message.caption or ""
    intent = intents.meaning_of(caption).intent
    same = intent == FIX and intents.has("also", caption) and not intents.named_in(caption)  # “me too”
    return (AGAIN if same else intent) if own_words(message) and (same or intent in (AGAIN, OTHER)) else ""


def _bare(text: str) -> str:
    """Strip invisible characters from both ends; inside, they join letters and emojis."""
    shown = [at for at, one in enumerate(text) if not one.isspace() and unicodedata.category(one) not in ("Cf", "Cc")]
    return text[shown[0] : shown[-1] + 1] if shown else ""


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


async def _asked_for_in(turn: Turn, draft: Draft, message_id: int) -> list[Thing]:
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
