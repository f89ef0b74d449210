"""Opens HEIC and other HEIF files of phones."""

from __future__ import annotations

from typing import Final

_BRANDS: Final = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))
"""Of a file whose pictures may be HEVC. AVIF files may begin with the last two as well."""


def is_heif(data: bytes) -> bool:
    """Whether a file says that it is HEIF."""
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS


def ran_out_of_memory(error: Exception) -> bool:
    """Whether libheif has failed for want of memory, which it says in words alone."""
    return isinstance(error, RuntimeError) and str(error).startswith("Memory allocation error")


def load() -> None:
    """Have Pillow open HEIF files from now on, for which it loads a large library.

    libheif keeps its own security limits, which this library cannot narrow: 1,000 items and 32,768 pixels a side are
    among them. The process' limits are what bounds memory and time. A thread costs addresses and saves no CPU time.
    """
    import pillow_heif  # noqa: PLC0415 - few pictures need it, and it takes longer to load than all else

    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
