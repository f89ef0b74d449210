"""Photos that people send: small ones for runs in which the picture does not matter, and one as phones take it."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

from PIL import ExifTags, Image

RED = (200, 60, 20)
SIZE = (320, 240)
SMALL = (96, 64)
"""For runs of thousands of jobs."""
PHONE = (1280, 960)
"""Pixels: what Telegram makes of a phone's photo."""


def photo(kind: str = "JPEG", size: tuple[int, int] = SIZE) -> bytes:
    """Return a photo of noise that no other one is like; `kind` is a format of Pillow."""
    return encoded(Image.effect_noise(size, 60).convert("RGB"), kind)


def plain(colour: int | tuple[int, ...] = RED, *, size: tuple[int, int] = SIZE, kind: str = "JPEG") -> bytes:
    """Return a photo of one colour."""
    return encoded(Image.new("RGB", size, colour), kind)


@cache
def phone_photo() -> bytes:
    """Return a photo with grain: 1.2 megapixels in about 400 kB."""
    light = Image.linear_gradient("L").resize(PHONE)
    grain = Image.effect_noise(PHONE, 24)
    return encoded(Image.blend(light, grain, 0.6).convert("RGB"), "JPEG", quality=88)


@cache
def phone_file() -> bytes:
    """Return the same photo as a phone writes it, turned by its EXIF, so that it has to be converted."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return encoded(Image.open(io.BytesIO(phone_photo())), "JPEG", quality=88, exif=exif)


def bomb(side: int = 30_000) -> bytes:
    """Return a small PNG that claims to be a square of so many pixels a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def is_negative(picture: bytes, colour: tuple[int, ...], *, off: int) -> bool:
    """Whether a picture is the negative of a `plain` one; a channel may be so far off as JPEGs on the way make it."""
    with Image.open(io.BytesIO(picture)) as opened:
        pixel = opened.convert("RGB").getpixel((opened.width // 2, opened.height // 2))
    return isinstance(pixel, tuple) and all(abs(255 - was - now) <= off for was, now in zip(colour, pixel, strict=True))


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file of a format; options are those of Pillow's `save`."""
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()
