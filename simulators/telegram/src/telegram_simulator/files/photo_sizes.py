"""What Telegram makes of a photo: JPEGs in a few sizes, without the metadata."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections import OrderedDict
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from telegram_simulator.common.errors import ApiError

SIZES = (90, 320, 800, 1280)
"""Longest sides of the sizes that bots see, in pixels (https://core.telegram.org/api/files#image-thumbnail-types)."""
QUALITY = 87

MAX_PHOTO_BYTES = 10 << 20
MAX_SIDES = 10_000
MAX_RATIO = 20
"""https://core.telegram.org/bots/api#sendphoto"""

KEPT = 64
"""Files of which is known what was made of them: a crowd in a test sends the same photo again and again."""
MAX_SCANS = 100
"""Of a JPEG: a progressive one has ten, and each is read over all of the picture."""
_SCAN = b"\xff\xda"
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@dataclass(frozen=True, slots=True)
class Scaled:
    """A JPEG with its size in pixels."""

    data: bytes
    width: int
    height: int


async def as_photo(data: bytes, *, of_bot: bool = True) -> tuple[Scaled, ...]:
    """Make a photo's sizes, smallest first.

    Args:
        data: A picture in some format.
        of_bot: A bot sends it as it is, within limits; people's clients make it smaller before.

    Raises:
        ApiError: Telegram does not take it as a photo.
    """
    if of_bot and len(data) > MAX_PHOTO_BYTES:
        raise ApiError(
            f"file of size {len(data)} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    most = MAX_SIDES if of_bot else None
    key = most, hashlib.sha256(data).digest()
    made = _made.get(key)
    if made is None:
        made = await asyncio.to_thread(_sizes, data, max_sides=most)
    _made[key] = made
    _made.move_to_end(key)
    if len(_made) > KEPT:
        _made.popitem(last=False)
    return made


_made: OrderedDict[tuple[int | None, bytes], tuple[Scaled, ...]] = OrderedDict()


def _sizes(data: bytes, *, max_sides: int | None) -> tuple[Scaled, ...]:
    picture = _open(data)
    width, height = picture.size
    if (max_sides is not None and width + height > max_sides) or max(width, height) > MAX_RATIO * min(width, height):
        raise ApiError("PHOTO_INVALID_DIMENSIONS")
    picture = _flat(picture)
    picture.info.clear()  # of which Pillow would write a comment into each size
    longest = max(picture.size)
    sides = [side for side in SIZES if side < longest]
    if longest <= SIZES[-1]:
        sides.append(longest)
    return tuple(_scaled(picture, side) for side in sides)


def _open(data: bytes) -> Image.Image:
    if data.count(_SCAN) > MAX_SCANS and data.startswith(b"\xff\xd8"):
        raise ApiError("IMAGE_PROCESS_FAILED")
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise ApiError("IMAGE_PROCESS_FAILED") from None


def _flat(picture: Image.Image) -> Image.Image:
    """Decode, turn upright, and put what is transparent on white."""
    try:
        picture.load()
        upright = ImageOps.exif_transpose(picture)
    except (OSError, ValueError, SyntaxError):
        raise ApiError("IMAGE_PROCESS_FAILED") from None
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    upright = upright.convert("RGBA")
    flat = Image.new("RGB", upright.size, "white")
    flat.paste(upright, mask=upright.getchannel("A"))
    return flat


def _scaled(picture: Image.Image, side: int) -> Scaled:
    scale = min(1.0, side / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    smaller = picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    smaller.save(out, "JPEG", quality=QUALITY)
    return Scaled(out.getvalue(), *size)
