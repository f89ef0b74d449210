"""Opens HEIC and other HEIF files of phones, with a library that is loaded when the first one comes."""

from __future__ import annotations

import struct
from functools import cache
from typing import Final

_BRANDS: Final = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))
"""Of a file whose pictures may be HEVC. AVIF files may begin with the last two as well."""
_HEADER: Final = struct.Struct(">I4s")
"""Of a box, as ISO/IEC 14496-12 has it: its bytes with this, and its kind."""
_LONG: Final = 1
"""Stands for the bytes of a box whose number of bytes follows in 64 bits."""
_LONG_SIZE: Final = struct.Struct(">Q")


def is_heif(data: bytes) -> bool:
    """Whether a file says that it is HEIF."""
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS


def is_whole(data: bytes) -> bool:
    """Whether a file ends where its parts do; libheif leaves parts of a picture grey where the file was cut."""
    at, end = 0, len(data)
    while at < end:
        if end - at < _HEADER.size:
            return False
        size, _kind = _HEADER.unpack_from(data, at)
        if size == _LONG and end - at >= _HEADER.size + _LONG_SIZE.size:
            (size,) = _LONG_SIZE.unpack_from(data, at + _HEADER.size)
        elif size == 0:  # it goes to the end
            return True
        if size < _HEADER.size:
            return False
        at += size
    return at == end


def ran_out_of_memory(error: Exception) -> bool:
    """Whether libheif has failed for want of memory, which it says in words alone."""
    return isinstance(error, RuntimeError) and str(error).startswith("Memory allocation error")


@cache
def load() -> None:
    """Have Pillow open HEIF files from now on. It takes 5 MB of memory and 27 MB of addresses.

    libheif keeps its own security limits, which this library cannot narrow: 1,000 items and 32,768 pixels a side are
    among them. The process' limits are what bounds memory and time. A thread costs addresses and saves no CPU time.
    """
    import pillow_heif  # noqa: PLC0415 - most processes never see such a file

    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
