"""What tests and the page do to the simulated Telegram, and what they see of it: a function for each, called by name.

Those of people and of groups are in modules of their own. Those that are about a person take `user`, and `chat` unless
the private one is meant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, validate_call

from telegram_simulator.common.errors import ControlError
from telegram_simulator.world.faults import Fault  # noqa: TC001 - pydantic reads it at run time

if TYPE_CHECKING:
    from telegram_simulator.bot_api.request_body import Upload
    from telegram_simulator.common.change_signal import ChangeSignal
    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.chats import Conversation
    from telegram_simulator.world.world import Place, World

Act = Callable[..., Awaitable[Any]]

LONGEST_WAIT = 30.0
"""Seconds that a question for something new is held."""

ACTS: dict[str, Act] = {}


class Asked:
    """One request: to which bot it refers, and the files that came with it."""

    def __init__(self, world: World, bot: Bot, files: list[Upload]) -> None:
        self.world = world
        self.bot = bot
        self.files = files

    def place(self, user: int, chat: int | None) -> Place:
        """Return a person in a chat."""
        return self.world.place(self.bot, user, chat)

    def conversation(self, chat: int) -> Conversation:
        """Return a chat of the bot."""
        return self.world.conversation(self.bot, chat)


def act(function: Act) -> Act:
    """Let clients call a function by its name, with arguments of its types."""
    ACTS[function.__name__] = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(function)
    return function


@act
async def bot(asked: Asked) -> dict[str, Any]:
    """Return a bot as Telegram knows it."""
    known = asked.bot
    return {
        "id": known.me.id,
        "username": known.me.username,
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
    log = asked.world.calls
    await news(log.pulse, after, wait)
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
    return asked.world.faults.armed


@act
async def arm(asked: Asked, fault: Fault) -> None:
    """Let calls fail."""
    asked.world.faults.arm(fault)


@act
async def clear_faults(asked: Asked, chat: int | None = None) -> None:
    """Let no call fail any more, or none of a chat."""
    asked.world.faults.clear(chat_id=chat)


@act
async def limit(asked: Asked, rates: dict[str, float]) -> None:
    """Change the limits, and forgive everything so far."""
    limits = asked.world.limits
    try:
        limits.rates = replace(limits.rates, **rates)  # type: ignore[arg-type]
    except TypeError as error:
        raise ControlError(f"no such limit: {error}") from None


async def news(pulse: ChangeSignal, after: int | None, wait: float) -> None:
    """Wait until there were more changes than `after`, but no longer than `wait` seconds."""
    if after is None:
        return
    try:
        async with asyncio.timeout(min(wait, LONGEST_WAIT)):
            await pulse.after(after)
    except TimeoutError:
        return
