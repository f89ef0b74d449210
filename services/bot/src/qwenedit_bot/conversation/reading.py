"""Turns messages into events for `step`: their meaning, and the picture on the screen that they refer to."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.actors import own_words
from qwenedit_bot.conversation import rules, screen
from qwenedit_bot.conversation.draft import Picture
from qwenedit_bot.conversation.rules import AGAIN, FIX, OTHER, STOP, UNDO, WISHES, Edited, Photos, Said, Stage, Thing
from qwenedit_bot.conversation.screen import attachment_of
from qwenedit_bot.texts import corrections, intents
from qwenedit_bot.texts.intents import ANOTHER, FIRST, ORIGINAL, Doubt, Intent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram.types import Message

    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.turn import Turn

KINDS = frozenset(
    "sticker,voice,video_note,audio,animation,video,live_photo,document,location,venue,contact,poll,dice,game,story,"
    "paid_media,gift,unique_gift,checklist,giveaway,giveaway_winners,invoice,rich_message,unknown".split(",")
)
"""Kinds of messages besides texts and photos that get a reply. Telegram's service messages get none."""
COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?\s*(?P<rest>.*)", re.DOTALL)
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
    base = await screen.replied_thing(turn, draft, answered) if answered is not None and words else None
    if answered is None and not draft.pictures and intents.has("into", words):  # “add him to the picture”
        base = await screen.lowest_thing(turn, draft)
    added = base is not None and base.stage is Stage.RESULT  # such as “put him in this costume”
    pictures = (*base.pictures, *pictures) if base is not None and added else pictures
    place, again = intents.place_of(words), next(filter(None, map(_asks_again, messages)), "")
    repeats = again and (draft.words or not corrections.named_in(words))
    # It names the one that waits, or replies to a result.
    beside = added or (place in intents.PLACES and len(pictures) == 1 and bool(draft.pictures))
    return Photos(
        id=f"m{messages[0].message_id}",
        message_id=messages[0].message_id,
        at=sent_at(messages[0]),
        pictures=pictures,
        words="" if repeats or (draft.words and not corrections.named_in(words)) else words,
        words_in=captioned[0] if captioned else 0,
        how="together" if beside else intents.how_of(words),
        named=None if beside else screen.at_place(place, [Thing(Stage.PHOTO, (each,)) for each in pictures]),
        takes=preset.photos if preset is not None else 0,
        again=again,
    )


async def words_in(turn: Turn, draft: Draft, message: Message, *, said: str | None = None) -> Said:
    """Read a text; in a group, `said` is the part for the bot."""
    text = message.text or message.caption or "" if said is None else said
    rest, head = intents.wish_behind(text)
    intent, doubt = _meant(turn, message, rest or text)
    about, replied = await about_of(turn, draft, message, intent)
    if about is not None and head != UNDO and corrections.put_right(about.prompt, wish_in(text)):
        rest, (intent, doubt) = "", _meant(turn, message, text)
        intent, doubt = (intent, doubt) if intent in (UNDO, STOP) else (FIX, "")
    wish = wish_in(rest or text)
    event = Said(
        id=f"m{message.message_id}",
        message_id=message.message_id,
        at=sent_at(message),
        words=wish,
        intent=("" if rest and intent == FIX else intent) if intent or wish else "thanks",
        doubt=doubt,
        how=intents.how_of(wish),
        about=about,
        replied=replied,
        anew=bool(rest) and head == STOP,
    )
    if about is None:
        return event
    things, place = await screen.from_above(turn, draft), intents.place_of(wish_in(text))
    place = ORIGINAL if place == FIRST and not screen.several_of(about, things, UNDO) else place  # “my first photo”
    original = await screen.first_of(turn, about) if place == ORIGINAL else about
    this = replied and (head == OTHER or intents.has("better", text))  # “this one is better, just brighter”
    event = replace(event, intent=OTHER) if this and event.intent == UNDO else event
    if rest and about.stage is Stage.RESULT and place in ("", ORIGINAL):
        source = original if place else about if head == STOP else None
        event = _gone_back(event, about, things, source, this=this)
    elif not replied:
        event = _pointing(event, about, things, original, place=place)
    return _based(draft, _with_jobs(event, things, place=place), things)


def _gone_back(event: Said, about: Thing, things: Sequence[Thing], source: Thing | None, *, this: bool) -> Said:
    """Return a wish with the picture that the user returns to first, as in “undo and make it blue”."""
    before = source or screen.with_before(about, things)
    return replace(event, about=Thing(Stage.PHOTO, about.pictures if this else before.sources), replied=True)


def _pointing(event: Said, about: Thing, things: Sequence[Thing], original: Thing, *, place: str) -> Said:
    """Return words without a reply, with what they point at: a place, the original, or what they name."""
    intent, wish, named = event.intent, event.words, None
    if intent in (UNDO, OTHER) and place == ORIGINAL:
        return replace(event, about=original, intent=UNDO)
    if place or intent == OTHER:
        kind = screen.PHOTOS if place == ANOTHER else intent if place else screen.ALBUM
        several = screen.several_of(about, things, kind)
        named = screen.at_place(place, several, about)
        only = intent == OTHER and not several and about.stage not in rules.UNFINISHED
        if only and not place and about.stage is Stage.RESULT:  # the photo was the wrong one, and its job has ended
            return replace(event, about=replace(about, stage=Stage.ENDED))
        if only and place:  # there is no other
            intent = AGAIN if place == ANOTHER else intent
            named = about if intent == OTHER else None
    if named is not None and intent == AGAIN and intents.has("also", wish):  # “the same for the other one”
        named = Thing(Stage.PHOTO, named.pictures)
    excess = intents.has("over", wish) and intents.has("more", about.prompt) and not corrections.named_in(wish)
    if intent in WISHES and (excess or corrections.takes_back(about.prompt, wish)):  # “too much” after “more”
        intent = UNDO
    elif intent == UNDO and intents.has("remove", wish) and intents.has("remove", about.prompt):  # “remove it”
        intent = AGAIN
    if intent == UNDO and not place and about.stage is Stage.RESULT:  # “the beach was better”
        pictures = screen.named_before(about, things, wish)
        named = next((each for each in things if pictures and each.pictures == pictures), None)
        new = intents.has("colour", wish) and not pictures and not corrections.shares(about.prompt, wish)
        intent = FIX if new else intent  # “red was better” of what was never red
    about = screen.with_before(about, things) if intent == UNDO else about
    return replace(event, about=about, intent=intent, named=named)


def _with_jobs(event: Said, things: Sequence[Thing], *, place: str) -> Said:
    """Return words with all jobs that they're about; without a thing if the user is asked which one, and replies."""
    about, wish = event.about, event.words
    if about is None:
        return event
    wrong = tuple(each for each in things if each.stage in rules.UNFINISHED)
    if about.stage is Stage.PHOTO and event.intent == OTHER and wrong:  # this is the right one
        return replace(event, intent=AGAIN, jobs=wrong)
    jobs = () if event.replied else screen.jobs_of(about, things)
    if len(jobs) == 1 and about.stage is Stage.RESULT and intents.has("both", wish):  # of photos sent one by one
        jobs = screen.several_of(about, things, screen.PHOTOS)[-2:]
    one = not place and not event.how and (intents.has("single", wish) or intents.places_in(wish))
    return replace(event, about=None) if len(jobs) > 1 and one else replace(event, jobs=jobs)


def _based(draft: Draft, event: Said, things: Sequence[Thing]) -> Said:
    """Return words with what they are done to: “more”, “too dark”, and all after praise keep the result."""
    about, wish, intent = event.about, event.words, event.intent
    if about is None:
        return event
    more, named = intents.has("more", wish) and not intents.has("less", wish), corrections.named_in(wish)
    over, leans = intents.has("over", wish) and bool(named), len(named) <= 1 and not intents.has("adds", wish)
    also = intents.has("also", wish) and ((event.replied and intent == AGAIN) or intent == FIX)
    shares, last = corrections.shares(about.prompt, wish), wish.rpartition(" ")[2]
    told = intents.has("told", wish) and bool(named) and not shares  # perhaps by voice
    kept = more or over or told or (event.replied and intents.has("better", wish))
    alone = intent == FIX and bool(about.job) and (len(named) > 1 or intents.has("instead", wish))  # to a photo
    if about.stage is Stage.PHOTO and ((also and named) or alone):  # “and this one blue too”
        intent = ""
    elif also and not named and (about.stage is Stage.PHOTO or intent == AGAIN):  # “me too”
        about, intent = Thing(Stage.PHOTO, about.pictures), AGAIN
    elif about.stage is Stage.PHOTO and intent == FIX and intents.has("instead", wish) and leans:
        undone = [each.job for each in things if each.stage is Stage.RESULT and each.sources == about.pictures]
        about = replace(about, job="".join(undone[-1:]))  # “rather blue” after “undo”
    elif about.stage is Stage.RESULT and not intent and intents.has("replaces", wish if shares else last):
        about = replace(about, pictures=about.sources)  # “a sketch instead”, “a cap instead of the hat”
        event = replace(event, jobs=tuple(replace(each, pictures=each.sources) for each in event.jobs))
    elif about.stage in rules.UNFINISHED and not intent and (shares or " " not in wish):
        intent = FIX  # “a red hat” after “add a hat”
    elif intent == FIX and about.stage is Stage.RESULT and (kept or about.job == draft.praised):
        about = replace(about, sources=about.pictures)
        intent = "" if len(named) > (0 if kept else 1) else FIX
    return replace(event, about=about, intent=intent)


async def correction_in(turn: Turn, draft: Draft, message: Message, *, said: str | None = None) -> Edited:
    """Read a corrected message."""
    text = message.text or message.caption or "" if said is None else said
    wish = wish_in(text) if own_words(message) else ""
    intent, doubt = _meant(turn, message, text) if wish else ("", "")
    source = attachment_of(message)
    things = await screen.things_on_screen(turn, draft)
    return Edited(
        id=f"e{message.message_id}.{turn.update_id}",
        message_id=message.message_id,
        at=message.edit_date or sent_at(message),
        words=wish,
        intent=intent,
        doubt=doubt,
        how=intents.how_of(wish),
        picture=Picture(source, message.message_id) if source is not None else None,
        jobs=tuple(await screen.asked_for_in(turn, draft, message.message_id)),
        about=None if turn.in_group else screen.lowest(things, message.message_id) or _waiting(draft),
    )


def _meant(turn: Turn, message: Message, text: str) -> tuple[str, str]:
    """Return a text's intent for `step`, and the doubt about it. In a group, texts answer the bot."""
    meaning = intents.meaning_of(text)
    intent = "" if meaning.intent is Intent.WISH else str(meaning.intent)
    if turn.in_group:
        return "" if meaning.doubt and intent not in WISHES else intent, ""
    return (intent, meaning.doubt) if own_words(message) else ("", Doubt.MUCH if intent else meaning.doubt)


async def about_of(turn: Turn, draft: Draft, message: Message, intent: str) -> tuple[Thing | None, bool]:
    """Return the thing that a text refers to, and whether it's a reply to it."""
    answered = answered_by(message)
    thing = await screen.replied_thing(turn, draft, answered) if answered is not None else None
    if thing is not None:
        return thing, answered is None or answered.message_id != draft.shown
    if not turn.in_group:
        return await screen.lowest_thing(turn, draft, message.message_id), False
    soon = abs(sent_at(message) - draft.words_at) <= _GOES_ON and not draft.words
    if not draft.pictures and answered is None and (soon or intent in (AGAIN, UNDO, FIX)):
        return await screen.lowest_thing(turn, draft), False  # where words are about nothing else that isn't named
    return _waiting(draft), False


def _waiting(draft: Draft) -> Thing | None:
    return Thing(Stage.PHOTO, draft.pictures) if draft.pictures else None


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
    same = intent == FIX and intents.has("also", caption) and not corrections.named_in(caption)  # “me too”
    return (AGAIN if same else intent) if own_words(message) and (same or intent in (AGAIN, OTHER)) else ""


def _bare(text: str) -> str:
    """Strip invisible characters from both ends; inside, they join letters and emojis."""
    shown = [at for at, one in enumerate(text) if not one.isspace() and unicodedata.category(one) not in ("Cf", "Cc")]
    return text[shown[0] : shown[-1] + 1] if shown else ""
