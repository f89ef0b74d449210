"""What tests do to the simulated Telegram, and what they see of it: a function for each.

`client` calls them by name. Those that are about a person take `user`, and `chat` unless the private one is meant.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, validate_call

from telegram_simulator.common.errors import ControlError
from telegram_simulator.control.snapshot import chat_snapshot
from telegram_simulator.messages.model import ChatKind, MediaKind, Standing, User
from telegram_simulator.people.people import PLAINLY, Attachment, Manner
from telegram_simulator.world.faults import Fault  # noqa: TC001 - pydantic reads it at run time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram_simulator.bot_api.request_body import Upload
    from telegram_simulator.common.change_signal import ChangeSignal
    from telegram_simulator.people.groups import Groups
    from telegram_simulator.people.payments import StarPayments
    from telegram_simulator.people.people import People, Place
    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.chats import Conversation
    from telegram_simulator.world.world import World

    Act = Callable[..., Awaitable[Any]]

LONGEST_WAIT = 30.0
"""Seconds that a question for something new is held."""
FIRST_USER = 5001

ACTS: dict[str, Act] = {}


class Powers:
    """What the acts are done with."""

    def __init__(self, world: World, people: People, groups: Groups, cashier: StarPayments) -> None:
        self.world = world
        self.people = people
        self.groups = groups
        self.cashier = cashier
        self.user_ids = itertools.count(FIRST_USER)


class Asked:
    """One request: to which bot it refers, and the files that came with it."""

    def __init__(self, powers: Powers, bot: Bot, files: list[Upload]) -> None:
        self.powers = powers
        self.bot = bot
        self.files = files

    def place(self, user: int, chat: int | None) -> Place:
        """Return a person in a chat."""
        return self.powers.people.place(bot_id=self.bot.me.id, user_id=user, chat_id=chat)

    def conversation(self, chat: int) -> Conversation:
        """Return a chat of the bot."""
        return self.powers.world.conversation(self.bot, chat)


def act(function: Act) -> Act:
    """Let clients call a function by its name, with arguments of its types."""
    ACTS[function.__name__] = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(function)
    return function


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
    known = asked.powers.world.users
    user_id = next(number for number in asked.powers.user_ids if number not in known) if id is None else id
    if user_id <= 0:
        raise ControlError("a user's id is positive")
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
    """Send a text or files, each of the kind at its place in `kinds`; returns the ids of the messages."""
    attachments = [
        Attachment(kind=kind, data=upload.data, name=upload.name, mime=mime or upload.mime)
        for upload, kind in zip(asked.files, kinds, strict=True)
    ]
    place = asked.place(user, chat)
    sent = await asked.powers.people.send(place, text=text, captions=captions, attachments=attachments, manner=manner)
    return [message.id for message in sent]


@act
async def share(asked: Asked, user: int, chat: int, kind: str) -> int:
    """Send what has no file, or cause a service message; returns its id."""
    return asked.powers.people.share(asked.place(user, chat), kind).id


@act
async def flood(asked: Asked, user: int, chat: int, count: int, text: str, *, forwarded: bool = False) -> list[int]:
    """Send many texts at once; each says its number where the text says `{number}`."""
    place, manner = asked.place(user, chat), Manner(forwarded=forwarded)
    texts = (text.replace("{number}", str(number)) for number in range(1, count + 1))
    return [message.id for each in texts for message in await asked.powers.people.send(place, text=each, manner=manner)]


@act
async def press(asked: Asked, user: int, chat: int, message: int, data: str, *, inaccessible: bool = False) -> None:
    """Press a button, whether or not it is there: Telegram's servers do not look."""
    asked.powers.people.press(asked.place(user, chat), message, data, unchecked=True, inaccessible=inaccessible)


@act
async def pay(asked: Asked, user: int, chat: int, message: int) -> str:
    """Pay an invoice; returns the charge's id."""
    return await asked.powers.cashier.pay(asked.place(user, chat), message)


@act
async def edit(asked: Asked, user: int, chat: int, message: int, text: str) -> None:
    """Change the words of one's own message."""
    asked.powers.people.edit(asked.place(user, chat), message, text)


@act
async def delete(asked: Asked, user: int, chat: int, message: int) -> None:
    """Delete a message for both sides."""
    asked.powers.people.delete(asked.place(user, chat), message)


@act
async def block(asked: Asked, user: int, *, blocked: bool) -> None:
    """Block the bot, or let it write again."""
    asked.powers.people.block(asked.place(user, None), blocked=blocked)


@act
async def look(asked: Asked, user: int, chat: int, after: int | None = None, wait: float = 0.0) -> dict[str, Any]:
    """Return a chat; if it is at version `after` still, wait for something new for that many seconds."""
    conversation = asked.conversation(chat)
    await _news(conversation.pulse, after, wait)
    return chat_snapshot(conversation, user_id=user)


@act
async def group(
    asked: Asked, title: str, members: tuple[int, ...], kind: ChatKind = ChatKind.SUPERGROUP, *, bot_admin: bool = False
) -> int:
    """Make a group of people and the bot; returns its id."""
    if kind not in (ChatKind.GROUP, ChatKind.SUPERGROUP):
        raise ControlError("a group is a group or a supergroup")
    made = asked.bot.found_group(title, [asked.powers.world.user(user_id).id for user_id in members], kind=kind)
    made.standing = Standing.ADMINISTRATOR if bot_admin else Standing.MEMBER
    return made.chat.id


@act
async def migrate(asked: Asked, chat: int) -> int:
    """Turn a basic group into a supergroup; returns its id."""
    return asked.powers.groups.migrate(asked.bot, asked.conversation(chat)).chat.id


@act
async def change_rights(
    asked: Asked,
    chat: int,
    standing: Standing | None = None,
    forbidden: tuple[str, ...] | None = None,
    *,
    topic_closed: bool = False,
) -> None:
    """Change what the bot is, or may do, in a group; what is not named stays as it is."""
    conversation = asked.conversation(chat)
    if standing is not None:
        asked.powers.groups.stand(asked.bot, conversation, standing)
    if forbidden is not None:
        asked.powers.groups.forbid(asked.bot, conversation, forbidden)
    conversation.topic_closed = conversation.topic_closed or topic_closed


@act
async def bot(asked: Asked) -> dict[str, Any]:
    """Return a bot as Telegram knows it."""
    known = asked.bot
    return {
        "id": known.me.id,
        "username": known.me.username,
        "online": known.online,
        "polling": known.poll is not None,
        "webhook": known.webhook.url if known.webhook else None,
        "pending": len(known.updates),
    }


@act
async def set_up(asked: Asked, secret: str | None = None, *, reads_all: bool | None = None) -> None:
    """Set a bot up as with BotFather; what is not named stays as it is."""
    asked.bot.secret = secret or asked.bot.secret
    asked.bot.reads_all = asked.bot.reads_all if reads_all is None else reads_all


@act
async def add_update(asked: Asked, update: dict[str, Any]) -> int:
    """Let the bot receive any update; returns its id, which is given here."""
    ((kind, payload),) = update.items()
    return asked.bot.updates.force(kind, payload)


@act
async def calls(
    asked: Asked, method: str = "", since: int = 0, *, own: bool = False, after: int | None = None, wait: float = 0.0
) -> dict[str, Any]:
    """Return the last calls, of one method or of all, above a number; of the named bot only if `own`."""
    log = asked.powers.world.calls
    await _news(log.pulse, after, wait)
    found = [
        call
        for call in log
        if call.number > since
        and method.lower() in ("", call.method.lower())
        and (not own or call.bot_id == asked.bot.me.id)
    ]
    return {"version": log.pulse.count, "calls": found}


@act
async def faults(asked: Asked) -> tuple[Fault, ...]:
    """Return what has not befallen any call yet."""
    return asked.powers.world.faults.armed


@act
async def arm(asked: Asked, fault: Fault) -> None:
    """Let calls fail."""
    asked.powers.world.faults.arm(fault)


@act
async def clear_faults(asked: Asked, chat: int | None = None) -> None:
    """Let no call fail any more, or none of a chat."""
    asked.powers.world.faults.clear(chat_id=chat)


@act
async def limit(asked: Asked, rates: dict[str, float]) -> None:
    """Change the limits, and forgive everything so far."""
    limits = asked.powers.world.limits
    try:
        limits.rates = replace(limits.rates, **rates)  # type: ignore[arg-type]
    except TypeError as error:
        raise ControlError(f"no such limit: {error}") from None


async def _news(pulse: ChangeSignal, after: int | None, wait: float) -> None:
    if after is None:
        return
    try:
        async with asyncio.timeout(min(wait, LONGEST_WAIT)):
            await pulse.after(after)
    except TimeoutError:
        return
