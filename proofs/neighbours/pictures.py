"""Pictures that cost far more to convert or to hold than their size tells."""

from __future__ import annotations

import random
import struct
from functools import cache

from PIL import Image, ImageChops

from qwenedit_testkit.photos import encoded

LARGE = 18_800_000
"""Bytes: below the 20 MiB that getFile lets a bot download."""
BOMB_BYTES = 1_000_000
BOMB_SIDE = 7_000
"""Pixels: 49 megapixels, as phones have them."""
LEAST_ENDED, MOST_ENDED = 1 << 14, (1 << 15) - 1
"""Blocks that one code of a progressive JPEG says to have ended."""
PNG_SIDE = 4_990
"""24.9 megapixels, just below the most that the bot decodes."""
RESULT_SIDE = 4_800


@cache
def large_file() -> bytes:
    """Return a JPEG of 24 megapixels and of 18.8 MB, filled up with a comment where noise is too small."""
    tile = Image.effect_noise((1500, 1000), 110)
    picture = Image.new("L", (6000, 4000))
    for x in range(0, 6000, 1500):
        for y in range(0, 4000, 1000):
            picture.paste(ImageChops.offset(tile, x // 7, y // 9), (x, y))
    data = encoded(picture.convert("RGB"), "JPEG", quality=84)
    return _padded(data, LARGE)


def _padded(data: bytes, size: int) -> bytes:
    """Put comments behind a JPEG's first marker until it has so many bytes."""
    parts = [data[:2]]
    missing = size - len(data)
    while missing > 4:  # a comment's own bytes
        length = min(65_000, missing - 4)
        parts.append(b"\xff\xfe" + struct.pack(">H", length + 2) + bytes(length))
        missing -= length + 4
    return b"".join((*parts, data[2:]))


@cache
def scans(size: int = BOMB_BYTES, side: int = BOMB_SIDE) -> bytes:
    """Return a progressive JPEG with as many scans as fit: each walks through all blocks, and changes none.

    Args:
        size: Bytes, about.
        side: Pixels of a side.
    """
    blocks = ((side + 7) // 8) ** 2
    colours = (1, 2, 3)
    # One Huffman code of one bit: in the DC table for "no difference", in the AC table for "many blocks have ended".
    tables = _table(0x00, 0x00) + _table(0x10, 0xE0)
    frame = struct.pack(">BHHB", 8, side, side, len(colours)) + b"".join(bytes((each, 0x11, 0)) for each in colours)
    head = b"\xff\xd8" + _segment(0xDB, bytes((0, *([1] * 64)))) + _segment(0xC2, frame) + tables
    first = _scan(colours, 0, 0, "0" * (blocks * len(colours)))
    full, rest = divmod(blocks, MOST_ENDED)
    runs = [MOST_ENDED] * full + ([rest] if rest >= LEAST_ENDED else [])
    empty = _scan((1,), 1, 63, "".join("0" + format(run - LEAST_ENDED, "014b") for run in runs))
    return head + first + empty * max(1, (size - len(head) - len(first)) // len(empty)) + b"\xff\xd9"


def _table(where: int, symbol: int) -> bytes:
    """Write a Huffman table with one code, 0, for one symbol."""
    return _segment(0xC4, bytes((where, 1, *([0] * 15), symbol)))


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _scan(colours: tuple[int, ...], first: int, last: int, bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    parts = b"".join(bytes((each, 0)) for each in colours)
    return _segment(0xDA, bytes((len(colours),)) + parts + bytes((first, last, 0))) + data


@cache
def png_bomb() -> bytes:
    """Return a PNG of 100 kB that becomes 100 MB: four channels of one colour."""
    return _png(Image.new("RGBA", (PNG_SIDE, PNG_SIDE), (9, 99, 199, 128)))


@cache
def png_too_large() -> bytes:
    """Return a PNG with more pixels than the bot takes."""
    return _png(Image.new("L", (12_000, 12_000), 77))


@cache
def noise_png() -> bytes:
    """Return a PNG of 18 MB that stays as large when it is read and written again."""
    size = 2560, 2400
    return _png(Image.frombytes("RGB", size, random.Random(1).randbytes(3 * size[0] * size[1])))


@cache
def large_result() -> bytes:
    """Return a PNG of 23 megapixels and more than 10 MB, so that sendPhoto takes it only as a JPEG."""
    tile = Image.effect_noise((1200, 1200), 3)
    picture = Image.new("L", (RESULT_SIDE, RESULT_SIDE))
    for x in range(0, RESULT_SIDE, 1200):
        for y in range(0, RESULT_SIDE, 1200):
            picture.paste(ImageChops.offset(tile, x // 7, y // 9), (x, y))
    return _png(picture.convert("RGB"))


def _png(picture: Image.Image) -> bytes:
    return encoded(picture, "PNG", compress_level=1)
