"""Commands in private chats."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command, CommandStart
from rapidfuzz import process
from rapidfuzz.distance import OSA

from qwenedit_bot.chat.actors import actor_of, own_words
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation import menu_buttons
from qwenedit_bot.conversation.account import language_menu, privacy_commands, shop
from qwenedit_bot.conversation.command_menu import EVERYBODY, FOR_ADMINS, WITH_A_LIMIT, WITH_A_SHOP
from qwenedit_bot.conversation.turn import source_of
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.requests import gates
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words

OFFERED = EVERYBODY | WITH_A_LIMIT | WITH_A_SHOP
ALIKE = 0.7
"""Least similarity of a mistyped command."""
SAID_AGAIN = 5
"""Seconds: equal answers to equal questions that follow each other faster are one."""
MOST_TOLD = 12
"""Unfinished jobs that `/status` tells of one by one: in a message there is room for about twice as many."""


async def start(message: Message, words: Words, services: Services) -> None:
    """Say how it works."""
    await services.replies.say(source_of(message), menu_buttons.start_view(words))


async def give_help(message: Message, words: Words, services: Services) -> None:
    """Say what works well, and the limits."""
    await services.replies.say(source_of(message), menu_buttons.help_view(words, services))


async def limits(message: Message, words: Words, services: Services) -> None:
    """Say how many pictures the user has left."""
    quota = await services.quotas.of(actor_of(message) or message.chat.id)
    said = words(Text.NO_LIMIT) if quota is None else gates.left(words, quota)
    if quota is not None and services.shop.packs:
        said = f"{said}\n\n{words(Text.BUY_HINT)}"
    await services.replies.say(source_of(message), View(said))


async def status(message: Message, words: Words, services: Services) -> None:
    """Say where the user's unfinished jobs are, oldest first."""
    actor = actor_of(message)
    if actor is None:
        return
    mine = await services.queue.statuses(await services.queue.unfinished_ids_of(actor))
    line = await services.queue.positions_of(job.job.id for job in mine)
    asked_for = [job for job in mine if job.job.reply is not None and not job.state.final]  # others are made up
    jobs = sorted(asked_for, key=lambda job: job.enqueued_at)[:MOST_TOLD]
    waits = await services.eta.of(jobs, line)
    backlog = await services.submit.count(actor)
    places = [(job, line.get(job.job.id)) for job in jobs]
    view = job_views.overview(words, services.presets, places, waits, more=len(asked_for) - len(jobs), backlog=backlog)
    name = blake2b(view.text.encode(errors="replace"), digest_size=8).hexdigest()
    first = services.replies.is_first(message.chat.id, f"said:{name}", str(message.message_id), seconds=SAID_AGAIN)
    if await first:
        await services.replies.say(source_of(message), view)


async def unknown(message: Message, words: Words, services: Services) -> None:
    """Name the command that was meant, or say where they are listed."""
    said = re.split(r"[\s@]", (message.text or "").lower())[0].removeprefix("/")
    known = [] if said in FOR_ADMINS else list(OFFERED)  # which are unknown to others, and not misspelt
    near = process.extractOne(said, known, scorer=OSA.normalized_similarity, score_cutoff=ALIKE)
    text = words(Text.UNKNOWN_COMMAND) if near is None else words(Text.UNKNOWN_COMMAND_NEAR, near=f"/{near[0]}")
    await services.replies.say(source_of(message), View(text, menu_buttons.to_help(words)))


def make_router() -> Router:
    """Make the router of the commands."""
    router = Router(name="own commands")
    router.message.filter(F.text, own_words)
    router.message.register(start, CommandStart(ignore_case=True))
    router.message.register(give_help, Command("help", ignore_case=True))
    router.message.register(limits, Command("limits", ignore_case=True))
    router.message.register(privacy_commands.tell, Command("privacy", ignore_case=True))
    router.message.register(privacy_commands.ask, Command("forget", ignore_case=True))
    router.message.register(shop.offer, Command("buy", ignore_case=True))
    router.message.register(shop.support, Command("paysupport", ignore_case=True))
    router.message.register(status, Command("status", ignore_case=True))
    router.message.register(language_menu.offer, Command("language", ignore_case=True))
    return router


def make_unknown_router() -> Router:
    """Make the router of every other text that begins with a slash; behind the one of groups stands an instruction."""
    router = Router(name="other commands")
    router.message.register(unknown, F.text.startswith("/"), ~F.text.regexp(r"(?i)/edit\b"))
    return router
