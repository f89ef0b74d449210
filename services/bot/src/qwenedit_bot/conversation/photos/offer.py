"""What a user is offered first: all categories, and the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.rate_limit.limits import is_group
from qwenedit_bot.presets import preset_views
from qwenedit_bot.presets.preset_views import Offer
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.chat.view import View
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words


def offer(chat_id: int, services: Services) -> Offer:
    """Return what is offered in a chat; groups have no search."""
    return Offer(services.presets, searchable=not is_group(chat_id))


def question(
    chat_id: int, words: Words, services: Services, *, photos: int = 1, asked: Text = Text.ASK_INSTRUCTION
) -> View:
    """Ask what to do with a photo, or with several."""
    return preset_views.question(words, offer(chat_id, services), asked, photos=photos)


def browse(chat_id: int, words: Words, services: Services) -> View:
    """Offer presets to a user who has sent no photo yet."""
    return preset_views.browse(words, offer(chat_id, services))
