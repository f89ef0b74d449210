"""What a user is offered first: one button that opens the presets, or all their categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.chat.view import View
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words


def question(
    _chat_id: int, words: Words, _services: Services, *, photos: int = 1, asked: Text = Text.ASK_INSTRUCTION
) -> View:
    """Ask what to do with a photo, or with several."""
    return preset_views.question(words, asked, photos=photos)


def browse(_chat_id: int, words: Words, services: Services) -> View:
    """Offer presets."""
    return preset_views.browse(words, services.presets)
