"""The argument of every handler: a message or button press, and ways to answer it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.rate_limit import is_group
from qwenedit_bot.chat.view import Source, View

if TYPE_CHECKING:
    from aiogram.types import InaccessibleMessage, Update

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.conversation.commands.languages import Languages
    from qwenedit_bot.conversation.commands.privacy import Retention
    from qwenedit_bot.conversation.draft import Drafts
    from qwenedit_bot.edits.addresses import JobIds
    from qwenedit_bot.edits.progress.eta import Eta
    from qwenedit_bot.edits.requests.backlog import Backlog
    from qwenedit_bot.payments.payments import Shop
    from qwenedit_bot.payments.quotas import Quotas
    from qwenedit_bot.pictures.results import Results
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.privacy.user_erasure import UserErasure
    from qwenedit_bot.texts import Text, Texts, Words
    from qwenedit_bot.understanding.reader import Reader
    from qwenedit_bot.users.access_list import AccessList
    from qwenedit_jobs import PictureStore
    from qwenedit_jobs.queue.operator_queue import OperatorQueue

_COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?")


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that handlers use."""

    bot_id: int
    bot_name: str
    drafts: Drafts
    ids: JobIds
    queue: OperatorQueue
    store: PictureStore
    results: Results
    backlog: Backlog
    replies: Replies
    messenger: Messenger
    texts: Texts
    languages: Languages
    presets: Catalogue
    quotas: Quotas
    access_list: AccessList
    user_erasure: UserErasure
    eta: Eta
    retention: Retention
    reader: Reader
    shop: Shop
    larger_megapixels: float = 0
    """Area of an enlarged result; 0 hides the button."""


@dataclass(slots=True)
class Turn:
    """A message, a button press, or a change of the bot's rights."""

    event: Message | CallbackQuery | ChatMemberUpdated
    words: Words
    services: Services
    chat_id: int
    user_id: int
    """The actor: a person, or a chat that writes as itself."""
    update_id: int
    """Telegram's ID of the update, the same each time it's handled."""
    album: tuple[Message, ...] = ()
    """All messages of the album, if this is one."""
    edited: bool = False
    """Whether this corrects a message that the bot has. A new message may have an `edit_date` too."""
    answered: bool = False
    """The press was answered."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """The user's message, or those of an album; none for a press."""
        return self.album or ((self.event,) if isinstance(self.event, Message) else ())

    @property
    def in_group(self) -> bool:
        """Whether others read what is said."""
        return is_group(self.chat_id)

    @property
    def message(self) -> Message | InaccessibleMessage | None:
        """The message, or the one with the pressed button."""
        if isinstance(self.event, CallbackQuery):
            return self.event.message
        return self.event if isinstance(self.event, Message) else None

    @property
    def shown(self) -> int:
        """Id of that message."""
        return self.message.message_id if self.message is not None else 0

    def to(self, message_id: int, discriminator: str = "") -> Source:
        """Return the address of an answer to a message, in the same topic."""
        in_topic = isinstance(self.message, Message) and self.message.is_topic_message
        thread_id = self.message.message_thread_id if isinstance(self.message, Message) and in_topic else None
        return Source(self.chat_id, message_id, discriminator, thread_id or 0)

    @property
    def press(self) -> CallbackQuery | None:
        """The press, if it is one."""
        return self.event if isinstance(self.event, CallbackQuery) else None

    @property
    def name(self) -> str:
        """ID of the event, for the draft."""
        if self.press is not None:
            return f"p{self.press.id}"
        return f"e{self.shown}.{self.update_id}" if self.edited else f"m{self.shown}"

    @property
    def at(self) -> int:
        """Time of the event, in seconds since the epoch."""
        return int(self.event.date.timestamp() if isinstance(self.event, Message) else time.time())

    @property
    def verb(self) -> str:
        """The verb of the pressed button's data."""
        return (self.press.data or "").partition(":")[0] if self.press is not None else ""

    @property
    def data(self) -> str:
        """The part of the data after the verb."""
        return (self.press.data or "").partition(":")[2] if self.press is not None else ""

    @property
    def command(self) -> str:
        """The message's command in lower case; in a group it must name the bot."""
        said = _COMMAND.match(self.messages[0].text or "") if self.messages else None
        if said is None:
            return ""
        name = self.services.bot_name.lower()
        named = (said["bot"] or ("" if self.in_group else name)).lower()
        return said["name"].lower() if named == name else ""

    @property
    def args(self) -> str:
        """The message's text after the command."""
        return " ".join((self.messages[0].text or "").split()[1:]) if self.messages else ""

    @property
    def about(self) -> Message | None:
        """The message that the pressed button's message answers; None without a press, or if it's deleted."""
        shown = self.message if self.press is not None else None
        return shown.reply_to_message if isinstance(shown, Message) else None

    async def say(self, view: View, *, to: Source | None = None) -> int:
        """Answer the message or the press, or another message; returns the id of the bot's message."""
        edited_at = self.event.edit_date if isinstance(self.event, Message) else None
        here = self.to(self.shown, self.press.id if self.press is not None else "")
        return await self.services.replies.say(to or here, view, edited_at=edited_at)

    async def say_once(self, view: View, *, heard: str = "") -> None:
        """Answer the message, unless the bot just said the same in reply to the same."""
        said = f"said:{blake2b(f'{heard}: {view.text}'.encode(errors='replace'), digest_size=8).hexdigest()}"
        if await self.services.replies.is_first(self.chat_id, said, str(self.shown), seconds=10):
            await self.say(view)

    async def show(self, view: View) -> None:
        """Replace the content of the pressed button's message."""
        await self.services.messenger.edit(self.chat_id, self.shown, view)

    async def toast(self, text: str = "", *, alert: bool = False) -> None:
        """Answer a press, once; nothing for a message."""
        if self.press is not None and not self.answered:
            await self.services.messenger.answer_press(self.press.id, text, alert=alert)
            self.answered = True

    async def alert(self, text: Text) -> None:
        """Say why nothing happens, in an alert if a button was pressed."""
        if self.press is not None:
            await self.toast(self.words(text), alert=True)
        else:
            await self.say(View(self.words(text)))

    async def is_first_tap(self) -> bool:
        """Return whether this is the first of several quick taps; repeating it for a press returns the same."""
        if self.press is None:
            return True
        occasion = f"tap:{self.shown}:{self.press.data}:{self.user_id}"
        first = self.services.replies.is_first
        return await first(self.chat_id, occasion, self.press.id, seconds=5)


async def turn_of(update: Update, album: tuple[Message, ...], services: Services) -> Turn | None:
    """Return an update as a turn; None if it has no actor who can own a job or a draft."""
    event = update.event
    if not isinstance(event, Message | CallbackQuery | ChatMemberUpdated):
        return None
    message = event.message if isinstance(event, CallbackQuery) else event
    refunded = isinstance(event, Message) and event.refunded_payment is not None  # of which nobody is the sender
    actor = event.chat.id if isinstance(event, Message) and refunded else actor_of(event)
    if actor is None:
        return None
    words = await services.languages.words_of(actor, event.from_user.language_code if event.from_user else None)
    chat_id = message.chat.id if message is not None else actor
    return Turn(event, words, services, chat_id, actor, update.update_id, album, update.edited_message is not None)
