"""Reads results from the store for users, within the memory that pictures may take."""

from __future__ import annotations

import hashlib
import struct
import zlib
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from qwenedit_decoder import headers
from qwenedit_decoder.limits import MAX_RATIO, PictureRefusedError, Refusal
from qwenedit_jobs import PictureExpiredError
from qwenedit_telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_bot.pictures.bound import Bound
    from qwenedit_decoder.headers import Header
    from qwenedit_jobs import PictureStore

EDITED_BY_AI: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's word for a picture to which a generative model has added (https://cv.iptc.org/newscodes/digitalsourcetype)."""

log = structlog.get_logger(__name__)

_LENGTH: Final = struct.Struct(">I")
_SHORT: Final = struct.Struct(">H")
_KEYWORD: Final = b"XML:com.adobe.xmp\0"
_UNCOMPRESSED: Final = bytes(4)
"""Flags of an iTXt chunk: uncompressed, of no language, with no translated keyword."""
_JPEG_NAME: Final = b"http://ns.adobe.com/xap/1.0/\0"
_APP0, _APP1 = b"\xff\xe0", b"\xff\xe1"
_PACKET: Final = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
xmlns:xmp="http://ns.adobe.com/xap/1.0/" Iptc4xmpExt:DigitalSourceType="{source}" xmp:CreatorTool="{tool}"/>\
</rdf:RDF></x:xmpmeta><?xpacket end="r"?>"""


@dataclass(frozen=True, slots=True)
class ResultPicture:
    """A result in memory, marked as edited by AI."""

    data: bytes
    digest: str
    """Of the picture as the worker stored it: SHA-256 in hexadecimal digits."""
    is_photo: bool
    """sendPhoto takes it; otherwise only a file can carry it."""


@dataclass(frozen=True, slots=True)
class Results:
    """Reads results, and marks them. Users get results through here alone."""

    store: PictureStore
    memory: Bound
    tool: str
    """Name and version of the product, which the marks name."""

    @asynccontextmanager
    async def read(self, ref: str, *, shown: str = "") -> AsyncIterator[ResultPicture]:
        """Have a result in memory inside the block.

        Args:
            ref: Its reference.
            shown: The digest of the picture that its user got. A worker may have stored another one since.

        Raises:
            LaterError: there is no room in memory.
            PictureStoreUnavailableError: the store does not answer.
            PictureExpiredError: it is not kept any more, or isn't the one that was shown.
            PictureRefusedError: it is neither PNG nor JPEG.
        """
        size = await self.store.size(ref)
        with self.memory.taken(2 * size):
            with tracing.span("read picture"):
                data = await self.store.get(ref, size)
            digest = hashlib.sha256(data).hexdigest()
            if shown not in ("", digest):
                log.error("result.forged", ref=ref)
                raise PictureExpiredError(ref)
            header = headers.read_header(data)
            if header is None:
                raise PictureRefusedError(Refusal.UNKNOWN)
            picture = marked(data, tool=self.tool)
            del data
            yield ResultPicture(picture, digest, _is_photo(header, picture))


def _is_photo(header: Header, data: bytes) -> bool:
    """Whether sendPhoto takes it (https://core.telegram.org/bots/api#sendphoto)."""
    shorter, longer = sorted((header.width, header.height))
    return longer + shorter <= 10_000 and longer <= MAX_RATIO * shorter and len(data) <= 10_000_000


def marked(data: bytes, *, tool: str) -> bytes:
    """Return a PNG or JPEG whose header was read, with a mark that says that an AI edited it.

    If it has an XMP packet, that one stays; readers take the first one, which is this.
    """
    packet = _PACKET.format(source=EDITED_BY_AI, tool=tool).encode()
    if data.startswith(headers.PNG):
        content = _KEYWORD + _UNCOMPRESSED + packet
        checksum = _LENGTH.pack(zlib.crc32(b"iTXt" + content))
        at, mark = 33, _LENGTH.pack(len(content)) + b"iTXt" + content + checksum  # behind IHDR, the first chunk
    else:
        content = _JPEG_NAME + packet
        at, mark = _end_of_first_segments(data), _APP1 + _SHORT.pack(len(content) + _SHORT.size) + content
    return b"".join((memoryview(data)[:at], mark, memoryview(data)[at:]))


def _end_of_first_segments(data: bytes) -> int:
    """Return the place behind JFIF's and Exif's segments, which have to be the first."""
    at = 2
    for _segment_number in range(4):  # of JFIF and Exif, at most
        if not (data.startswith(_APP0, at) or (data.startswith(_APP1, at) and data.startswith(b"Exif\0", at + 4))):
            break
        at += 2 + _SHORT.unpack_from(data, at + 2)[0]
    return at
