"""Counts the parts of a file: chunks, segments and boxes, each of which costs its reader time, however small it is."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from PIL import JpegImagePlugin

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST: Final = 20_000
"""Parts of a file. A PNG of 20 MB in chunks of 4 kB has 5,000; each costs about 5 microseconds."""
PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
_CHUNK: Final = struct.Struct(">I4s")
_AROUND_CHUNK: Final = 12
"""Bytes of a PNG's chunk beside its content: length, kind and checksum."""
_SHORT: Final = struct.Struct(">H")
_MARK, _SCAN = 0xFF, 0xDA
_ALONE: Final = frozenset((0x00, *(marker & 0xFF for marker, (*_, read) in JpegImagePlugin.MARKER.items() if not read)))
"""Second bytes of markers after which Pillow reads no length, such as those of a restart."""
_LONG: Final = 1
"""Stands for the bytes of a box whose number of bytes follows in 64 bits."""
_LONG_SIZE: Final = struct.Struct(">Q")


def are_too_many(data: bytes) -> bool:
    """Whether a PNG, a JPEG or a HEIF file has more parts than `MOST`. The walk ends there, and at a broken part."""
    if data.startswith(PNG):
        parts = _chunks(data)
    elif data.startswith(JPEG):
        parts = _segments(data)
    elif data[4:8] == b"ftyp":
        parts = boxes(data)
    else:
        return False
    return any(number >= MOST for number, _end in enumerate(parts))


def _chunks(data: bytes) -> Iterator[int]:
    at = len(PNG)
    while at + _AROUND_CHUNK <= len(data):
        length, kind = _CHUNK.unpack_from(data, at)
        at += _AROUND_CHUNK + length
        yield at
        if kind == b"IEND":
            return


def _segments(data: bytes) -> Iterator[int]:
    """Yield the ends of what stands before the first scan: segments, and each byte of what is none."""
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != _MARK:
            at += 1
        elif marker == _SCAN:
            return
        elif marker == _MARK:  # one byte of fill
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + _SHORT.unpack_from(data, at + 2)[0]
        yield at


def boxes(data: bytes) -> Iterator[int]:
    """Yield the ends of a file's boxes, as ISO/IEC 14496-12 has them; nothing more where one is broken."""
    at, end = 0, len(data)
    while end - at >= _CHUNK.size:
        size, _kind = _CHUNK.unpack_from(data, at)
        if size == _LONG and end - at >= _CHUNK.size + _LONG_SIZE.size:
            (size,) = _LONG_SIZE.unpack_from(data, at + _CHUNK.size)
        elif size == 0:  # it goes to the end
            size = end - at
        if size < _CHUNK.size:
            return
        at += size
        yield at
