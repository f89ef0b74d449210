"""How presets look in a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, Buttons, View, single
from qwenedit_bot.presets.catalogue import text_in
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_bot.presets.catalogue import Catalogue, Category, Preset
    from qwenedit_bot.presets.search import Found
    from qwenedit_bot.texts import Words

CATEGORIES = "presets"
"""Data of the button that leads back to all categories."""
CATEGORY = "category"
"""First part of a category's button; its id follows."""
PRESET = "preset"
"""First part of a preset's button; its id follows."""
SHOWN_OF_QUERY = 40
"""Characters of a query that are quoted."""
MOST_FOUND = 20
"""Presets that a search shows: ten rows of two, which a phone shows without scrolling."""
NARROW = 22
"""Characters of a label that fit half a phone's width."""


def question(words: Words, asked: Text = Text.ASK_INSTRUCTION, *, photos: int = 1) -> View:
    """Ask what to do with a photo, or with several; one button opens the presets in the question's place."""
    text = words(asked) if photos == 1 else words(Text.ASK_INSTRUCTION_ALBUM, count=photos)
    return View(text, single(Button(words(Text.STYLES_BUTTON), CATEGORIES)))


def browse(words: Words, catalogue: Catalogue) -> View:
    """Show all categories."""
    return View(words(Text.PRESETS), _categories(words, catalogue))


def found(words: Words, catalogue: Catalogue, query: str, what: Found) -> View:
    """Show what a query finds: categories, then the first presets; all categories where it finds none."""
    said = " ".join(query.split())
    said = said if len(said) <= SHOWN_OF_QUERY else f"{said[: SHOWN_OF_QUERY - 1].rstrip()}…"
    if not what:
        return View(words(Text.FOUND_NOTHING, query=said), _categories(words, catalogue))
    categories = _grid([_category_button(words, each) for each in what.categories])
    shown = what.presets[:MOST_FOUND]
    rows = _grid([_preset_button(words, each) for each in shown])
    turn = (Button(words(Text.BACK_BUTTON), CATEGORIES),)
    text = words(Text.FOUND, query=said, count=len(what.presets), shown=len(shown), more=len(what.presets) - len(shown))
    return View(text, (*categories, *rows, turn))


def category(words: Words, shown: Category) -> View:
    """Show a category's presets."""
    rows = _grid([_preset_button(words, preset) for preset in shown.presets])
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


def taken(words: Words, preset: Preset, count: int) -> View:
    """Say for how many photos a preset was taken, in place of the question."""
    return View(words(Text.PRESET_TAKEN, name=text_in(preset.name, words.language), count=count))


def _categories(words: Words, catalogue: Catalogue) -> Buttons:
    return _grid([_category_button(words, each) for each in catalogue.categories])


def _category_button(words: Words, shown: Category) -> Button:
    return Button(text_in(shown.name, words.language), f"{CATEGORY}:{shown.id}")


def _preset_button(words: Words, preset: Preset) -> Button:
    return Button(text_in(preset.name, words.language), f"{PRESET}:{preset.id}")


def _grid(buttons: Sequence[Button]) -> Buttons:
    columns = 2 if all(len(button.label) <= NARROW for button in buttons) else 1
    return tuple(tuple(buttons[start : start + columns]) for start in range(0, len(buttons), columns))
