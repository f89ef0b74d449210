"""The walk-through shows pictures that are there, every one in both languages, and none is too large."""

from __future__ import annotations

import re

import pytest

from tests.walk.gallery import DOCUMENT, LANGUAGES, LARGEST, MOST, PICTURES
from tests.walk.scenes import SCENES

SHOWN = re.findall(r'"pictures/walk/(\w+)/([\w-]+)\.webp"', DOCUMENT.read_text(encoding="utf-8"))


def test_every_picture_is_shown_and_every_shown_one_is_there() -> None:
    assert {(path.parent.name, path.stem) for path in PICTURES.glob("*/*")} == set(SHOWN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_is_there_in_every_language(language: str) -> None:
    assert {name for code, name in SHOWN if code == language} == {name for _, name in SHOWN}


def test_every_scene_has_its_chapter() -> None:
    assert re.findall(r"^## (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE) == [
        scene.title for scene in SCENES
    ]


def test_pictures_are_small() -> None:
    sizes = [path.stat().st_size for path in PICTURES.glob("*/*")]
    assert max(sizes) <= LARGEST
    assert sum(sizes) <= MOST
