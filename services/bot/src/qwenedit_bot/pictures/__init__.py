"""Pictures from strangers: what is refused, what becomes of the rest, and what that may cost.

This module has what needs no process, for the child that converts imports it as well. The others say what they bound:
`budget` anything scarce, `converter` the CPU and memory of a conversion, `intake` users' photos, `results` results.
"""

from qwenedit_bot.pictures.decoding import (
    MAX_BYTES,
    MAX_PIXELS,
    MAX_PIXELS_JPEG,
    MAX_RATIO,
    MAX_SCANS,
    MAX_SIDE,
    MIN_SIDE,
    SEND_PHOTO_BYTES,
    SEND_PHOTO_SIDES,
    Normalised,
    PictureRefusedError,
    Refusal,
    for_send_photo,
    goes_as_it_is,
    normalise,
    of_telegram,
)

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_PIXELS_JPEG",
    "MAX_RATIO",
    "MAX_SCANS",
    "MAX_SIDE",
    "MIN_SIDE",
    "SEND_PHOTO_BYTES",
    "SEND_PHOTO_SIDES",
    "Normalised",
    "PictureRefusedError",
    "Refusal",
    "for_send_photo",
    "goes_as_it_is",
    "normalise",
    "of_telegram",
]
