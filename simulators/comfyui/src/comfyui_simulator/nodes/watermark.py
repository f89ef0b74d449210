"""The band that keeps a simulated picture from being taken for the model's work."""

from __future__ import annotations

import unicodedata
from functools import cache

from fontpkg_noto_sans import ROOT as FONT_ROOT  # type: ignore[import-untyped]  # it has one constant
from PIL import Image, ImageDraw, ImageFont

RIBBON = "simulated edit"
SEMI_BOLD = 600
FULL_WIDTH = 100


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(FONT_ROOT / "files" / "NotoSans[wdth,wght].ttf", size)
    font.set_variation_by_axes([SEMI_BOLD, FULL_WIDTH])
    return font


def with_watermark(picture: Image.Image, text: str) -> Image.Image:
    """A band along the bottom: that this is a simulation, and of which instruction."""
    height = max(18, min(picture.size) // 16)
    font = _font(max(11, round(height * 0.55)))
    band = Image.new("RGB", (picture.width, height), (32, 33, 36))
    draw = ImageDraw.Draw(band)
    middle, margin = height / 2, height / 2
    draw.text((margin, middle), RIBBON, font=font, fill=(255, 196, 0), anchor="lm")
    start = margin + draw.textlength(RIBBON, font=font) + margin
    draw.text((start, middle), _legible(text[:200]), font=font, fill="white", anchor="lm")
    picture = picture.copy()
    picture.paste(band, (0, picture.height - height))
    return picture


def _legible(text: str) -> str:
    """The words, without what a text font has no glyphs for; those that don't fit are beyond the band's edge."""
    return "".join(letter if unicodedata.category(letter)[0] in "LNPZ" else " " for letter in text)
