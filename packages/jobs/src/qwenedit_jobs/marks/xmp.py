"""Writes into a PNG or JPEG that an AI edited it, as IPTC has it for XMP; pixels stay as they are."""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING, Final

from qwenedit_jobs.marks.errors import UnmarkableError

if TYPE_CHECKING:
    from collections.abc import Iterator

EDITED_BY_AI: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's word for a picture to which a generative model has added (https://cv.iptc.org/newscodes/digitalsourcetype)."""

PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
_LENGTH: Final = struct.Struct(">I")
_SHORT: Final = struct.Struct(">H")
_AROUND_CHUNK: Final = 12
"""Bytes of a PNG's chunk beside its content: length, kind and checksum."""
_KEYWORD: Final = b"XML:com.adobe.xmp\0"
_UNCOMPRESSED: Final = bytes(4)
"""Flags of an iTXt chunk: uncompressed, of no language, with no translated keyword."""
_JPEG_NAME: Final = b"http://ns.adobe.com/xap/1.0/\0"
_SOURCE_TYPE: Final = re.compile(rb"DigitalSourceType\s*(?:=\s*[\"']|>\s*)([^\"'<\s]+)")
_APP0, _APP1, _SCAN, _FILL = 0xE0, 0xE1, 0xDA, 0xFF
_PACKET: Final = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
xmlns:xmp="http://ns.adobe.com/xap/1.0/" Iptc4xmpExt:DigitalSourceType="{source}" xmp:CreatorTool="{tool}"/>\
</rdf:RDF></x:xmpmeta><?xpacket end="r"?>"""


def marked(data: bytes, *, tool: str) -> bytes:
    """Return a picture that says that an AI edited it.

    Args:
        data: PNG or JPEG. An XMP packet that it has already stays, and readers take the first one: this.
        tool: Name and version of the program that edited it.

    Raises:
        UnmarkableError: it is neither, or ends before its pixels.
    """
    packet = _PACKET.format(source=EDITED_BY_AI, tool=tool).encode()
    if data.startswith(PNG):
        at, part = _end_of_header(data), _chunk(b"iTXt", _KEYWORD + _UNCOMPRESSED + packet)
    elif data.startswith(JPEG):
        at, part = _end_of_first_segments(data), _segment(_JPEG_NAME + packet)
    else:
        raise UnmarkableError
    return b"".join((memoryview(data)[:at], part, memoryview(data)[at:]))


def source_type(data: bytes) -> str | None:
    """Return the digital source type that a picture's XMP names, or None."""
    for packet in _packets(data):
        found = _SOURCE_TYPE.search(packet)
        if found is not None:
            return found.group(1).decode("ascii", "replace")
    return None


def _packets(data: bytes) -> Iterator[bytes]:
    if data.startswith(PNG):
        yield from (content for kind, content in _chunks(data) if kind == b"iTXt" and content.startswith(_KEYWORD))
    elif data.startswith(JPEG):
        yield from (
            data[start + 4 : end]
            for marker, start, end in _segments(data)
            if marker == _APP1 and data.startswith(_JPEG_NAME, start + 4)
        )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while at + _AROUND_CHUNK <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += _AROUND_CHUNK + length


def _end_of_header(data: bytes) -> int:
    at = len(PNG)
    if data[at + 4 : at + 8] != b"IHDR":
        raise UnmarkableError
    return at + _AROUND_CHUNK + int(_LENGTH.unpack_from(data, at)[0])


def _chunk(kind: bytes, content: bytes) -> bytes:
    return _LENGTH.pack(len(content)) + kind + content + _LENGTH.pack(zlib.crc32(kind + content))


def _end_of_first_segments(data: bytes) -> int:
    """Return the place behind JFIF's and Exif's segments, which have to be the first."""
    at = len(JPEG) - 1
    for marker, start, end in _segments(data):
        if marker != _APP0 and not data.startswith(b"Exif\0", start + 4):
            break
        at = end
    return at


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment before a JPEG's first scan."""
    at = len(JPEG) - 1
    while at + 4 <= len(data) and data[at] == _FILL:
        marker = data[at + 1]
        if marker == _SCAN:
            return
        if marker == _FILL:
            at += 1
            continue
        end = at + 2 + _SHORT.unpack_from(data, at + 2)[0]
        yield marker, at, end
        at = end


def _segment(content: bytes) -> bytes:
    return bytes((_FILL, _APP1)) + _SHORT.pack(len(content) + _SHORT.size) + content
