"""Pictures as no camera makes them: of every mode and form, and then broken."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageCms, PngImagePlugin

from qwenedit_decoder import decoding

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

decoding.load_heif()
MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "HEIF": ("L", "RGB", "RGBA"),
    "AVIF": ("L", "RGB", "RGBA"),
    "GIF": ("P",),
    "TIFF": ("RGB", "I;16", "F", "LAB", "CMYK"),
}
"""What each form of file can hold."""
USUAL = ("JPEG", "JPEG", "JPEG", "PNG", "PNG", "PNG", "WEBP", "WEBP", "BMP", "HEIF", "HEIF", "AVIF", "GIF", "TIFF")
_HEADER = 200
"""Bytes among which half of the breaks are made."""


def odd(chance: random.Random) -> tuple[str, bytes]:
    """Make a picture; returns what it is, and the file."""
    if chance.random() < 0.02:  # one in fifty
        return "bomb", _bomb(chance)
    kind = chance.choice(USUAL)
    name, data = f"{kind} {chance.choice(MODES[kind])}", b""
    while not data:
        name, data = _encoded(kind, chance.choice(MODES[kind]), chance)
    if chance.random() < 0.3:  # as it is
        return name, data
    broken = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        chance.choice(_BREAKS)(broken, chance)
    return f"{name}, broken", bytes(broken)


def _encoded(kind: str, mode: str, chance: random.Random) -> tuple[str, bytes]:
    size = chance.choice(((33, 40), (40, 33), (64, 64), (64, 64), (1, 1), (700, 32), (300, 200)))
    if kind == "HEIF":
        size = chance.choice(((64, 64), (300, 200)))  # smaller ones than its encoder takes
    options: dict[str, Any] = {}
    name = f"{kind} {mode}"
    if kind != "TIFF" and chance.random() < 0.4:
        options["exif"], name = _exif(chance), f"{name} with EXIF"
    if chance.random() < 0.3:
        options["icc_profile"], name = _profile(chance), f"{name} with a colour profile"
    if kind == "PNG":
        options["pnginfo"] = _texts(chance)
        if mode == "P":
            options["transparency"] = chance.choice((0, chance.randbytes(9)))
    if kind in ("PNG", "WEBP", "GIF", "TIFF") and chance.random() < 0.1:
        options |= {"save_all": True, "append_images": [_image(mode, size, chance)]}
        name = f"{name}, animated"
    if kind == "JPEG":
        options["progressive"] = chance.random() < 0.4
    buffer = io.BytesIO()
    try:
        _image(mode, size, chance).save(buffer, kind, **options)
    except Exception:  # noqa: BLE001 - this form cannot hold that, as Pillow finds in many ways
        return name, b""
    return name, buffer.getvalue()


def _image(mode: str, size: tuple[int, int], chance: random.Random) -> Image.Image:
    count = size[0] * size[1]
    if mode == "I;16":
        return Image.frombytes("I;16", size, chance.randbytes(2 * count))
    if mode == "LAB":
        return Image.frombytes("LAB", size, chance.randbytes(3 * count))
    if mode == "LA":
        return Image.frombytes("LA", size, chance.randbytes(2 * count))
    return Image.frombytes("RGB", size, chance.randbytes(3 * count)).convert(mode)


def _exif(chance: random.Random) -> bytes:
    """Write EXIF with an orientation, and with tags of any type."""
    tags = [(0x0112, 3, 1, struct.pack("<HH", chance.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 60_000)), 0))]
    for _ in range(chance.randint(0, 4)):
        tag = chance.choice((0x010F, 0x011A, 0x011B, 0x0128, 0x0132, 0x8769, 0x8825, 0x9003, chance.randrange(1 << 16)))
        tags.append((tag, chance.randrange(14), chance.choice((0, 1, 2, 4, 9, 1 << 31)), chance.randbytes(4)))
    chance.shuffle(tags)
    entries = b"".join(struct.pack("<HHI4s", *tag) for tag in tags)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(chance.choice((4, 0)))


def _profile(chance: random.Random) -> bytes:
    profile = bytearray(
        ImageCms.ImageCmsProfile(ImageCms.createProfile(chance.choice(("sRGB", "LAB", "XYZ")))).tobytes()
    )
    for _ in range(chance.choice((0, 1, 6))):
        profile[chance.randrange(len(profile))] = chance.randrange(256)
    return bytes(profile[: chance.choice((len(profile), 200, 3))])


def _texts(chance: random.Random) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    if chance.random() < 0.2:
        info.add_text("comment", "v" * chance.choice((1, 5000, 70_000_000 // 7)), zip=True)
    return info


def _bomb(chance: random.Random) -> bytes:
    """Make a small file that claims, or has, very many pixels."""
    if chance.random() < 0.5:
        side = chance.choice((5_100, 30_000, 2**31 - 1, 2**32 - 1))
        header = struct.pack(
            ">IIBBBBB", side, side, chance.choice((1, 8, 16)), chance.choice((0, 2, 3, 4, 6, 7)), 0, 0, 0
        )
        body = zlib.compress(bytes(1_000_000))
        return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    buffer = io.BytesIO()
    Image.new("L", (chance.choice((2_000, 9_000)), 2_500)).save(buffer, chance.choice(("PNG", "JPEG")))
    return buffer.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _place(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(max(1, len(data) if chance.random() < 0.5 else min(len(data), _HEADER)))


def _change(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at : at + 1] = chance.randbytes(1)


def _flip(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at : at + 1] = bytes(byte ^ (1 << chance.randrange(8)) for byte in data[at : at + 1])


def _end(data: bytearray, chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _cut(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.randint(1, 40)]


def _put(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = chance.randbytes(chance.randint(1, 40))


def _number(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1"))


def _copy(data: bytearray, chance: random.Random) -> None:
    at, source = _place(data, chance), _place(data, chance)
    data[at : at + 20] = data[source : source + 20]


def _checksums(data: bytearray, _chance: random.Random) -> None:
    """Let a PNG's checksums be right again, so that what is broken is looked at."""
    at = 8
    while data[:8] == b"\x89PNG\r\n\x1a\n" and at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            return
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4


_BREAKS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _change,
    _flip,
    _end,
    _cut,
    _put,
    _number,
    _copy,
    _checksums,
    _checksums,
)


def smaller(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """Leave away what a failure does not need."""
    piece = len(data) // 2
    while piece:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + piece :]
            if fails(shorter):
                data = shorter
            else:
                at += piece
        piece //= 2
    return data
