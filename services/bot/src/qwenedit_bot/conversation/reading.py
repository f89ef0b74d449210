"""Turns messages into events for `step`: what they ask for, and the things on the screen that they are about."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.actors import own_words
from qwenedit_bot.conversation import screen
from qwenedit_bot.conversation.draft import Picture
from qwenedit_bot.conversation.rules.events import Edited, Photos, Said, Thing
from qwenedit_bot.conversation.screen import attachment_of
from qwenedit_bot.understanding.exact_words import verb_of
from qwenedit_bot.understanding.reader import Action, Stage, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiogram.types import Message

    from qwenedit_bot.conversation.draft import Draft, How
    from qwenedit_bot.conversation.turn import Turn

KINDS = frozenset(
    "sticker,voice,video_note,audio,animation,video,live_photo,document,location,venue,contact,poll,dice,game,story,"
    "paid_media,gift,unique_gift,checklist,giveaway,giveaway_winners,invoice,rich_message,unknown".split(",")
)
"""Kinds of messages besides texts and photos that get a reply. Telegram's service messages get none."""
COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?\s*(?P<rest>.*)", re.DOTALL)
LONGEST = 4096
"""Characters of a text that are looked at: as many as Telegram lets a message have."""
_WISHES = (Verb.EDIT, Verb.INSTEAD)
_HOW: dict[bool | None, How] = {True: "together", False: "each", None: ""}


async def photos_in(turn: Turn, draft: Draft, *, said: str | None = None) -> Photos | Said:
    """Read a message or an album with photos; `said` is the instruction, if it isn't the caption.

    A photo in reply to a result becomes one picture with it, such as “put him in this costume”.
    """
    first, pictures = turn.messages[0], tuple(filter(None, map(_picture_of, turn.messages)))
    preset = turn.services.presets.preset(draft.preset) if draft.preset else None
    words, how = _caption_of(turn.messages) if said is None else said, _HOW[None]
    if words and preset is None:
        new = Thing(Stage.PHOTO, pictures)
        replied, above = await _around(turn, draft, first)
        base = [each for each in replied if each.stage is Stage.RESULT]
        action, by_id = await _understood(turn, draft, (new, *base, *above), words)
        if action.verb is Verb.AGAIN:
            return Said(id=turn.name, message_id=turn.shown, at=sent_at(first), verb=Verb.AGAIN, things=(new,))
        words = ""
        if action.verb in _WISHES:
            words = action.words
            pictures, how = _taken(new, base, [by_id[each] for each in action.pictures], _HOW[action.together])
    return Photos(
        id=turn.name,
        message_id=turn.shown,
        at=sent_at(first),
        pictures=pictures,
        words=words,
        words_in=next((each.message_id for each in turn.messages if each.caption), 0),
        how=how,
        takes=preset.photos if preset is not None else 0,
    )


def _taken(new: Thing, base: Sequence[Thing], named: list[Thing], how: How) -> tuple[tuple[Picture, ...], How]:
    """Return the pictures that a caption is about, and how: one picture if its photo goes with others."""
    others = [each for each in named if each is not new] or base
    if not others:
        return new.pictures, how
    order = named if new in named and len(named) > 1 else [*others, new]
    return tuple(dict.fromkeys(picture for each in order for picture in each.pictures)), "together"


async def said_in(turn: Turn, draft: Draft, message: Message, *, said: str | None = None) -> Said:
    """Read a text; in a group, `said` is the part for the bot."""
    words = wish_in(message.text or message.caption or "") if said is None else said
    replied, above = await _around(turn, draft, message)
    things, answers = (*replied, *above), bool(replied) and _answered_id(message) != draft.shown
    by_id: Mapping[str, Thing] = {}
    if words and own_words(message):
        action, by_id = await _understood(turn, draft, things, words, replied=answers)
    else:  # somebody else's “stop” isn't the user's
        action = Action(Verb.EDIT if words else Verb.HELP, words=words)
    named = tuple(by_id[each] for each in (action.pictures or (action.job,)) if each in by_id)
    instruction = words if any(map(str.isalnum, words)) else ""
    return Said(
        id=turn.name,
        message_id=message.message_id,
        at=sent_at(message),
        verb=action.verb,
        words=action.words if action.verb in _WISHES else instruction,
        things=named or things[:1],
        replied=answers,
        how=_HOW[action.together],
        every=action.verb is Verb.STOP and not action.job,
    )


async def correction_in(turn: Turn, draft: Draft, message: Message, *, said: str | None = None) -> Edited:
    """Read a corrected message: other words for its jobs if it has any, otherwise as a new one."""
    text = message.text or message.caption or "" if said is None else said
    words = wish_in(text) if own_words(message) else ""
    picture, at = _picture_of(message), message.edit_date or sent_at(message)
    event = Edited(id=turn.name, message_id=message.message_id, at=at, words=words, picture=picture)
    jobs = await screen.asked_for_in(turn, draft, message.message_id)
    if jobs:
        return replace(event, verb=Verb.STOP if verb_of(words) is Verb.STOP else Verb.EDIT, jobs=jobs)
    if not words:
        return event
    if picture is not None:
        action, _by_id = await _understood(turn, draft, (Thing(Stage.PHOTO, (picture,)),), words)
        return replace(event, words=action.words if action.verb in _WISHES else "")
    new = await said_in(turn, draft, message, said=words)
    return replace(
        event, verb=new.verb, words=new.words, things=new.things, replied=new.replied, how=new.how, every=new.every
    )


async def _around(turn: Turn, draft: Draft, message: Message) -> tuple[tuple[Thing, ...], tuple[Thing, ...]]:
    """Return the thing that a message replies to, if any, and the others above it, lowest first."""
    answered = answered_by(message)
    replied = await screen.replied_thing(turn, draft, answered) if answered is not None else None
    above = await screen.things_above(turn, draft, message.message_id)
    if replied is None:
        return (), above
    others = (each for each in above if not (each.job and each.job == replied.job))
    return (replied,), tuple(each for each in others if each.pictures != replied.pictures)


async def _understood(
    turn: Turn, draft: Draft, things: tuple[Thing, ...], words: str, *, replied: bool = False
) -> tuple[Action, Mapping[str, Thing]]:
    """Return what words ask for, and the things by the IDs that it names."""
    shown, by_id = screen.screen_of(things, draft, replied=replied)
    return await turn.services.reader.read(words, shown), by_id


def _picture_of(message: Message) -> Picture | None:
    source = attachment_of(message)
    return Picture(source, message.message_id) if source is not None else None


def kinds_in(messages: Sequence[Message]) -> list[str]:
    """Return the kinds of messages that the bot can't edit."""
    return [each.content_type for each in messages if each.content_type in KINDS and attachment_of(each) is None]


def wish_in(text: str) -> str:
    """Return what a text says, behind `/edit`; empty for another command or invisible characters."""
    said = _bare(text[:LONGEST])
    command = COMMAND.fullmatch(said)
    if command is None:
        return said
    return _bare(command["rest"]) if command["name"].lower() == "edit" else ""


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


def _answered_id(message: Message) -> int:
    answered = answered_by(message)
    return answered.message_id if answered is not None else 0


def _caption_of(messages: Sequence[Message]) -> str:
    """Return the photos' caption, unless it's forwarded."""
    return "\n".join(filter(None, (wish_in(each.caption or "") for each in messages if own_words(each))))


def _bare(text: str) -> str:
    """Strip invisible characters from both ends; inside, they join letters and emojis."""
    shown = [at for at, one in enumerate(text) if not one.isspace() and unicodedata.category(one) not in ("Cf", "Cc")]
    return text[shown[0] : shown[-1] + 1] if shown else ""
