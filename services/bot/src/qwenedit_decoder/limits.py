"""Limits of pictures, and the replies of a decoder process. Imports no imaging library."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MEGABYTE: Final = 1024 * 1024
MAX_BYTES: Final = 20 * MEGABYTE
"""The most that getFile lets a bot download (https://core.telegram.org/bots/api#getfile)."""
MAX_PIXELS_PHOTO: Final = 51_000_000
"""Limit for JPEG, HEIC and AVIF: a little more than phones' 50-megapixel sensors have."""
MAX_PIXELS: Final = 25_000_000
"""Limit for other formats, which are decoded in full: that takes up to 430 MB for a moment (WebP; PNG 250)."""
MIN_SIDE: Final = 32
"""Pixels."""
MAX_RATIO: Final = 20
"""Ratio of the longer to the shorter side, sendPhoto's limit: the result keeps its input's shape."""
MAX_SIDE: Final = 2560
"""Longest side after conversion: as Telegram's largest photo, and more than the model uses."""


class Refusal(StrEnum):
    """Why a picture is refused; selects the text."""

    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    TOO_NARROW = "too_narrow"
    DAMAGED = "damaged"
    ANIMATED = "animated"
    UNKNOWN = "unknown"
    TOO_HEAVY = "too_heavy"
    """Opening it takes too much time or memory."""


class PictureRefusedError(Exception):
    """A picture is refused."""

    def __init__(self, why: Refusal, *, width: int = 0, height: int = 0) -> None:
        super().__init__(why.value)
        self.why = why
        self.width = width
        self.height = height


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Resource limits of a decoder process."""

    memory: int
    """Bytes beyond the process' memory at its start."""
    cpu: int
    """Seconds of a processor."""
    nice: int
    """If processors are scarce, the bot's answers go before pictures, and light pictures before heavy ones."""

    @property
    def seconds(self) -> int:
        """By the clock: a busy machine gives a process part of a processor."""
        return 10 * self.cpu


LIGHT: Final = ProcessLimits(160 * MEGABYTE, cpu=3, nice=5)
"""For light pictures."""
LIGHT_PIXELS, LIGHT_BYTES = 5_000_000, 4_000_000
"""What such a picture has at most. A pixel takes up to 16 bytes (a progressive JPEG in CMYK), and 64 MB are for what is
made of it."""
HEAVY: Final = ProcessLimits(512 * MEGABYTE, cpu=9, nice=10)
"""For all other pictures. HEIC and AVIF of 48 megapixels take 430 MB, and HEIC of 10 bits 460 MB."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A converted picture: upright sRGB without transparency and metadata, JPEG or PNG."""

    data: bytes
    width: int
    height: int
