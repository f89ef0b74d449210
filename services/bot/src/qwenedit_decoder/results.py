"""Brings results into the form in which they are sent: marked as edited by AI, and as sendPhoto takes them."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from qwenedit_decoder import parts, xmp
from qwenedit_decoder.answers import SEND_PHOTO_BYTES, Photo, PictureRefusedError, Refusal, ResultLook
from qwenedit_decoder.decoding import MAX_PIXELS, MAX_RATIO, is_heavy, opened, to_rgb

FORMATS: Final = ("PNG", "JPEG")
SEND_PHOTO_SIDES: Final = 10_000
"""Width and height together, in pixels (https://core.telegram.org/bots/api#sendphoto)."""
QUALITIES: Final = (95, 85, 70)
"""Of a JPEG, until one is small enough."""


def look_at_result(data: bytes, *, tool: str) -> ResultLook:
    """Find a result's mark and the place for it, and say whether sendPhoto takes the result as it is.

    Args:
        data: The result, a PNG or JPEG.
        tool: Name and version of the program that edited it, for the mark.

    Raises:
        PictureRefusedError: it is neither, or its parts are too many.
    """
    if parts.are_too_many(data):
        raise PictureRefusedError(Refusal.TOO_HEAVY)
    with opened(data, FORMATS) as image:
        longer, shorter = max(image.size), min(image.size)
        fits = longer + shorter <= SEND_PHOTO_SIDES and longer <= MAX_RATIO * shorter and len(data) <= SEND_PHOTO_BYTES
        at, mark = xmp.mark_of(data, tool=tool)
        return ResultLook(mark, at, fits=fits, heavy=is_heavy(image, data))


def make_photo(data: bytes, *, tool: str) -> Photo:
    """Turn a result that sendPhoto does not take into one that it does, with the mark.

    Raises:
        PictureRefusedError: the result is no picture.
    """
    with opened(data, FORMATS) as image:
        width, height = image.size
        if max(width, height) > MAX_RATIO * min(width, height) or width * height > MAX_PIXELS:
            return Photo(b"")
        picture = to_rgb(image)
    if width + height > SEND_PHOTO_SIDES:
        side = SEND_PHOTO_SIDES // 2
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= SEND_PHOTO_BYTES:
            photo = buffer.getvalue()
            at, mark = xmp.mark_of(photo, tool=tool)
            return Photo(photo[:at] + mark + photo[at:])
    return Photo(b"")
