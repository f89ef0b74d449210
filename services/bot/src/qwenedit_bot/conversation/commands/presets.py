"""The menu of ready-made edits: its categories, and the choice of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.conversation import screen
from qwenedit_bot.conversation.actions import take
from qwenedit_bot.conversation.rules.events import Chosen, Thing
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_bot.understanding.reader import Stage

if TYPE_CHECKING:
    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.rules.events import Event
    from qwenedit_bot.conversation.turn import Turn


async def categories(turn: Turn) -> None:
    """Show all categories."""
    await _browse(turn)
    await turn.show(preset_views.browse(turn.words, turn.services.presets))


async def category(turn: Turn) -> None:
    """Show the presets of a category."""
    found = turn.services.presets.category(turn.data)
    if found is None:
        await _say_gone(turn)
        return
    await _browse(turn)
    await turn.show(preset_views.category(turn.words, found))


async def _browse(turn: Turn) -> None:
    await take(turn, Chosen(id=turn.name, message_id=turn.shown, at=0, preset="", takes=0))


async def choose(turn: Turn) -> None:
    """Choose a preset for the picture that its menu is about, or for the last one on the screen."""
    preset, about = turn.services.presets.preset(turn.data), turn.about
    if preset is None:
        await _say_gone(turn)
        return

    async def read(draft: Draft) -> Event:
        thing = None
        if about is not None and about.message_id in {each.message_id for each in draft.pictures}:
            thing = Thing(Stage.PHOTO, draft.pictures)  # and not one photo of an album
        elif about is not None:
            thing = await screen.replied_thing(turn, draft, about)
        if thing is None and not turn.in_group:
            thing = next(iter(await screen.things_above(turn, draft)), None)
        return Chosen(id=turn.name, at=0, preset=preset.id, takes=preset.photos, about=thing, message_id=turn.shown)

    await take(turn, read)


async def _say_gone(turn: Turn) -> None:
    await turn.alert(Text.PRESS_PRESET_GONE)
    await turn.show(preset_views.browse(turn.words, turn.services.presets))
