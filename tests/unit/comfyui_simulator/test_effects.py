from __future__ import annotations

import random

import pytest
from PIL import Image, ImageChops

from comfyui_simulator.nodes import effects, watermark


def names(text):
    return [effect.__name__.strip("_") for effect in effects.chosen_effects(text)]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("Make it SNOW", ["snow"]),
        ("сделай зиму", ["snow"]),
        ("snow at night", ["night", "snow"]),
        ("чёрно-белое фото", ["grey"]),
        ("чернобелое", ["grey"]),
        ("a black and white sketch", ["grey", "sketch"]),
        ("make him smile", ["turn_hue"]),
        ("infrared", ["turn_hue"]),
        ("paint the wall red", ["effect"]),
    ],
)
def test_words_choose_the_effects(text, chosen):
    assert names(text) == chosen


@pytest.mark.parametrize(("pattern", "effect"), effects.EFFECTS)
def test_every_effect_keeps_size_and_mode_and_is_visible(pattern, effect):
    picture = Image.radial_gradient("L").resize((96, 64)).convert("RGB")
    picture.paste((200, 80, 40), (10, 10, 40, 40))
    changed = effect(picture, random.Random(1))  # noqa: S311  # a look, not a secret
    assert (changed.size, changed.mode) == (picture.size, "RGB")
    assert ImageChops.difference(changed, picture).getbbox() is not None


def test_same_seed_gives_the_same_picture():
    picture = Image.new("RGB", (64, 64), (90, 120, 150))
    one, again = (effects.edit(picture, (), text="snow", seed=3) for _ in range(2))
    other = effects.edit(picture, (), text="snow", seed=4)
    assert one.tobytes() == again.tobytes() != other.tobytes()


def test_edit_leaves_its_input_alone():
    picture = Image.new("RGB", (64, 64), (90, 120, 150))
    effects.edit(picture, (picture,), text="mirror", seed=1)
    assert picture.getcolors() == [(64 * 64, (90, 120, 150))]


@pytest.mark.parametrize("size", [(16, 16), (40, 900), (2000, 100)])
def test_ribbon_fits_pictures_of_any_shape(size):
    marked = watermark.with_watermark(Image.new("RGB", size, "white"), "an instruction of quite a few words, 🎉 too")
    assert marked.size == size
    assert marked.getpixel((size[0] - 1, size[1] - 1)) != (255, 255, 255)
