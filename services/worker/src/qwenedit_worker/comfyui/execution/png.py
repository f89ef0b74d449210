"""Checks that a PNG is complete, and removes everything in it but the picture."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"})
COLOURS = frozenset({b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"pHYs"})
KEPT = PIXELS | COLOURS
"""What a picture's pixels and colours need. Every other chunk is left out: it may carry text under any name."""

_CHUNK = struct.Struct(">I4s")
_CHECKSUM = struct.Struct(">I")


class NotPngError(ValueError):
    """The bytes aren't a PNG that we take."""


class DamagedPngError(ValueError):
    """The bytes begin as a PNG, and are cut off or changed on the way."""


def picture_alone(data: bytes) -> bytes:
    """Return a PNG without its text, Exif and other foreign chunks; its pixels are not touched.

    Returns:
        The bytes that were given, where nothing had to be left out.

    Raises:
        NotPngError: it's no PNG, or one of more than 20,000 chunks.
        DamagedPngError: it is cut off, a checksum is wrong, or a chunk is missing.
    """
    if not data.startswith(SIGNATURE):
        if SIGNATURE.startswith(data):
            raise DamagedPngError(f"cut off after {len(data)} bytes")
        raise NotPngError(f"a PNG is expected, and this begins with {data[:20]!r}")
    view = memoryview(data)
    parts = [slice(0, len(SIGNATURE))]
    names: set[bytes] = set()
    at = len(SIGNATURE)
    for _ in range(20_000):  # 50 MB have 6,400 of libpng's 8 KiB; of empty ones they'd have four million
        name, end = _chunk(view, at)
        if not names and name != b"IHDR":
            raise DamagedPngError("its header is no PNG's")
        names.add(name)
        if name in KEPT:
            parts.append(slice(at, end))
        at = end
        if name == b"IEND":
            break
    else:
        raise NotPngError("the PNG has more than 20000 chunks")
    if b"IDAT" not in names:
        raise DamagedPngError("it has no pixels")
    if sum(part.stop - part.start for part in parts) == len(data):
        return data
    return b"".join(view[part] for part in parts)


def _chunk(view: memoryview, at: int) -> tuple[bytes, int]:
    """Read a chunk's name and where it ends, having compared its checksum."""
    if at + _CHUNK.size > len(view):
        raise DamagedPngError(f"cut off after {len(view)} bytes")
    length, name = _CHUNK.unpack_from(view, at)
    body = at + _CHUNK.size + length
    end = body + _CHECKSUM.size
    if end > len(view):
        raise DamagedPngError(f"cut off after {len(view)} bytes")
    (checksum,) = _CHECKSUM.unpack_from(view, body)
    if zlib.crc32(view[at + _CHECKSUM.size : body]) != checksum:
        raise DamagedPngError(f"a wrong checksum at byte {at}")
    return name, end
