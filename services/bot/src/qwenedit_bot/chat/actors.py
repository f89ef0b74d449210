"""Who acts in an update: the person, or the chat on whose behalf they write.

Telegram puts a stand-in where the author is hidden (https://core.telegram.org/bots/api#message). All anonymous
administrators of all groups are user 1087968824, all who write as a channel are 136817688, and posts of a linked
channel come from 777000. `sender_chat` then names the chat that speaks: it has the quota, the jobs and the bans.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

Event: TypeAlias = Message | CallbackQuery | ChatMemberUpdated

KINDS = ("message", "edited_message", "callback_query", "pre_checkout_query", "my_chat_member")
"""Kinds of updates that the bot requests and handles (https://core.telegram.org/bots/api#update)."""


def actor_of(event: Event) -> int | None:
    """Return the actor's ID: positive for a person, negative for a chat that writes as itself.

    None if nobody can own a job: a bot, or an author that Telegram doesn't name.
    """
    if isinstance(event, Message) and event.sender_chat is not None:
        return event.sender_chat.id
    user = event.from_user
    if user is None or (user.is_bot and isinstance(event, Message)):
        return None
    return user.id


def kind_of(update: dict[str, Any]) -> str:
    """Return one of `KINDS`, `album`, or `other`."""
    return next((kind for kind in ("album", *KINDS) if kind in update), "other")


def event_in(update: dict[str, Any]) -> dict[str, Any]:
    """Return the message or button press of a raw update; empty if it's malformed."""
    event = update.get(kind_of(update))
    return event if isinstance(event, dict) else {}


def actor_in(update: dict[str, Any]) -> int:
    """Return the actor of a raw, possibly malformed update; 0 if there's none."""
    match event_in(update):
        case {"sender_chat": {"id": int(chat)}}:
            return chat
        case {"chat": _, "from": {"is_bot": True}}:
            return 0
        case {"from": {"id": int(user)}}:
            return user
    return 0


def is_about_money(update: dict[str, Any]) -> bool:
    """Return whether an update is about a payment: those are never refused."""
    event = event_in(update)
    return kind_of(update) == "pre_checkout_query" or "successful_payment" in event or "refunded_payment" in event


def is_of_bot(message: Message, bot_id: int) -> bool:
    """Return whether the bot wrote a message itself: only then are its buttons the bot's."""
    return message.from_user is not None and message.from_user.id == bot_id and own_words(message)


def own_words(message: Message) -> bool:
    """Whether the sender wrote a message here: it is not forwarded, not a channel's post, not an inline result."""
    return message.forward_origin is None and not message.is_automatic_forward and message.via_bot is None
