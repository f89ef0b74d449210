"""What is said about pictures, and what may be taken: for the bot, which loads no library that opens pictures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MEGABYTE: Final = 1024 * 1024
MAX_BYTES: Final = 20 * MEGABYTE
"""What getFile lets a bot download (https://core.telegram.org/bots/api#getfile)."""
MAX_RESULT_BYTES: Final = 50_000_000
"""Of a result: what sendDocument takes (https://core.telegram.org/bots/api#senddocument)."""
MAX_PIXELS_PHOTO: Final = 51_000_000
"""Of a JPEG, HEIC or AVIF: a little more than phones' 50-megapixel sensors have. JPEGs are decoded at a part of their
size: 120 MB. HEIC and AVIF of 48 megapixels take 430 MB, and HEIC of 10 bits 460 MB."""
MIN_SIDE: Final = 32
"""Pixels."""
SEND_PHOTO_BYTES: Final = 10 * 1000 * 1000 - 32 * 1024
"""What sendPhoto takes (https://core.telegram.org/bots/api#sendphoto), less the room for the mark of AI."""


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
class Limits:
    """What a process may take for one picture."""

    cpu: int
    """Seconds."""
    memory: int
    """Bytes beside what it has at its start."""
    seconds: int
    """By the clock: a busy machine gives a process part of a CPU."""
    nice: int
    """If processors are scarce, the bot's answers go before pictures, and light pictures before heavy ones."""


LOOK: Final = Limits(cpu=1, memory=64 * MEGABYTE, seconds=30, nice=0)
"""Of what reads a header and decodes nothing."""
LIGHT: Final = Limits(cpu=3, memory=128 * MEGABYTE, seconds=30, nice=5)
HEAVY: Final = Limits(cpu=9, memory=512 * MEGABYTE, seconds=120, nice=10)


@dataclass(frozen=True, slots=True)
class Look:
    """What a user's picture is, as far as its header tells."""

    heavy: bool
    """It is not converted in a moment."""
    ready: bool = False
    """It needs no conversion."""
    width: int = 0
    height: int = 0
    """Pixels, of one that is ready."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A picture as the worker gets it: upright sRGB without transparency and metadata, JPEG or PNG."""

    data: bytes
    width: int
    height: int
    pixels: int = 0
    """Of the picture as it came; 0 where that is unknown."""


@dataclass(frozen=True, slots=True)
class ResultLook:
    """What a result is, as far as its header tells."""

    data: bytes
    """The mark that says that an AI edited it."""
    at: int
    """Where the mark belongs."""
    fits: bool
    """sendPhoto takes the result as it is."""
    heavy: bool
    """It is not converted in a moment."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A result as sendPhoto takes it."""

    data: bytes
    """A marked JPEG; empty where only a file can carry the result."""


Answer = Look | Normalised | ResultLook | Photo
