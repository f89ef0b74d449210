"""Draws a sign into the corner of a result that says that an AI edited it."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from qwenedit_decoder.decoding import FORMATS, MAX_PIXELS, PictureRefusedError, Refusal, TooHeavyError, is_heavy

SIGN: Final = "AI"
"""Understood in each language of the bot."""
PART: Final = 0.035
"""Height of the letters, as a part of the picture's shorter side."""
SMALLEST: Final = 12
"""Pixels of that height at least, to be legible."""
INK: Final = (255, 255, 255, 235)
GROUND: Final = (0, 0, 0, 130)


def with_corner_mark(data: bytes, *, light: bool = False) -> bytes:
    """Return a result with the sign in its lower right corner, in the form that it came in.

    Args:
        data: The result, a PNG or JPEG.
        light: Take only what is done in a moment.

    Raises:
        PictureRefusedError: the result is no picture.
        TooHeavyError: it is not done in a moment, or not at all.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS or (light and is_heavy(image, data)):
                raise TooHeavyError
            kind, profile = image.format, image.info.get("icc_profile")
            picture = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
            picture.load()
    except (OSError, ValueError, SyntaxError):
        raise PictureRefusedError(Refusal.DAMAGED) from None
    _draw(picture)
    buffer = io.BytesIO()
    if kind == "JPEG":
        picture.save(buffer, "JPEG", quality=95, subsampling=0, icc_profile=profile)
    else:
        picture.save(buffer, "PNG", compress_level=3, icc_profile=profile)
    return buffer.getvalue()


def _draw(picture: Image.Image) -> None:
    height = max(SMALLEST, round(min(picture.size) * PART))
    font = ImageFont.load_default(height)
    left, top, right, bottom = (round(each) for each in font.getbbox(SIGN))
    pad = height // 3
    sign = Image.new("RGBA", (right - left + 2 * pad, bottom - top + 2 * pad))
    pen = ImageDraw.Draw(sign)
    pen.rounded_rectangle((0, 0, sign.width - 1, sign.height - 1), radius=pad, fill=GROUND)
    pen.text((pad - left, pad - top), SIGN, font=font, fill=INK)
    corner = (picture.width - sign.width - pad, picture.height - sign.height - pad)
    part = picture.crop((*corner, corner[0] + sign.width, corner[1] + sign.height)).convert("RGBA")
    picture.paste(Image.alpha_composite(part, sign).convert(picture.mode), corner)
