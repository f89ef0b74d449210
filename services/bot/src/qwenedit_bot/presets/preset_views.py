"""How presets look in a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, Buttons, View, single
from qwenedit_bot.presets.catalogue import text_in
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_bot.presets.catalogue import Catalogue, Category, Preset
    from qwenedit_bot.texts import Words

CATEGORIES = "presets"
"""Data of the button that leads back to all categories."""
CATEGORY, PRESET = "category", "preset"
"""First parts of the data of their buttons; the id follows."""


def question(words: Words, prompt: Text = Text.ASK_INSTRUCTION, *, photos: int = 1) -> View:
    """Ask what to do with a photo, or with several; one button opens the presets in the question's place."""
    text = words(prompt) if photos == 1 else words(Text.ASK_INSTRUCTION_ALBUM, count=photos)
    return View(text, single(Button(words(Text.STYLES_BUTTON), CATEGORIES)))


def browse(words: Words, catalogue: Catalogue) -> View:
    """Show all categories."""
    buttons = [Button(text_in(each.name, words.language), f"{CATEGORY}:{each.id}") for each in catalogue.categories]
    return View(words(Text.PRESETS), _grid(buttons))


def category(words: Words, shown: Category) -> View:
    """Show a category's presets."""
    rows = _grid([Button(text_in(each.name, words.language), f"{PRESET}:{each.id}") for each in shown.presets])
    return View(text_in(shown.name, words.language), (*rows, (Button(words(Text.BACK_BUTTON), CATEGORIES),)))


def ask_photo(words: Words, preset: Preset, number: int, back_to: Category | None, *, in_group: bool = False) -> View:
    """Ask for one of a preset's photos, by its number from 1; in a group it is to come as a reply."""
    text = words(
        Text.PRESET_PHOTO,
        name=text_in(preset.name, words.language),
        example=text_in(preset.example, words.language),
        number=number,
        count=preset.photos,
        what=text_in(preset.asks[number - 1], words.language) if preset.asks else "",
    )
    if in_group:
        text = f"{text} {words(Text.PRESET_PHOTO_IN_GROUP)}"
    back = f"{CATEGORY}:{back_to.id}" if back_to is not None else CATEGORIES
    return View(text, ((Button(words(Text.BACK_BUTTON), back),),))


def _grid(buttons: Sequence[Button]) -> Buttons:
    columns = 2 if all(len(button.label) <= 22 for button in buttons) else 1  # which fit half a phone's width
    return tuple(tuple(buttons[start : start + columns]) for start in range(0, len(buttons), columns))
