"""A person who chats with the bot."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from telegram_simulator.client.group import ControlledChat
from telegram_simulator.client.snapshots import Chat, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telegram_simulator.client.connection import Connection
    from telegram_simulator.client.group import Group

Bytes: TypeAlias = bytes | Path
Rows: TypeAlias = "Sequence[Sequence[tuple[str, str]]]"
"""Buttons, each a text and the data it carries."""

PATIENCE = 20.0
"""Seconds that anything is waited for unless told otherwise."""

_NAMES = {
    "photo": "photo.jpg",
    "document": "picture.png",
    "sticker": "sticker.webp",
    "voice": "voice.ogg",
    "animation": "animation.mp4",
    "video": "video.mp4",
    "audio": "audio.mp3",
    "video_note": "note.mp4",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One file of an album.

    Attributes:
        content: Bytes, or where they are.
        kind: photo, video, document or audio.
    """

    content: Bytes
    kind: str = "photo"
    name: str | None = None


class NeverHappenedError(AssertionError):
    """What was waited for has not come to pass; says what was seen instead."""


class Person(ControlledChat):
    """Acts and looks as a person does, in the private chat with the bot or in a group.

    Args:
        connection: To the simulator.
        user_id: Who acts.
        chat_id: Where; None for the private chat.
    """

    def __init__(self, connection: Connection, user_id: int, *, chat_id: int | None = None) -> None:
        super().__init__(connection, user_id if chat_id is None else chat_id)
        self.id = user_id

    async def _do(self, act: str, *, files: Sequence[tuple[str, bytes]] = (), **arguments: Any) -> Any:
        return await self._connection.do(act, files=files, user=self.id, chat=self.chat_id, **arguments)

    def within(self, group: Group) -> Person:
        """Return the same person in a group."""
        return Person(self._connection, self.id, chat_id=group.id)

    async def send(  # noqa: PLR0913  # what one may send, by name
        self,
        text: str = "",
        *,
        photo: Bytes | None = None,
        document: Bytes | None = None,
        album: Sequence[Bytes | Item] = (),
        kind: str | None = None,
        name: str | None = None,
        mime: str | None = None,
        caption: str = "",
        captions: Sequence[str] = (),
        as_file: bool = False,
        forwarded: bool = False,
        reply_to: int | None = None,
        via_bot: str | None = None,
        keyboard: Rows | None = None,
    ) -> tuple[int, ...]:
        """Send a text, a photo, a file or an album; returns the ids of the messages.

        Args:
            text: The words.
            photo: Bytes of a picture, or where they are; Telegram makes JPEGs of it.
            document: Bytes that stay as they are.
            album: Several pictures, or items of their own kinds.
            kind: As what a document is sent instead: sticker, voice, animation, video, audio, video_note.
            name: What the file is called.
            mime: What it claims to be; found by its name otherwise.
            caption: The words beside a picture.
            captions: Instead, the words beside each picture of the album.
            as_file: Send a photo, or the album's pictures, as files.
            forwarded: Somebody else has written it first.
            reply_to: Id of the message that it answers.
            via_bot: User name of another bot, through which it is sent inline.
            keyboard: Rows of forged buttons, each a text and the data it carries.

        Raises:
            RefusedError: Telegram's clients would not send that.
        """
        kind = kind or ("document" if document is not None or as_file else "photo")
        contents: list[Bytes | Item] = [each for each in (photo, document) if each is not None] or list(album)
        items = [each if isinstance(each, Item) else Item(each, kind, name) for each in contents]
        sent = await self._do(
            "send",
            files=[_file(number, item) for number, item in enumerate(items)],
            text=text or caption,
            captions=captions,
            kinds=[item.kind for item in items],
            mime=mime,
            manner={
                "forwarded": forwarded,
                "reply_to": reply_to,
                "via_bot": via_bot,
                "keyboard": _buttons(keyboard),
            },
        )
        return tuple(sent)

    async def share(self, kind: str) -> int:
        """Send what has no file, such as a location or a poll, or cause a service message; returns the message's id.

        Args:
            kind: A name in `messages.contents`.

        Raises:
            RefusedError: There is no such kind.
        """
        return int(await self._do("share", kind=kind))

    async def send_text(self, text: str) -> int:
        """Send a text; returns the message's id."""
        (sent,) = await self.send(text)
        return sent

    async def send_photo(self, photo: Bytes, caption: str = "", *, as_file: bool = False) -> int:
        """Send a photo, as a photo or as a file; returns the message's id."""
        (sent,) = await self.send(photo=photo, caption=caption, as_file=as_file)
        return sent

    async def flood(self, count: int, text: str = "message {number}", *, forwarded: bool = False) -> tuple[int, ...]:
        """Send many texts at once, in order; returns the ids of the messages.

        Args:
            count: How many.
            text: What each says; `{number}` counts from 1.
            forwarded: As one gesture forwards them.
        """
        return tuple(await self._do("flood", count=count, text=text, forwarded=forwarded))

    async def press(self, label: str, *, message_id: int | None = None, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109
        """Press the newest button with that label, or with one that holds it; waits until there is one.

        Raises:
            NeverHappenedError: There was none.
        """

        def find(chat: Chat) -> tuple[Message, str] | None:
            for matches in (lambda text: text == label, lambda text: label in text):
                for message in reversed(chat.visible):
                    for button in message.now.buttons:
                        if message_id in (None, message.id) and button.data is not None and matches(button.text):
                            return message, button.data
            return None

        found = find(await self.wait_for(find, timeout, what=f"a button {label!r}"))
        if found is not None:
            await self.press_data(found[0].id, found[1])

    async def press_data(self, message_id: int, data: str, *, inaccessible: bool = False) -> None:
        """Press a button that is there, was there a moment ago, or never was: Telegram does not look.

        Args:
            message_id: Any message of the chat, whoever sent it.
            data: Anything.
            inaccessible: The bot learns only which message it is, as when that is very old.

        Raises:
            RefusedError: There never was such a message.
        """
        await self._do("press", message=message_id, data=data, inaccessible=inaccessible)

    async def pay(self, message_id: int) -> str:
        """Pay an invoice; waits for the bot to agree, and returns the charge's id.

        Raises:
            RefusedError: The bot did not agree in time, or the invoice is paid.
        """
        return str(await self._do("pay", message=message_id))

    async def edit(self, message_id: int, text: str) -> None:
        """Change the words of a message that this person has sent."""
        await self._do("edit", message=message_id, text=text)

    async def delete(self, message_id: int) -> None:
        """Delete a message for both sides."""
        await self._do("delete", message=message_id)

    async def block(self) -> None:
        """Block the bot."""
        await self._connection.do("block", user=self.id, blocked=True)

    async def unblock(self) -> None:
        """Let the bot write again."""
        await self._connection.do("block", user=self.id, blocked=False)

    async def snapshot(self) -> Chat:
        """Look at the chat."""
        return Chat.parse(await self._do("look"))

    async def wait_for(
        self,
        predicate: Callable[[Chat], object],
        timeout: float = PATIENCE,  # noqa: ASYNC109
        *,
        what: str = "what was waited for",
    ) -> Chat:
        """Return the chat as soon as it is as wanted.

        Raises:
            NeverHappenedError: It was not so within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        chat = await self.snapshot()
        while not predicate(chat):
            left = deadline - time.monotonic()
            if left <= 0:
                raise NeverHappenedError(f"{what} did not happen within {timeout:g} s; the chat:\n{_told(chat)}")
            chat = Chat.parse(await self._do("look", after=chat.version, wait=left))
        return chat

    async def says(self, words: str, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109
        """Return the bot's newest message that says these words, or has said them before an edit.

        Raises:
            NeverHappenedError: It has not.
        """

        def find(chat: Chat) -> Message | None:
            return next((message for message in reversed(chat.from_bot) if message.said(words)), None)

        return _found(find(await self.wait_for(find, timeout, what=f"the bot saying {words!r}")))

    async def picture(self, timeout: float = PATIENCE, *, number: int = 1) -> Message:  # noqa: ASYNC109
        """Return a message of the bot that carries a picture: the first, or another one by number.

        Raises:
            NeverHappenedError: There are not that many.
        """

        def find(chat: Chat) -> Message | None:
            return chat.pictures[number - 1] if len(chat.pictures) >= number else None

        return _found(find(await self.wait_for(find, timeout, what=f"picture {number} of the bot")))


def _found(message: Message | None) -> Message:
    if message is None:
        raise AssertionError("the chat that was waited for is not as wanted")
    return message


def _buttons(rows: Rows | None) -> list[list[dict[str, str]]]:
    return [[{"text": text, "callback_data": data} for text, data in row] for row in rows or ()]


def _file(number: int, item: Item) -> tuple[str, bytes]:
    """Return the name and the bytes of a file; names are made different."""
    path = item.content if isinstance(item.content, Path) else None
    name = item.name or (path.name if path else _NAMES[item.kind])
    data = item.content if isinstance(item.content, bytes) else item.content.read_bytes()
    return (name if number == 0 else f"{number + 1}-{name}"), data


def _told(chat: Chat) -> str:
    lines = []
    for message in chat.messages:
        media = f" [{message.now.media.kind}]" if message.now.media else ""
        buttons = f" {list(message.now.labels)}" if message.now.labels else ""
        gone = " (deleted)" if message.deleted else ""
        who = "bot " if message.from_bot else "user"
        lines.append(f"  {who} {message.id}{gone}{media}: {message.text!r}{buttons}")
    return "\n".join(lines) or "  nothing"
