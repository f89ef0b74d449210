"""A person who chats with the bot."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import aiohttp

from telegram_simulator.client.chat import ControlledChat
from telegram_simulator.client.snapshots import Chat, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telegram_simulator.client.connection import Connection
    from telegram_simulator.client.group import Group

Bytes: TypeAlias = bytes | Path

PATIENCE = 60.0
"""Seconds that anything is waited for unless told otherwise."""

_NAMES = {
    "photo": "photo.jpg", "document": "picture.png", "sticker": "sticker.webp", "voice": "voice.ogg",
    "animation": "animation.mp4", "video": "video.mp4", "audio": "audio.mp3",
}  # fmt: skip


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

    def within(self, group: Group) -> Person:
        """Return the same person in a group."""
        return Person(self._connection, self.id, chat_id=group.id)

    async def send(  # noqa: PLR0913  # what one may send, by name
        self,
        text: str = "",
        *,
        photo: Bytes | None = None,
        document: Bytes | None = None,
        album: Sequence[Bytes] = (),
        kind: str | None = None,
        name: str | None = None,
        mime: str | None = None,
        caption: str = "",
        captions: Sequence[str] = (),
        as_file: bool = False,
        forwarded: bool = False,
        reply_to: int | None = None,
    ) -> tuple[int, ...]:
        """Send a text, a photo, a file or an album; returns the ids of the messages.

        Args:
            text: The words.
            photo: Bytes of a picture, or where they are; Telegram makes JPEGs of it.
            document: Bytes that stay as they are.
            album: Several pictures.
            kind: As what a document is sent instead: sticker, voice, animation, video, audio.
            name: What the file is called.
            mime: What it claims to be; found by its name otherwise.
            caption: The words beside a picture.
            captions: Instead, the words beside each picture of the album.
            as_file: Send a photo, or the album's pictures, as files.
            forwarded: Somebody else has written it first.
            reply_to: Id of the message that it answers.

        Raises:
            RefusedError: Telegram's clients would not send that.
        """
        contents = [each for each in (photo, document) if each is not None] or list(album)
        kind = kind or ("document" if document is not None or as_file else "photo")
        form = aiohttp.FormData({"text": text or caption, "kind": kind, "chat_id": str(self.chat_id)})
        if forwarded:
            form.add_field("forwarded", "true")
        if reply_to is not None:
            form.add_field("reply_to", str(reply_to))
        if captions:
            form.add_field("captions", json.dumps(captions))
        if mime is not None:
            form.add_field("mime", mime)
        for number, content in enumerate(contents):
            data, found = _read(content)
            called = name or found or _NAMES[kind]
            form.add_field("files", io.BytesIO(data), filename=called if number == 0 else f"{number + 1}-{called}")
        sent = await self._connection.form(f"users/{self.id}/messages", form)
        return tuple(sent["ids"])

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

    async def press_data(self, message_id: int, data: str) -> None:
        """Press a button that is there, was there a moment ago, or never was: Telegram does not look.

        Raises:
            RefusedError: There never was such a message.
        """
        body = {"chat_id": self.chat_id, "message_id": message_id, "data": data, "unchecked": True}
        await self._connection.json("POST", f"users/{self.id}/press", body)

    async def pay(self, message_id: int) -> str:
        """Pay an invoice; waits for the bot to agree, and returns the charge's id.

        Raises:
            RefusedError: The bot did not agree in time, or the invoice is paid.
        """
        body = {"chat_id": self.chat_id, "message_id": message_id}
        return str((await self._connection.json("POST", f"users/{self.id}/pay", body))["charge_id"])

    async def edit(self, message_id: int, text: str) -> None:
        """Change the words of a message that this person has sent."""
        body = {"chat_id": self.chat_id, "text": text}
        await self._connection.json("PUT", f"users/{self.id}/messages/{message_id}", body)

    async def delete(self, message_id: int) -> None:
        """Delete a message for both sides."""
        path = f"users/{self.id}/messages/{message_id}"
        await self._connection.json("DELETE", path, query={"chat": str(self.chat_id)})

    async def block(self) -> None:
        """Block the bot."""
        await self._connection.json("PUT", f"users/{self.id}/block")

    async def unblock(self) -> None:
        """Let the bot write again."""
        await self._connection.json("DELETE", f"users/{self.id}/block")

    async def speak(self, language: str) -> None:
        """Use another language from now on."""
        await self._connection.json("PUT", f"users/{self.id}/language", {"language": language})

    async def snapshot(self) -> Chat:
        """Look at the chat."""
        return Chat.parse(await self._connection.json("GET", f"chats/{self.chat_id}"), user_id=self.id)

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
            query = {"after": str(chat.version), "wait": f"{left:.3f}"}
            seen = await self._connection.json("GET", f"chats/{self.chat_id}", query=query)
            chat = Chat.parse(seen, user_id=self.id)
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


def _read(content: Bytes) -> tuple[bytes, str | None]:
    return (content, None) if isinstance(content, bytes) else (content.read_bytes(), content.name)


def _told(chat: Chat) -> str:
    lines = []
    for message in chat.messages:
        media = f" [{message.now.media.kind}]" if message.now.media else ""
        buttons = f" {list(message.now.labels)}" if message.now.labels else ""
        gone = " (deleted)" if message.deleted else ""
        who = "bot " if message.from_bot else "user"
        lines.append(f"  {who} {message.id}{gone}{media}: {message.text!r}{buttons}")
    return "\n".join(lines) or "  nothing"
