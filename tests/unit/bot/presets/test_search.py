from __future__ import annotations

import pytest

from qwenedit_bot.presets import catalogue as presets
from qwenedit_bot.presets import preset_views
from qwenedit_bot.presets.search import PresetSearch
from qwenedit_bot.texts import Words

SHIPPED = presets.read(presets.shipped())
SEARCH = PresetSearch(SHIPPED)


@pytest.mark.parametrize(
    ("query", "category", "preset"),
    [
        ("beard", "beards", "short-beard"), ("Борода", "beards", "short-beard"), ("бороду", "beards", "short-beard"),
        ("mustache", "beards", "thick-moustache"), ("Айвазовский", None, "aivazovsky"), ("zzzz", None, None),
        ("black hair", None, "jet-black"), ("halowen", None, "vampire"), ("зима", None, "snow"),
        ("черные волосы", None, "jet-black"),
        ("beards", "beards", "short-beard"),
        ("make it snow", None, "snow"), ("hair", "hair-women", "haircut-short"), ("35", None, "film-35mm"),
        ("🙂 !", None, None), ("", None, None), ("x" * 5000, None, None), ("\U0001f9d4 beard", "beards", "short-beard"),
    ],
)  # fmt: skip
def test_search_finds_by_a_word_of_any_language(query: str, category: str | None, preset: str | None) -> None:
    found = SEARCH.find(query)
    assert (found.categories[0].id if found.categories else None) == category
    assert (found.presets[0].id if found.presets else None) == preset


@pytest.mark.parametrize("language", ["en", "ru"])
def test_search_finds_each_preset_by_its_name(language: str) -> None:
    every = [preset for category in SHIPPED.categories for preset in category.presets]
    lost = [each.id for each in every if each not in SEARCH.find(each.name[language]).presets]
    assert lost == []


def test_search_for_a_beard_finds_no_bear() -> None:
    assert "plush" not in [preset.id for preset in SEARCH.find("beard").presets]


def test_found_presets_are_one_page_with_a_way_on() -> None:
    view = preset_views.found(Words("en"), SHIPPED, "hair", SEARCH.find("hair"))
    *rows, last = view.buttons
    data = [button.data for row in rows for button in row]
    assert data[:3] == ["category:hair-women", "category:hair-men", "category:hair-colours"]
    assert len(data) == 3 + preset_views.MOST_FOUND
    assert [button.data for button in last] == [preset_views.CATEGORIES]
    assert view.text.startswith(f"🔎 “hair”: the first {preset_views.MOST_FOUND} of ")


def test_search_that_finds_nothing_shows_all_categories() -> None:
    view = preset_views.found(Words("en"), SHIPPED, "zz " * 99, SEARCH.find("zz " * 99))
    assert view.text.startswith("I found nothing for “zz zz zz")
    assert len(view.text) < 120
    assert view.buttons == preset_views.browse(Words("en"), SHIPPED).buttons
