"""What stands in for the model: a visible edit chosen by words of the instruction, and a ribbon that says so.

The words are looked for in English and in Russian. Without a known word the hue turns by an angle that comes from the
seed and the instruction. So a repeated seed repeats the picture, and a new one does not.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from comfyui_simulator.nodes.watermark import with_watermark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Effect = Callable[[Image.Image, random.Random], Image.Image]

EDGE_THRESHOLD = 190
"""Brightness of an inverted edge below which a cartoon draws a line."""
INSET_SHARE = 0.28
"""Width of a second or third picture, as a share of the first one's."""


def edit(picture: Image.Image, others: Sequence[Image.Image], *, text: str, seed: int) -> Image.Image:
    """The picture as "edited": effect, insets of the other pictures, ribbon. The size stays."""
    dice = random.Random(f"{seed} {text}")  # noqa: S311  # a look, not a secret
    for effect in chosen_effects(text):
        picture = effect(picture, dice)
    picture = _with_insets(picture.convert("RGB"), others)
    return with_watermark(picture, text)


def chosen_effects(text: str) -> list[Effect]:
    """The effects whose words the instruction holds, or a turn of the hue."""
    lowered = text.lower()
    chosen = [effect for words, effect in EFFECTS if re.search(words, lowered)]
    return chosen or [_turn_hue]


def _snow(picture: Image.Image, dice: random.Random) -> Image.Image:
    cold = ImageEnhance.Color(_tint(picture, (205, 225, 255), 0.35)).enhance(0.6)
    flakes = Image.new("L", picture.size)
    draw = ImageDraw.Draw(flakes)
    unit = max(picture.size) / 1024
    for _ in range(420):
        x, y, radius = dice.random() * picture.width, dice.random() * picture.height, (1 + dice.random() * 5) * unit
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=dice.randint(150, 255))
    cold.paste(Image.new("RGB", picture.size, "white"), mask=flakes.filter(ImageFilter.GaussianBlur(unit)))
    return cold


def _night(picture: Image.Image, dice: random.Random) -> Image.Image:
    dark = ImageEnhance.Brightness(_tint(picture, (90, 115, 210), 0.5)).enhance(0.75)
    draw = ImageDraw.Draw(dark)
    unit = max(picture.size) / 1024
    for _ in range(60):
        x, y, radius = (
            dice.random() * picture.width,
            dice.random() ** 2 * picture.height / 2,
            (0.7 + dice.random()) * unit,
        )
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 250, 220))
    return dark


def _sunset(picture: Image.Image, _dice: random.Random) -> Image.Image:
    glow = Image.linear_gradient("L").resize(picture.size)
    warm = Image.composite(
        Image.new("RGB", picture.size, (120, 40, 90)), Image.new("RGB", picture.size, (255, 150, 50)), glow
    )
    return Image.blend(picture, ImageChops.soft_light(picture, warm), 0.9)


def _autumn(picture: Image.Image, _dice: random.Random) -> Image.Image:
    return ImageEnhance.Color(_tint(picture, (230, 140, 40), 0.35)).enhance(1.4)


def _grey(picture: Image.Image, _dice: random.Random) -> Image.Image:
    return ImageOps.autocontrast(ImageOps.grayscale(picture), cutoff=1).convert("RGB")


def _negative(picture: Image.Image, _dice: random.Random) -> Image.Image:
    return ImageOps.invert(picture)


def _cartoon(picture: Image.Image, _dice: random.Random) -> Image.Image:
    flat = ImageEnhance.Color(ImageOps.posterize(picture.filter(ImageFilter.MedianFilter(5)), 3)).enhance(1.6)
    edges = ImageOps.invert(ImageOps.grayscale(picture).filter(ImageFilter.FIND_EDGES)).point(
        lambda v: 255 if v > EDGE_THRESHOLD else 40
    )
    return ImageChops.multiply(flat, edges.convert("RGB"))


def _sketch(picture: Image.Image, _dice: random.Random) -> Image.Image:
    grey = ImageOps.grayscale(picture)
    soft = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(max(picture.size) / 100))
    return ImageChops.add(grey, soft).point(lambda v: max(0, 255 - (255 - v) * 3)).convert("RGB")


def _turn_hue(picture: Image.Image, dice: random.Random) -> Image.Image:
    hue, saturation, value = picture.convert("HSV").split()
    turn = dice.randint(40, 215)
    turned = hue.point(lambda v: (v + turn) % 256)
    return Image.merge("HSV", (turned, saturation.point(lambda v: min(255, v + 40)), value)).convert("RGB")


def _tinted(color: tuple[int, int, int]) -> Effect:
    def effect(picture: Image.Image, _dice: random.Random) -> Image.Image:
        return _tint(picture, color, 0.45)

    return effect


def _tint(picture: Image.Image, color: tuple[int, int, int], strength: float) -> Image.Image:
    return Image.blend(
        picture, ImageChops.multiply(picture, Image.new("RGB", picture.size, color)), min(1, strength * 2)
    )


EFFECTS: tuple[tuple[str, Effect], ...] = (
    (r"\bnight|\bmidnight|\bmoonlight|ноч", _night),
    (r"\bsnow|\bwinter|снег|снеж|\bзим", _snow),
    (r"\bsunset|\bsunrise|\bdusk|\bdawn|закат|рассвет", _sunset),
    (r"\bautumn|\bfall colou?rs|осен", _autumn),
    (r"\bblack[ -]and[ -]white|\bb&w\b|\bmonochrome|\bgr[ae]yscale|ч[её]рно-?\s?бел", _grey),
    (r"\bnegative|\binvert|негатив", _negative),
    (r"\bcartoon|\banime|\bcomic|мульт|аниме|комикс", _cartoon),
    (r"\bsketch|\bpencil|\bdrawing|карандаш|рисун|набросок", _sketch),
    (r"\bred\b|красн", _tinted((255, 70, 60))),
    (r"\bgreen\b|зел[её]н", _tinted((70, 220, 90))),
    (r"\bblue\b|синий|синим|синюю|синее|голуб", _tinted((70, 110, 255))),
    (r"\byellow\b|ж[её]лт", _tinted((255, 225, 60))),
)
"""Words of an instruction, as a pattern, and what they do; all that match apply, in this order."""


def _with_insets(picture: Image.Image, others: Sequence[Image.Image]) -> Image.Image:
    """The other pictures, framed, along the right edge from the top."""
    picture = picture.copy()
    width = round(picture.width * INSET_SHARE)
    margin = max(4, picture.width // 64)
    frame = max(2, picture.width // 256)
    top = margin
    for other in others:
        inset = ImageOps.expand(ImageOps.contain(other.convert("RGB"), (width, picture.height // 3)), frame, "white")
        picture.paste(inset, (picture.width - margin - inset.width, top))
        top += inset.height + margin
    return picture
