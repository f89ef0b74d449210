"""Commands in private chats, and the buttons that do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, ButtonStyle, View, single
from qwenedit_bot.conversation import reading, screen
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_bot.texts import Words

OPEN = "open"
"""First part of a button's data; its command follows."""


async def start(turn: Turn) -> None:
    """Answer `/start`: explain how it works."""
    words = turn.words
    language = Button(words(Text.LANGUAGE_BUTTON), f"{OPEN}:language")
    await turn.say(View(words(Text.START), ((_styles(words),), (_tips(words), language))))


async def give_help(turn: Turn) -> None:
    """Answer `/help`: what works well, and the limits."""
    text = turn.words(Text.HELP, length=MAX_INSTRUCTION, larger=round(turn.services.larger_megapixels))
    if turn.services.shop.packs:
        text = f"{text}\n\n{turn.words(Text.BUY_HINT)}"
    await turn.say(View(text, single(_styles(turn.words))))


def _styles(words: Words) -> Button:
    return Button(words(Text.STYLES_BUTTON), f"{OPEN}:presets", ButtonStyle.PRIMARY)


def _tips(words: Words) -> Button:
    return Button(words(Text.HELP_BUTTON), f"{OPEN}:help")


async def offer_presets(turn: Turn) -> None:
    """Offer the presets: for the picture that the command replies to, or that has the button."""
    answered = reading.answered_by(turn.messages[0]) if turn.messages else None
    to = None
    if answered is not None and screen.attachment_of(answered) is not None:
        to = turn.to(answered.message_id, f"presets:{turn.shown}")
    await turn.say(preset_views.browse(turn.words, turn.services.presets), to=to)


async def status(turn: Turn) -> None:
    """List the user's unfinished jobs, oldest first, and say how many are left."""
    services = turn.services
    mine = await services.queue.statuses(await services.queue.unfinished_ids_of(turn.user_id))
    line = await services.queue.positions_of(job.job.id for job in mine)
    asked_for = [job for job in mine if job.job.reply is not None and not job.state.final]  # others are made up
    jobs = sorted(asked_for, key=lambda job: job.enqueued_at)[:12]  # a message has room for about twice as many
    waits = await services.eta.of(jobs, dict.fromkeys((job.job.id for job in jobs), 0) | line)
    backlog = len(await services.backlog.waiting(turn.user_id)) + len(asked_for) - len(jobs)
    places = [(job, line.get(job.job.id)) for job in jobs]
    view = job_views.overview(turn.words, services.presets, places, waits, backlog=backlog)
    quota = None if turn.in_group else await services.quotas.of(turn.user_id)
    if quota is not None:
        view = View(f"{view.text}\n\n{job_views.quota_left(turn.words, quota)}")
    await turn.say_once(view, heard=(turn.messages[0].text or "") if turn.messages else "")


async def unknown(turn: Turn) -> None:
    """Point to the list of commands."""
    await turn.say(View(turn.words(Text.UNKNOWN_COMMAND), single(_tips(turn.words))))
