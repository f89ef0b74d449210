"""Commands in private chats, the buttons that do the same, and what people may say who may not use the bot."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command, CommandStart, Filter
from rapidfuzz import process
from rapidfuzz.distance import OSA

from qwenedit_bot.chat.actors import actor_of, own_words
from qwenedit_bot.chat.view import Button, ButtonStyle, View, single
from qwenedit_bot.common.retention import FORGET_ALL, FORGET_NOT
from qwenedit_bot.conversation import account, membership, shop
from qwenedit_bot.conversation.access_filter import OwnButtons
from qwenedit_bot.conversation.command_menu import EVERYBODY, FOR_ADMINS, WITH_A_LIMIT
from qwenedit_bot.conversation.results import is_first_tap
from qwenedit_bot.conversation.turn import on
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.larger import as_cameras_count
from qwenedit_bot.edits.requests import gates
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_bot.users.update_filter import is_public_command

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_bot.texts import Words

OPEN = "open"
"""First part of a button's data; what it opens follows."""
_PRESETS, _HELP, _LANGUAGE = "presets", "help", "language"
ALIKE = 0.7
"""Least similarity of a mistyped command."""
SAID_AGAIN = 5
"""Seconds: equal answers to equal questions that follow each other faster are one."""
MOST_TOLD = 12
"""Unfinished jobs that `/status` tells of one by one: in a message there is room for about twice as many."""


async def start(turn: Turn) -> None:
    """Say how it works."""
    words = turn.words
    language = Button(words(Text.LANGUAGE_BUTTON), f"{OPEN}:{_LANGUAGE}")
    await turn.say(View(words(Text.START), ((_styles(words),), (_tips(words), language))))


async def give_help(turn: Turn) -> None:
    """Say what works well, and the limits."""
    await turn.say(help_view(turn.words, turn.services))


def help_view(words: Words, services: Services) -> View:
    """Say what works well, and the limits."""
    larger = as_cameras_count(services.larger_megapixels)
    return View(words(Text.HELP, length=MAX_INSTRUCTION, larger=larger), single(_styles(words)))


def _styles(words: Words) -> Button:
    return Button(words(Text.STYLES_BUTTON), f"{OPEN}:{_PRESETS}", ButtonStyle.PRIMARY)


def _tips(words: Words) -> Button:
    return Button(words(Text.HELP_BUTTON), f"{OPEN}:{_HELP}")


async def limits(turn: Turn) -> None:
    """Say how many pictures the user has left."""
    quota = await turn.services.quotas.of(turn.user_id)
    said = turn.words(Text.NO_LIMIT) if quota is None else gates.left(turn.words, quota)
    if quota is not None and turn.services.shop.packs:
        said = f"{said}\n\n{turn.words(Text.BUY_HINT)}"
    await turn.say(View(said))


async def status(turn: Turn) -> None:
    """Say where the user's unfinished jobs are, oldest first."""
    services = turn.services
    mine = await services.queue.statuses(await services.queue.unfinished_ids_of(turn.user_id))
    line = await services.queue.positions_of(job.job.id for job in mine)
    asked_for = [job for job in mine if job.job.reply is not None and not job.state.final]  # others are made up
    jobs = sorted(asked_for, key=lambda job: job.enqueued_at)[:MOST_TOLD]
    waits = await services.eta.of(jobs, line)
    backlog = await services.submit.count(turn.user_id)
    places = [(job, line.get(job.job.id)) for job in jobs]
    more = len(asked_for) - len(jobs)
    view = job_views.overview(turn.words, services.presets, places, waits, more=more, backlog=backlog)
    name = blake2b(view.text.encode(errors="replace"), digest_size=8).hexdigest()
    if await services.replies.is_first(turn.chat_id, f"said:{name}", str(turn.shown), seconds=SAID_AGAIN):
        await turn.say(view)


async def unknown(turn: Turn) -> None:
    """Name the command that was meant, or say where they are listed."""
    said = re.split(r"[\s@]", (turn.messages[0].text or "").lower())[0].removeprefix("/")
    known = [] if said in FOR_ADMINS else list(EVERYBODY | WITH_A_LIMIT)  # an admin's are not misspelt
    near = process.extractOne(said, known, scorer=OSA.normalized_similarity, score_cutoff=ALIKE)
    words = turn.words
    text = words(Text.UNKNOWN_COMMAND) if near is None else words(Text.UNKNOWN_COMMAND_NEAR, near=f"/{near[0]}")
    await turn.say(View(text, single(_tips(words))))


async def opened(turn: Turn) -> None:
    """Answer as the command would, below the message that has the button."""
    if turn.press is not None and await is_first_tap(turn):
        name = (turn.press.data or "").partition(":")[2]
        if name == _PRESETS:
            view = preset_views.browse(turn.words, turn.services.presets)
        elif name == _LANGUAGE:
            view = account.languages(turn.words, turn.services.texts)
        else:
            view = help_view(turn.words, turn.services)
        await turn.say(view, to=turn.to(turn.shown, turn.press.id))
    await turn.toast()


class _Public(Filter):
    """Lets one of everybody's commands pass: the exact words, in the sender's own message."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, message: Message, bot: Bot) -> bool:
        text = message.text or ""
        if not text.lower().startswith(f"/{self._name}") or not own_words(message) or actor_of(message) is None:
            return False
        me = await bot.me()
        return is_public_command(text, me.username or "", private=message.chat.type == "private")


def make_public_router(services: Services) -> Router:
    """Make the router of payments, /privacy, /forget and /paysupport: it goes before the access check."""
    router = Router(name="everybody's")
    router.message.register(on(account.tell_privacy), _Public("privacy"))
    router.message.register(on(account.ask_to_forget), _Public("forget"))
    router.message.register(on(shop.support), _Public("paysupport"))
    router.callback_query.middleware(OwnButtons(services))
    router.callback_query.register(
        on(account.confirm), F.data.in_({FORGET_ALL, FORGET_NOT}), F.message.chat.type == "private"
    )
    router.include_routers(shop.make_message_router(), membership.make_router())
    return router


def make_router() -> Router:
    """Make the router of the commands; those of everybody are handled before."""
    router = Router(name="own commands")
    router.message.filter(F.text, own_words)
    router.message.register(on(start), CommandStart(ignore_case=True))
    handlers = {
        "help": give_help, "limits": limits, "privacy": account.tell_privacy, "forget": account.ask_to_forget,
        "buy": shop.offer, "paysupport": shop.support, "status": status, "language": account.offer_languages,
    }  # fmt: skip
    for name, handler in handlers.items():
        router.message.register(on(handler), Command(name, ignore_case=True))
    return router


def make_press_router() -> Router:
    """Make the router of the buttons that do what commands do, so that nobody must know commands."""
    router = Router(name="menu")
    router.callback_query.register(on(opened), F.data.startswith(f"{OPEN}:"), F.message.chat.type == "private")
    return router


def make_unknown_router() -> Router:
    """Make the router of every other text that begins with a slash; behind the one of groups stands an instruction."""
    router = Router(name="other commands")
    router.message.register(on(unknown), F.text.startswith("/"), ~F.text.regexp(r"(?i)/edit\b"))
    return router
