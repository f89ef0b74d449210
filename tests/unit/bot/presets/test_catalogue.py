from __future__ import annotations

import re
from collections import Counter

import pytest

from qwenedit_bot.presets import catalogue as presets
from qwenedit_bot.presets import preset_views
from qwenedit_bot.presets.catalogue import PresetsError
from qwenedit_bot.texts import LANGUAGES, Words

GOOD = """\
categories:
  - id: seasons
    name: {en: Seasons, ru: Сезоны}
    presets:
      - id: snow
        name: {en: Snow, ru: Снег}
        example: {en: It snows., ru: Идёт снег.}
        prompt: Make it snow.
      - id: try-on
        name: {en: Try on, ru: Примерить}
        example: {en: You in it., ru: Вы в этом.}
        prompt: Dress image 1 in image 2.
        photos: 2
        asks:
          - {en: the person, ru: человек}
          - {en: the garment, ru: одежда}
        workflow: qwen-image-edit-2511
        parameters: {steps: 8}
"""


def refusal(text: str) -> str:
    with pytest.raises(PresetsError) as refused:
        presets.parse_catalogue(text)
    return str(refused.value)


def test_file_is_read() -> None:
    catalogue = presets.parse_catalogue(GOOD)
    assert [preset.id for preset in catalogue.presets] == ["snow", "try-on"]
    found = catalogue.preset("try-on")
    assert found is not None
    assert (found.photos, found.workflow, found.parameters) == (2, "qwen-image-edit-2511", {"steps": 8})
    assert catalogue.category_of("snow") == catalogue.category("seasons")
    assert catalogue.preset("gone") is None
    assert catalogue.category("gone") is None


SHIPPED = presets.parse_catalogue(presets.shipped())
ALL_SHIPPED = [preset for category in SHIPPED.categories for preset in category.presets]
BORN_LATER = re.compile(r"\b(Picasso|Dal[ií]|Warhol|Kahlo|Banksy|Miyazaki|Ghibli|Disney|Pixar|Marvel|LEGO|Lego)\b")
"""Artists whose works are protected, and trademarks."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_names_are_different_and_fit_half_a_row(language: str) -> None:
    labels = [each.name[language] for each in SHIPPED.categories] + [each.name[language] for each in ALL_SHIPPED]
    assert [label for label in labels if len(label) > 22] == []
    names = Counter(each.name[language].partition(" ")[2].casefold() for each in ALL_SHIPPED)
    assert [name for name, count in names.items() if count > 1 or not name] == []


def test_shipped_presets_say_in_each_language_what_comes_out() -> None:
    assert [each.id for each in ALL_SHIPPED if set(each.example) != set(LANGUAGES)] == []


def test_shipped_prompts_name_no_artist_whose_works_are_protected() -> None:
    assert [each.id for each in ALL_SHIPPED if BORN_LATER.search(each.prompt)] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("        prompt: Make it snow.\n", ""), "categories.seasons.presets.snow.prompt: Field required"),
        (("Make it snow.", "''"), "categories.seasons.presets.snow.prompt: String should have at least 1 character"),
        (("{en: Snow, ru: Снег}", "{ru: Снег}"), "categories.seasons.presets.snow.name: it needs a text in en"),
        ((": Снег}", ": Снег, de: Schnee}"), "categories.seasons.presets.snow.name: it needs a text in en"),
        (("photos: 2", "photos: 4"), "presets.try-on.photos: Input should be less than or equal to 3"),
        (("photos: 2", "photos: 3"), "presets.try-on: asks must say what each of the 3 photos shows"),
        (("photos: 2", "photo: 2"), "presets.try-on.photo: Extra inputs are not permitted"),
        (("id: snow", "id: Snow White"), "presets.Snow White.id: String should match pattern"),
        (("id: try-on", "id: snow"), "the file: the id snow is there twice"),
        (("{steps: 8}", "{steps: yes}"), "presets.try-on.parameters.steps"),
        (("    presets:", "   presets:"), "line 4"),
        (("{en: Seasons", "{en: {a: b}"), "categories.seasons.name.en: Input should be a valid string"),
    ],
)
def test_broken_file_is_refused_with_preset_and_field(change: tuple[str, str], said: str) -> None:
    assert change[0] in GOOD
    assert said in refusal(GOOD.replace(*change, 1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_category_and_each_preset_of_the_shipped_file_has_its_button(language: str) -> None:
    words, catalogue = Words(language), presets.parse_catalogue(presets.shipped())
    [[opens]] = preset_views.question(words).buttons
    assert opens.data == preset_views.CATEGORIES
    menu = preset_views.browse(words, catalogue)
    assert [button.data for row in menu.buttons for button in row] == [
        f"category:{category.id}" for category in catalogue.categories
    ]
    for category in catalogue.categories:
        shown = preset_views.category(words, category)
        assert {f"preset:{preset.id}" for preset in category.presets} <= {b.data for row in shown.buttons for b in row}
        assert all(len(button.data.encode()) <= 64 for row in shown.buttons for button in row)
        assert all(len(row) <= 2 for row in shown.buttons)


def test_preset_says_what_comes_out_and_which_photo_is_next() -> None:
    catalogue = presets.parse_catalogue(GOOD)
    try_on = catalogue.preset("try-on")
    assert try_on is not None
    asked = preset_views.ask_photo(Words("en"), try_on, 2, catalogue.category_of("try-on"))
    assert asked.text == "Try on\nYou in it.\n\nNow send photo 2 of 2: the garment."
    assert [button.data for row in asked.buttons for button in row] == ["category:seasons"]
