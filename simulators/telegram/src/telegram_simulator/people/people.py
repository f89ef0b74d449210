"""What people do: write, send pictures, press buttons, change their minds, block the bot."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from telegram_simulator.bot_api.methods.sending import ALBUM, new_album_id
from telegram_simulator.bot_api.render import chat_json, member_json, message_json, user_json
from telegram_simulator.common.errors import ApiError, BadRequestError, ControlError, NoSuchThingError
from telegram_simulator.files import media
from telegram_simulator.messages.contents import SERVICE, content_of
from telegram_simulator.messages.keyboards import Buttons  # noqa: TC001 - pydantic reads it at run time
from telegram_simulator.messages.model import CAPTIONLESS, Media, MediaKind, Message, Standing, User
from telegram_simulator.messages.text import caption, message_text
from telegram_simulator.people.senders import other_bot
from telegram_simulator.world.bots import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.chats import Conversation
    from telegram_simulator.world.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file that a person sends."""

    kind: MediaKind
    data: bytes = field(repr=False)
    name: str
    mime: str | None = None


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


@dataclass(frozen=True, slots=True)
class Place:
    """A person in a chat of a bot."""

    bot: Bot
    user: User
    conversation: Conversation


PLAINLY = Manner()

_GIF = b"GIF8"
_TOGETHER = (
    frozenset({MediaKind.PHOTO, MediaKind.VIDEO}),
    frozenset({MediaKind.DOCUMENT}),
    frozenset({MediaKind.AUDIO}),
)
"""What an album may hold (https://core.telegram.org/bots/api#sendmediagroup)."""


class People:
    """Lets people act, and tells the bots.

    Args:
        world: Where they live.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._queries = itertools.count(1)

    def place(self, *, bot_id: int | None, user_id: int, chat_id: int | None = None) -> Place:
        """Return a person in a chat, the private one unless another is named.

        Raises:
            NoSuchThingError: There is no such person or chat, or they are not in it.
        """
        bot, user = self._world.bot(bot_id), self._world.user(user_id)
        conversation = self._world.conversation(bot, user_id if chat_id is None else chat_id)
        if user_id not in conversation.members:
            raise NoSuchThingError(f"user {user_id} is not in chat {conversation.chat.id}")
        return Place(bot, user, conversation)

    async def send(
        self,
        place: Place,
        *,
        text: str = "",
        captions: Sequence[str] = (),
        attachments: Sequence[Attachment] = (),
        manner: Manner = PLAINLY,
    ) -> list[Message]:
        """Send a text, or attachments with a caption; several become an album, of which each may have its own.

        Raises:
            ControlError: Telegram's clients would not send that.
        """
        if captions and len(captions) != len(attachments):
            raise ControlError(f"{len(captions)} captions for {len(attachments)} pictures")
        if place.conversation.blocked:
            raise ControlError("the user has blocked the bot")
        if manner.reply_to is not None and place.conversation.find(manner.reply_to) is None:
            raise NoSuchThingError(f"there is no message {manner.reply_to} to reply to")
        try:
            if attachments:
                each_words = captions or (text, *[""] * (len(attachments) - 1))
                written = [caption(words) for words in each_words]
            else:
                written = [message_text(text)]
            pictures = [await self._media(place, attachment) for attachment in attachments]
        except ApiError as error:
            raise ControlError(str(error).partition(": ")[2] or str(error)) from None
        _check_album(pictures)
        if any(written) and pictures and pictures[0].kind in CAPTIONLESS:
            raise ControlError(f"a {pictures[0].kind.value} has no caption")
        album_id = new_album_id() if len(pictures) > 1 else None
        contents: list[Media | None] = [*pictures] or [None]
        return [
            self._post(place, words, picture, album_id=album_id, manner=manner)
            for words, picture in zip(written, contents, strict=True)
        ]

    def share(self, place: Place, kind: str) -> Message:
        """Send what has neither words nor a file, or cause a service message.

        Raises:
            ControlError: Telegram's clients would not send that.
        """
        if place.conversation.blocked:
            raise ControlError("the user has blocked the bot")
        return self._post(place, "", None, album_id=None, manner=PLAINLY, service=content_of(kind))

    def edit(self, place: Place, message_id: int, text: str) -> Message:
        """Change the words of one's own message.

        Raises:
            ControlError: It is not there or not theirs, or the words are none that can be sent.
        """
        message = self._own(place, message_id)
        try:
            words = caption(text) if message.media else message_text(text)
        except ApiError as error:
            raise ControlError(str(error)) from None
        changed = place.conversation.replace(replace(message, text=words, edit_date=int(time.time())))
        self._tell(place, "edited_message", changed)
        return changed

    def delete(self, place: Place, message_id: int) -> None:
        """Delete a message for both sides; Telegram tells the bot nothing.

        Raises:
            NoSuchThingError: It is not there.
        """
        if place.conversation.find(message_id) is None:
            raise NoSuchThingError(f"there is no message {message_id}")
        place.conversation.delete(message_id)

    def press(
        self, place: Place, message_id: int, data: str, *, unchecked: bool = False, inaccessible: bool = False
    ) -> str:
        """Press a button; returns the id by which the bot answers.

        Args:
            place: Who presses.
            message_id: Where the button is.
            data: What the button carries.
            unchecked: Send the data whether or not there is such a button; Telegram's servers do not look.
            inaccessible: Tell the bot no more than where the button is, as of a message that is very old.

        Raises:
            NoSuchThingError: There is no such button.
        """
        record = place.conversation.records.get(message_id)
        if record is None or (record.deleted and not unchecked):
            raise NoSuchThingError(f"there is no message {message_id}")
        message = record.now
        if not unchecked and not any(button.callback_data == data for row in message.keyboard for button in row):
            raise NoSuchThingError(f"message {message_id} has no button with that data")
        query_id = f"{place.user.id}{next(self._queries):09d}"
        place.conversation.begun = True
        place.bot.queries[query_id] = Query(place.user.id, place.conversation.chat.id)
        shown = message_json(self._world, place.conversation, message)
        if inaccessible:
            shown = {"message_id": message.id, "chat": shown["chat"], "date": 0}
        place.bot.updates.add(
            "callback_query",
            {
                "id": query_id,
                "from": user_json(place.user),
                "message": shown,
                "chat_instance": str(place.conversation.chat.id),
                "data": data,
            },
        )
        return query_id

    def block(self, place: Place, *, blocked: bool) -> None:
        """Block the bot, or let it write again."""
        if place.conversation.blocked == blocked:
            return
        place.conversation.blocked = blocked
        place.conversation.pulse.beat()
        member, banned = member_json(place.bot.me), member_json(place.bot.me, Standing.KICKED)
        old, new = (member, banned) if blocked else (banned, member)
        place.bot.updates.add(
            "my_chat_member",
            {
                "chat": chat_json(self._world, place.conversation),
                "from": user_json(place.user),
                "date": int(time.time()),
                "old_chat_member": old,
                "new_chat_member": new,
            },
        )

    async def _media(self, place: Place, attachment: Attachment) -> Media:
        """Make what a message carries; like Telegram's clients, send what cannot be a photo as what it is."""
        kind, files, chat_id = attachment.kind, place.bot.files, place.conversation.chat.id
        if kind is MediaKind.PHOTO and attachment.data.startswith(_GIF):
            kind = MediaKind.ANIMATION
        elif kind is MediaKind.PHOTO and attachment.data:
            try:
                return await media.photo(files, attachment.data, of_person_in=chat_id)
            except BadRequestError:
                kind = MediaKind.DOCUMENT
        return await media.other(
            files,
            kind,
            attachment.data,
            name=attachment.name,
            mime=attachment.mime,
            duration=1,
            of_person_in=chat_id,
        )

    def _post(
        self,
        place: Place,
        text: str,
        picture: Media | None,
        *,
        album_id: str | None,
        manner: Manner,
        service: dict[str, Any] | None = None,
    ) -> Message:
        place.conversation.begun = True
        message = place.conversation.add(
            Message(
                id=place.conversation.next_id(),
                chat_id=place.conversation.chat.id,
                sender=place.user,
                date=int(time.time()),
                text=text,
                media=picture,
                keyboard=manner.keyboard,
                album_id=album_id,
                reply_to=manner.reply_to,
                forwarded=manner.forwarded,
                via_bot=None if manner.via_bot is None else other_bot(manner.via_bot),
                service=service,
            )
        )
        self._tell(place, "message", message)
        return message

    def _tell(self, place: Place, kind: str, message: Message) -> None:
        if place.conversation.bot_present and _bot_reads(place, message):
            place.bot.updates.add(kind, message_json(self._world, place.conversation, message))

    def _own(self, place: Place, message_id: int) -> Message:
        message = place.conversation.find(message_id)
        if message is None or message.sender.id != place.user.id:
            raise NoSuchThingError(f"there is no message {message_id} of user {place.user.id}")
        return message


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


def _check_album(pictures: list[Media]) -> None:
    if len(pictures) <= 1:
        return
    if len(pictures) not in ALBUM:
        raise ControlError(f"an album has at most {ALBUM[-1]} pictures")
    kinds = {picture.kind for picture in pictures}
    if not any(kinds <= together for together in _TOGETHER):
        raise ControlError("an album has photos and videos, or files only, or music only")
