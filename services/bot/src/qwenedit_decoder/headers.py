"""Reads the headers of pictures in a bounded number of steps, with nothing that decodes: the bot may do so itself."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qwenedit_decoder import limits
from qwenedit_decoder.limits import PictureRefusedError, ProcessLimits, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PARTS: Final = 20_000
"""Of a file. A PNG of 20 MB in chunks of 4 kB has 5,000; each costs Pillow about 5 microseconds."""
PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"

_CHUNK: Final = struct.Struct(">I4s")
_SIDES: Final = struct.Struct(">II")
_SHORT: Final = struct.Struct(">H")
_FRAME: Final = struct.Struct(">xHHB")
"""Of a JPEG's frame header: precision, height, width and number of components."""
_MARK, _SCAN = 0xFF, 0xDA
_FRAMES: Final = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xDE))
_OF_TELEGRAM: Final = frozenset((0xC0, 0xC1, 0xC2))
"""Frames that are sequential or progressive."""
_ALONE: Final = frozenset((0x00, 0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)))
"""Second bytes of markers after which Pillow reads no length, such as those of a restart."""
_END: Final = b"\xff\xd9"
_LONG_SIZE: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Header:
    """What a PNG or a JPEG says of itself."""

    width: int
    height: int
    plain: bool = False
    """It is a JPEG in RGB, sequential or progressive, like Telegram's own photos."""


def limits_of(data: bytes, header: Header | None) -> ProcessLimits:
    """Return what a process may take for a picture; the most where the header cannot be read."""
    if header is None or header.width * header.height > limits.LIGHT_PIXELS or len(data) > limits.LIGHT_BYTES:
        return limits.HEAVY
    return limits.LIGHT


def is_as_kept(data: bytes, header: Header) -> bool:
    """Whether a photo that Telegram has encoded is a whole JPEG of a size that workers take."""
    if not header.plain or not data.endswith(_END):
        return False
    shorter, longer = sorted((header.width, header.height))
    return shorter >= limits.MIN_SIDE and longer <= min(limits.MAX_SIDE, limits.MAX_RATIO * shorter)


def read_header(data: bytes) -> Header | None:
    """Read the header of a PNG or a JPEG; None for other files, and where it is broken.

    Raises:
        PictureRefusedError: it has more segments than any picture.
    """
    if data.startswith(PNG):
        return _of_png(data)
    return _of_jpeg(data) if data.startswith(JPEG) else None


def end_of_parts(data: bytes) -> int:
    """Count the chunks of a PNG, the segments of a JPEG or the boxes of a HEIF file; return where the last box ends.

    Raises:
        PictureRefusedError: there are more than any picture has.
    """
    if data.startswith(PNG):
        parts = _chunks(data)
    elif data.startswith(JPEG):
        parts = (at for _marker, at in _segments(data))
    elif data[4:8] == b"ftyp":
        parts = _boxes(data)
    else:
        return 0
    last = 0
    for number, end in enumerate(parts):
        _bound(number)
        last = end
    return last


def _bound(number: int) -> None:
    if number >= MOST_PARTS:
        raise PictureRefusedError(Refusal.TOO_HEAVY)


def _of_png(data: bytes) -> Header | None:
    if len(data) < 33 or data[12:16] != b"IHDR":
        return None
    width, height = _SIDES.unpack_from(data, 16)
    return Header(width, height)


def _of_jpeg(data: bytes) -> Header | None:
    for number, (marker, at) in enumerate(_segments(data)):
        _bound(number)
        if marker in _FRAMES and at + _FRAME.size <= len(data):
            height, width, components = _FRAME.unpack_from(data, at)
            return Header(width, height, plain=components == 3 and marker in _OF_TELEGRAM)
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the markers before the first scan, and where their contents begin; 0 for each byte between segments."""
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != _MARK or marker == _MARK:  # nothing that Pillow knows, or fill
            at += 1
            yield 0, at
        elif marker == _SCAN:
            return
        elif marker in _ALONE:
            at += 2
            yield marker, at
        else:
            yield marker, at + 4
            at += 2 + _SHORT.unpack_from(data, at + 2)[0]


def _chunks(data: bytes) -> Iterator[int]:
    at = len(PNG)
    while at + 12 <= len(data):  # a chunk has its length, its kind and a checksum beside its content
        length, kind = _CHUNK.unpack_from(data, at)
        at += 12 + length
        yield at
        if kind == b"IEND":
            return


def _boxes(data: bytes) -> Iterator[int]:
    """Yield the ends of a file's boxes, as ISO/IEC 14496-12 has them; nothing more where one is broken."""
    at, end = 0, len(data)
    while end - at >= _CHUNK.size:
        size, _kind = _CHUNK.unpack_from(data, at)
        if size == 1 and end - at >= _CHUNK.size + _LONG_SIZE.size:  # it follows in 64 bits
            (size,) = _LONG_SIZE.unpack_from(data, at + _CHUNK.size)
        elif size == 0:  # it goes to the end
            size = end - at
        if size < _CHUNK.size:
            return
        at += size
        yield at
