"""Telegram as the use cases see it: what can be said in a chat, and how that can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from qwenedit_bot.chat.view import Buttons, View
    from qwenedit_jobs import ReplyTo


@dataclass(frozen=True, slots=True)
class Source:
    """A user's message, which the bot's answer replies to."""

    chat_id: int
    message_id: int
    """0: what is sent answers nothing."""
    discriminator: str = ""
    """Tells answers apart that reply to the same message."""
    thread_id: int = 0
    """The forum topic in which to answer; 0 outside of topics."""
    moved: bool = False
    """The message is in the group that this supergroup was, where numbers were others: it can't be replied to."""

    @classmethod
    def of_job(cls, reply: ReplyTo) -> Self:
        """Name the message that a job's answer replies to."""
        return cls(reply.chat_id, reply.source_message_id, reply.discriminator, reply.thread_id)

    @property
    def answer(self) -> tuple[int, int, str]:
        """What names its answer."""
        return self.chat_id, self.message_id, f"{self.discriminator}{':moved' if self.moved else ''}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on its way to a user."""

    data: bytes
    caption: str
    as_file: bool
    """As a file where Telegram would not take it as a photo."""
    buttons: Buttons = ()
    name: str = "picture"
    """Of the file, without an extension."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a user may pay for, in Telegram Stars."""

    title: str
    """At most 32 characters."""
    description: str
    """At most 255."""
    payload: str
    """At most 128 bytes; comes back with the payment, and users do not see it."""
    stars: int


class Messenger(Protocol):
    """Says things in chats.

    No method repeats a call or waits for a chat's turn. Every one may raise `TelegramUnavailableError`, `LaterError`
    and Redis' errors: the same call may work later. Every one that names a chat may raise `ChatUnreachableError`.
    Methods that return bool say whether the message is still there. If a group turns out to have become a supergroup,
    `LaterError` says so: what is done again, with `followed`, goes there.
    """

    async def followed(self, to: Source) -> Source:
        """Return a message to answer, in the supergroup if its group became one."""

    async def ready(self, chat_id: int, *, edit: bool) -> None:
        """Take the chat's turn before work whose result is to be said; the next call uses it.

        Args:
            chat_id: The chat.
            edit: Whether it is to be said by an edit, of which a chat has fewer.

        Raises:
            LaterError: The chat's turn is not free now.
        """

    async def send(self, to: Source, view: View) -> int:
        """Reply to a user's message, or just write where it is gone; returns the new message's id."""

    async def edit(self, chat_id: int, message_id: int, view: View) -> bool:
        """Change the text and buttons of one of the bot's messages."""

    async def edit_if_cheap(self, chat_id: int, message_id: int, view: View, *, until: float) -> bool | None:
        """Like `edit`, but only if it costs nobody anything; None when it was left out.

        Args:
            chat_id: The chat.
            message_id: The message.
            view: What it's to say.
            until: When that is out of date, by `time.monotonic`: it's left out then.

        Raises:
            TelegramUnavailableError: It may have landed, or may still land.
        """

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Take one of the bot's messages away; where Telegram doesn't, it stays."""

    async def show(self, chat_id: int, message_id: int, picture: Picture) -> bool:
        """Turn one of the bot's messages into a picture, with the picture's buttons.

        Raises:
            PhotoRejectedError: Telegram does not take it as a photo, or a file as large.
            KindForbiddenError: Photos, or files, are not allowed in this chat.
            TelegramRefusedError: Telegram refuses it for another reason.
        """

    async def send_file(self, to: Source, picture: Picture) -> int:
        """Reply to a user's message with a picture as a file; returns the new message's id.

        Raises:
            PhotoRejectedError: The file is too large.
            KindForbiddenError: Files are not allowed in this chat.
            TelegramRefusedError: Telegram refuses it for another reason.
        """

    async def show_activity(self, chat_id: int, thread_id: int) -> None:
        """Show “sending a photo…” for a few seconds, if Telegram happens to take it; in a topic, if one is named."""

    async def answer_press(self, press_id: str, text: str, *, alert: bool = False) -> None:
        """Answer a button; a press that Telegram has forgotten is left alone."""

    async def send_invoice(self, to: Source, invoice: Invoice) -> int:
        """Offer something to pay for; returns the new message's id."""

    async def answer_checkout(self, query_id: str, refusal: str | None) -> None:
        """Agree to be paid, or say why not; a question that Telegram has forgotten is left alone."""

    async def refund(self, user_id: int, charge: str) -> None:
        """Give Stars back; repeating it is harmless.

        Raises:
            TelegramRefusedError: Telegram does not do it.
        """

    async def download(self, file_id: str, *, limit: int) -> bytes:
        """Fetch a user's file of at most `limit` bytes.

        Raises:
            FileTooBigError: it is larger.
            FileUnavailableError: Telegram does not have it.
        """
