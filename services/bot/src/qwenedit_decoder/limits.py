"""The limits of pictures, and what a process that opens one answers. It loads no library that opens pictures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MEGABYTE: Final = 1024 * 1024
MAX_BYTES: Final = 20 * MEGABYTE
"""What getFile lets a bot download (https://core.telegram.org/bots/api#getfile)."""
MAX_PIXELS_PHOTO: Final = 51_000_000
"""Of a JPEG, HEIC or AVIF: a little more than phones' 50-megapixel sensors have."""
MAX_PIXELS: Final = 25_000_000
"""Of a picture that is decoded in full: converting that many takes up to 430 MB for a moment (WebP; PNG 250)."""
MIN_SIDE: Final = 32
"""Pixels."""
MAX_RATIO: Final = 20
"""Ratio of the longer to the shorter side, sendPhoto's limit: the result keeps its input's shape."""
MAX_SIDE: Final = 2560
"""Pixels of the longest side that are kept: Telegram's own largest photo, and more than the model works at."""


class Refusal(StrEnum):
    """Why a picture is not taken; the texts choose their words by it."""

    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    TOO_NARROW = "too_narrow"
    DAMAGED = "damaged"
    ANIMATED = "animated"
    UNKNOWN = "unknown"
    TOO_HEAVY = "too_heavy"
    """To open it takes more time or memory than a picture may have."""


class PictureRefusedError(Exception):
    """A picture is not taken."""

    def __init__(self, why: Refusal, *, width: int = 0, height: int = 0) -> None:
        super().__init__(why.value)
        self.why = why
        self.width = width
        self.height = height


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What a process may take for one picture."""

    memory: int
    """Bytes beside what the process has at its start."""
    cpu: int
    """Seconds of a processor."""
    nice: int
    """If processors are scarce, the bot's answers go before pictures, and light pictures before heavy ones."""

    @property
    def seconds(self) -> int:
        """By the clock: a busy machine gives a process part of a processor."""
        return 10 * self.cpu


LIGHT: Final = ProcessLimits(160 * MEGABYTE, cpu=3, nice=5)
"""For a picture for which others may wait."""
LIGHT_PIXELS, LIGHT_BYTES = 5_000_000, 4_000_000
"""What such a picture has at most. A pixel takes up to 16 bytes (a progressive JPEG in CMYK), and 64 MB are for what is
made of it."""
HEAVY: Final = ProcessLimits(512 * MEGABYTE, cpu=9, nice=10)
"""The most that any picture may take. HEIC and AVIF of 48 megapixels take 430 MB, and HEIC of 10 bits 460 MB."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A picture as the worker gets it: upright sRGB without transparency and metadata, JPEG or PNG."""

    data: bytes
    width: int
    height: int
