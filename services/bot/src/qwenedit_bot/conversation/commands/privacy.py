"""Handlers of users' own data: `/privacy` and `/forget`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, ButtonStyle, View
from qwenedit_bot.common.personal_data import FORGET_ALL, FORGET_NOT, PersonalData
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_bot.texts import Words

UNITS = {"years": 365 * 86_400, "days": 86_400, "hours": 3600}


@dataclass(frozen=True, slots=True)
class Retention:
    """The personal data that this installation stores, for `/privacy`."""

    personal_data: tuple[PersonalData, ...]
    """As declared by each feature."""
    counted: bool = False
    """Whether users have a daily quota."""
    checked: bool = False
    """Whether a moderation hook sees photos, instructions and results."""
    selling: bool = False
    """Whether users may buy jobs."""
    understood: bool = False
    """Whether a language model reads users' words."""


def notice(words: Words, retention: Retention) -> View:
    """Return the text of `/privacy`."""
    times = {
        data.told: period(words, data.seconds)
        for data in retention.personal_data
        if data.told and data.seconds is not None
    }
    also = (
        (Text.PRIVACY_COUNTED, retention.counted),
        (Text.PRIVACY_CHECKED, retention.checked),
        (Text.PRIVACY_UNDERSTOOD, retention.understood),
        (Text.PRIVACY_PAID, retention.selling),
    )
    more = [words(text, **times) for text, holds in also if holds]
    told = (words(Text.PRIVACY_SHORT), "", words(Text.PRIVACY, **times), *more, "", words(Text.PRIVACY_PROMISE))
    return View("\n".join(told))


def period(words: Words, seconds: int) -> str:
    """Format a duration in the largest exact unit, one day as hours; minutes are rounded up."""
    minutes = -(-seconds // 60)
    for unit, length in UNITS.items():
        count, rest = divmod(minutes * 60, length)
        if rest == 0 and count > (unit == "days"):
            return words(Text.PERIOD, unit=unit, count=count)
    return words(Text.PERIOD, unit="minutes", count=minutes)


async def tell_privacy(turn: Turn) -> None:
    """Answer `/privacy`."""
    await turn.say(notice(turn.words, turn.services.retention))


async def ask_to_forget(turn: Turn) -> None:
    """Say what would be deleted and what stays, and ask for confirmation."""
    words, retention = turn.words, turn.services.retention
    forget = Button(words(Text.FORGET_BUTTON), FORGET_ALL, ButtonStyle.DANGER)
    keep = Button(words(Text.FORGET_NOT_BUTTON), FORGET_NOT)
    also = ((Text.FORGET_COUNTED, retention.counted), (Text.FORGET_PAID, retention.selling))
    stays = " ".join(words(text) for text, holds in also if holds)
    await turn.say(View("\n\n".join(filter(None, (words(Text.FORGET), stays))), ((forget, keep),)))


async def confirm(turn: Turn) -> None:
    """Handle the answer to `/forget`: erase the user's data, or don't. Idempotent."""
    press, erasure, said = turn.press, turn.services.user_erasure, Text.FORGET_NOT
    if press is not None and press.data == FORGET_ALL:
        await erasure.check_rate(turn.user_id, press.id)
        await erasure.forget(turn.user_id)
        said = Text.FORGOTTEN
    await turn.show(View(turn.words(said)))
