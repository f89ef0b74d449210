"""Groups: words are for the bot with its name, as a command, or in reply to its question."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram.filters import JOIN_TRANSITION, ChatMemberUpdatedFilter
from aiogram.types import ChatMemberUpdated

from qwenedit_bot.chat.actors import is_of_bot, own_words
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation import handlers, reading, screen
from qwenedit_bot.conversation.actions import take
from qwenedit_bot.conversation.commands import privacy
from qwenedit_bot.conversation.rules.events import Photos
from qwenedit_bot.edits.requests.refusals import refused_unseen
from qwenedit_bot.texts import Text
from qwenedit_bot.understanding.reader import Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram.types import Message

    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.rules.events import Event, Said
    from qwenedit_bot.conversation.turn import Turn

_ADDED = ChatMemberUpdatedFilter(JOIN_TRANSITION)
_GROUPS = {"group", "supergroup"}


def called_to_edit(text: str, username: str) -> str | None:
    """Return the instruction of a text that calls this bot; None if it doesn't."""
    command = reading.COMMAND.match(text)
    if command is not None:
        named = (command["bot"] or username).lower() == username.lower()
        return command["rest"].strip() if named and command["name"].lower() == "edit" else None
    mention = re.compile(rf"(?<!\w)@{re.escape(username)}\b[,:]?", re.IGNORECASE)
    return " ".join(mention.sub(" ", text).split()) if mention.search(text) else None


def is_called(turn: Turn) -> bool:
    """Return whether a group message is for this bot: it names the bot, or is its command."""
    first = turn.messages[0]
    edit = called_to_edit(first.text or first.caption or "", turn.services.bot_name)
    return own_words(first) and (turn.command != "" or edit is not None)


async def changed(turn: Turn) -> None:
    """Explain the bot in a group that it was added to. Other changes of its rights get no message."""
    change = turn.event
    if isinstance(change, ChatMemberUpdated) and change.chat.type in _GROUPS and await _ADDED(change):
        await explain(turn)


async def explain(turn: Turn) -> None:
    """Say how the bot works in groups; once, as a link that adds the bot to a group sends `/start` as well."""
    await turn.say_once(View(turn.words(Text.GROUP_HELP, bot=turn.services.bot_name)))


async def message(turn: Turn) -> None:
    """Handle a group message that is for the bot: a command or a text."""
    if turn.command in ("", "edit") or not own_words(turn.messages[0]):
        await take(turn, lambda draft: _read(turn, draft))
    else:
        await _COMMANDS.get(turn.command, explain)(turn)


async def corrected(turn: Turn) -> None:
    """Handle a corrected message that was, or now is, for the bot."""
    (corrected,) = turn.messages
    text = corrected.text or corrected.caption or ""
    said = called_to_edit(text, turn.services.bot_name) if own_words(corrected) else None

    async def read(draft: Draft) -> Event | None:
        waits = corrected.message_id in (draft.words_in, *(each.message_id for each in draft.pictures))
        if said is None and not waits and not await screen.asked_for_in(turn, draft, corrected.message_id):
            return None
        return await reading.correction_in(turn, draft, corrected, said=text if said is None else said)

    await take(turn, read)


async def _read(turn: Turn, draft: Draft) -> Event | None:
    said, first = _said_to_us(turn, draft), turn.messages[0]
    if said is None:
        return None
    hidden = first.media_group_id is not None and len(turn.messages) == 1
    refusal = View(turn.words(Text.ALBUM_HIDDEN)) if hidden else _refusal(turn, turn.messages)
    if refusal is None and any(map(screen.attachment_of, turn.messages)):
        return await reading.photos_in(turn, draft, said=said)
    event = await reading.said_in(turn, draft, first, said=said)
    if refusal is None and event.about is None and first.reply_to_message is not None:  # a video, or a sticker
        refusal = _refusal(turn, [first.reply_to_message])
    if refusal is not None:
        await turn.say(refusal)
        return None
    if said:
        return replace(event, verb=Verb.EDIT) if _is_of_others_photo(turn, event) else event
    if event.about is None:
        await explain(turn)
        return None
    return Photos(id=event.id, message_id=event.message_id, at=event.at, pictures=event.about.pictures)


def _is_of_others_photo(turn: Turn, event: Said) -> bool:
    """Return whether a remark is one on somebody's photo: “cool” is what to make of it then."""
    answered = reading.answered_by(turn.messages[0])
    replies = event.replied and answered is not None and not is_of_bot(answered, turn.services.bot_id)
    return replies and event.verb is Verb.REMARK


def _said_to_us(turn: Turn, draft: Draft) -> str | None:
    """Return the words for the bot: behind its name or command, or in reply to its question; None if none are."""
    texts = [each.text or each.caption or "" for each in turn.messages if own_words(each)]
    calls = [called_to_edit(text, turn.services.bot_name) for text in texts]
    if any(call is not None for call in calls):
        return "\n".join(filter(None, (reading.wish_in(call) for call in calls if call is not None)))
    answered = [each for each in map(reading.answered_by, turn.messages) if each is not None]
    asked = any(each.message_id == draft.shown and is_of_bot(each, turn.services.bot_id) for each in answered)
    return "\n".join(filter(None, map(reading.wish_in, texts))) if asked else None


def _refusal(turn: Turn, messages: Sequence[Message]) -> View | None:
    """Say why messages are no pictures, or too large ones; None for texts too."""
    kinds, sources = reading.kinds_in(messages), list(filter(None, map(screen.attachment_of, messages)))
    if sources or not kinds:
        return refused_unseen(turn.words, sources)
    return View(turn.words(Text.UNSUPPORTED, kind=kinds[0]))


_COMMANDS = {"start": explain, "help": explain, "privacy": privacy.tell_privacy, "cancel": handlers.stop}
