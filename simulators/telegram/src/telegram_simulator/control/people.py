"""What people do: write, send pictures, press buttons, pay, change their minds, block the bot."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

from telegram_simulator.bot_api.methods.payments import post_payment
from telegram_simulator.bot_api.methods.sending import new_album_id
from telegram_simulator.bot_api.render import member_json, message_json, standing_json, user_json
from telegram_simulator.common.errors import ApiError, ControlError
from telegram_simulator.control.acts import Asked, act, news
from telegram_simulator.control.snapshot import chat_snapshot
from telegram_simulator.files import media
from telegram_simulator.messages.contents import SERVICE, content_of
from telegram_simulator.messages.keyboards import Buttons  # noqa: TC001 - pydantic reads it at run time
from telegram_simulator.messages.model import Media, MediaKind, Message, Payment, Standing, User
from telegram_simulator.messages.text import caption, message_text
from telegram_simulator.world.bots import Charge, Query

if TYPE_CHECKING:
    from telegram_simulator.bot_api.request_body import Upload
    from telegram_simulator.world.world import Place

CHECKOUT = 10.0
"""Seconds that a bot has to agree to a payment (https://core.telegram.org/bots/api#answerprecheckoutquery)."""
_GIF = b"GIF8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How a person sends something.

    Attributes:
        reply_to: Id of the message that it answers.
        forwarded: Somebody else has written it first.
        via_bot: User name of another bot, through which it is sent inline.
        keyboard: Buttons under it. Telegram gives people none, but for what they send through other bots; a bot must
            not believe them.
    """

    reply_to: int | None = None
    forwarded: bool = False
    via_bot: str | None = None
    keyboard: Buttons = ()


PLAINLY = Manner()


@act
async def user(  # who somebody is, by name
    asked: Asked,
    id: int | None = None,  # noqa: A002 - as the Bot API calls it
    first_name: str = "Ann",
    username: str | None = None,
    language: str | None = "en",
    *,
    is_bot: bool = False,
) -> int:
    """Make a person, or change the one of that id; without an id a new one is found."""
    known = asked.world.users
    user_id = next(number for number in asked.world.user_ids if number not in known) if id is None else id
    known[user_id] = User(id=user_id, first_name=first_name, username=username, language=language, is_bot=is_bot)
    return user_id


@act
async def send(
    asked: Asked,
    user: int,
    chat: int | None = None,
    text: str = "",
    captions: tuple[str, ...] = (),
    kinds: tuple[MediaKind, ...] = (),
    mime: str | None = None,
    manner: Manner = PLAINLY,
) -> list[int]:
    """Send a text or files, each of the kind at its place in `kinds`; returns the ids of the messages.

    Several files become an album, with the text beside the first, or `captions` beside each.
    """
    place = asked.place(user, chat)
    if place.conversation.blocked:
        raise ControlError("the user has blocked the bot")
    if manner.reply_to is not None and place.conversation.find(manner.reply_to) is None:
        raise ControlError(f"there is no message {manner.reply_to} to reply to")
    if kinds:
        written = [caption(words) for words in captions or (text, *[""] * (len(kinds) - 1))]
    else:
        written = [message_text(text)]
    files = zip(asked.files, kinds, strict=True)
    pictures = [await _media(place, kind, upload, mime or upload.mime) for upload, kind in files]
    album_id = new_album_id() if len(pictures) > 1 else None
    contents: list[Media | None] = [*pictures] or [None]
    return [
        _post(asked, place, manner, text=words, media=picture, album_id=album_id)
        for words, picture in zip(written, contents, strict=True)
    ]


@act
async def share(asked: Asked, user: int, chat: int, kind: str) -> int:
    """Send what has no file, or cause a service message; returns its id."""
    return _post(asked, asked.place(user, chat), PLAINLY, service=content_of(kind))


@act
async def flood(asked: Asked, user: int, chat: int, count: int, text: str, *, forwarded: bool = False) -> list[int]:
    """Send many texts at once; each says its number where the text says `{number}`."""
    place, manner = asked.place(user, chat), Manner(forwarded=forwarded)
    texts = (text.replace("{number}", str(number)) for number in range(1, count + 1))
    return [_post(asked, place, manner, text=message_text(each)) for each in texts]


@act
async def press(asked: Asked, user: int, chat: int, message: int, data: str, *, inaccessible: bool = False) -> None:
    """Press a button, whether or not it is there: Telegram's servers do not look.

    With `inaccessible` the bot is told no more than where the button is, as of a message that is very old.
    """
    place = asked.place(user, chat)
    record = place.conversation.records.get(message)
    if record is None:
        raise ControlError(f"there is no message {message}")
    query_id = f"{user}{next(asked.world.numbers):09d}"
    place.conversation.begun = True
    place.bot.queries[query_id] = Query(user, place.conversation.chat.id)
    shown = message_json(asked.world, place.conversation, record.now)
    if inaccessible:
        shown = {"message_id": message, "chat": shown["chat"], "date": 0}
    pressed = {"id": query_id, "from": user_json(place.user), "message": shown, "data": data}
    place.bot.updates.add("callback_query", pressed | {"chat_instance": str(place.conversation.chat.id)})


@act
async def pay(asked: Asked, user: int, chat: int, message: int) -> str:
    """Pay an invoice, after the bot has said that it still wants the Stars; returns the charge's id.

    The steps are those of https://core.telegram.org/bots/payments-stars. Everybody has as many Stars as they like.
    """
    place = asked.place(user, chat)
    found = place.conversation.find(message)
    if found is None or found.invoice is None:
        raise ControlError(f"there is no invoice {message}")
    if found.invoice.paid:
        raise ControlError("this invoice is paid")
    checkout_id = str(next(asked.world.numbers))
    answer = place.bot.checkouts[checkout_id] = asyncio.get_running_loop().create_future()
    invoice = found.invoice
    wanted = {"currency": invoice.currency, "total_amount": invoice.total, "invoice_payload": invoice.payload}
    place.bot.updates.add("pre_checkout_query", {"id": checkout_id, "from": user_json(place.user), **wanted})
    try:
        async with asyncio.timeout(CHECKOUT):
            refusal = await answer
    except TimeoutError:
        raise ControlError("the bot did not answer in time: nothing was paid") from None
    finally:
        place.bot.checkouts.pop(checkout_id, None)
    if refusal is not None:
        raise ControlError(refusal or "the bot does not want the money")
    payment = Payment(
        charge_id=f"stx{secrets.token_urlsafe(24)}",
        payload=invoice.payload,
        currency=invoice.currency,
        total=invoice.total,
    )
    place.bot.charges[payment.charge_id] = Charge(user, place.conversation.chat.id, payment)
    place.conversation.replace(replace(found, invoice=replace(invoice, paid=True), keyboard=()))
    post_payment(asked.world, place.bot, place.conversation, sender=place.user, payment=payment)
    return payment.charge_id


@act
async def edit(asked: Asked, user: int, chat: int, message: int, text: str) -> None:
    """Change the words of one's own message."""
    place = asked.place(user, chat)
    found = place.conversation.find(message)
    if found is None or found.sender.id != user:
        raise ControlError(f"there is no message {message} of user {user}")
    words = caption(text) if found.media else message_text(text)
    changed = place.conversation.replace(replace(found, text=words, edit_date=int(time.time())))
    _tell(asked, place, "edited_message", changed)


@act
async def delete(asked: Asked, user: int, chat: int, message: int) -> None:
    """Delete a message for both sides; Telegram tells the bot nothing."""
    asked.place(user, chat).conversation.delete(message)


@act
async def block(asked: Asked, user: int, *, blocked: bool) -> None:
    """Block the bot, or let it write again."""
    place = asked.place(user, None)
    if place.conversation.blocked == blocked:
        return
    place.conversation.blocked = blocked
    member, banned = member_json(place.bot.me), member_json(place.bot.me, Standing.KICKED)
    old, new = (member, banned) if blocked else (banned, member)
    place.bot.updates.add("my_chat_member", standing_json(asked.world, place.conversation, place.user, old, new))


@act
async def look(asked: Asked, user: int, chat: int, after: int | None = None, wait: float = 0.0) -> dict[str, Any]:
    """Return a chat; if it is at version `after` still, wait for something new for that many seconds."""
    conversation = asked.conversation(chat)
    await news(conversation.pulse, after, wait)
    return chat_snapshot(conversation, user_id=user)


async def _media(place: Place, kind: MediaKind, upload: Upload, mime: str) -> Media:
    """Make what a message carries; like Telegram's clients, send what cannot be a photo as what it is."""
    files, chat_id, data = place.bot.files, place.conversation.chat.id, upload.data
    if kind is MediaKind.PHOTO and data.startswith(_GIF):
        kind = MediaKind.ANIMATION
    elif kind is MediaKind.PHOTO and data:
        try:
            return await media.photo(files, data, of_person_in=chat_id)
        except ApiError:
            kind = MediaKind.DOCUMENT
    return media.other(files, kind, data, name=upload.name, mime=mime, of_person_in=chat_id)


def _post(asked: Asked, place: Place, manner: Manner, **content: Any) -> int:
    """Put a message into a chat and tell the bot; returns its id."""
    place.conversation.begun = True
    message = place.conversation.post(
        place.user,
        keyboard=manner.keyboard,
        reply_to=manner.reply_to,
        forwarded=manner.forwarded,
        via_bot=manner.via_bot and _other_bot(manner.via_bot),
        **content,
    )
    _tell(asked, place, "message", message)
    return message.id


def _other_bot(username: str) -> User:
    """Return a bot that is not simulated, with the same id for the same name."""
    return User(id=5_000_000_000 + crc32(username.encode()), first_name=username, username=username, is_bot=True)


def _tell(asked: Asked, place: Place, kind: str, message: Message) -> None:
    if place.conversation.bot_present and _bot_reads(place, message):
        place.bot.updates.add(kind, message_json(asked.world, place.conversation, message))


def _bot_reads(place: Place, message: Message) -> bool:
    """Whether Telegram, and group privacy, let the bot see a message (https://core.telegram.org/bots/features#privacy-mode)."""
    conversation, bot = place.conversation, place.bot
    if place.user.is_bot:
        return False  # bots do not see each other's messages
    if not conversation.is_group or bot.reads_all or conversation.bot_admin or SERVICE & set(message.service or ()):
        return True
    answered = None if message.reply_to is None else conversation.records.get(message.reply_to)
    if answered is not None and answered.now.outgoing:
        return True
    username = (bot.me.username or "").lower()
    command = re.match(r"/\w+(?:@(\w+))?", message.text)
    if command is not None:
        return command[1] is None or command[1].lower() == username
    return re.search(rf"@{re.escape(username)}\b", message.text.lower()) is not None
