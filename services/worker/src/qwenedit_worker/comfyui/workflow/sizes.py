"""Sizes for an edit that loses nothing of its photo: pure functions of the photo's width and height.

The photo is scaled to a canvas whose sides the model can work at, and the result is scaled back to the photo's ratio. A
photo longer than `LONGEST` is padded to the canvas, and the padding is cut off the result.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Self

import imagesize

SQUARE = 1024 * 1024
"""Pixels of a megapixel, as the models' makers count: 1024 x 1024."""
LONGEST = 4.0
"""Longer side to shorter side of a photo that fills the canvas; beyond, the models' pictures fall apart."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    @property
    def turned(self) -> Self:
        """The same with its sides exchanged."""
        return type(self)(self.height, self.width)

    @property
    def ratio(self) -> float:
        """Width to height."""
        return self.width / self.height


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of one edit."""

    canvas: Size
    """At which the model works: of the latent picture, of the reference, and of what the model makes."""
    photo: Size
    """Of the photo inside the canvas; the canvas itself, unless the photo is padded."""
    result: Size
    """Of the answer: the photo's own ratio, to a pixel."""

    @property
    def margins(self) -> tuple[int, int, int, int]:
        """Pixels of padding to the left of the photo, above it, to its right and below it."""
        across, down = self.canvas.width - self.photo.width, self.canvas.height - self.photo.height
        return across // 2, down // 2, across - across // 2, down - down // 2


def size_of(picture: bytes) -> Size | None:
    """Read a file's size from its header, as it is seen upright; None if the file is no known picture."""
    try:  # of a part: a file of nothing but markers would take seconds
        width, height = imagesize.get(io.BytesIO(picture[: 1024 * 1024]))
    except (ValueError, OSError, TypeError):
        return None
    return Size(int(width), int(height)) if width > 0 and height > 0 else None


def plan(photo: Size, *, megapixels: float, padded: bool = True) -> Plan:
    """Find the sizes for a photo.

    Args:
        photo: Its size, upright.
        megapixels: The area at which the model works, in units of 1024 x 1024.
        padded: Pad a photo that is longer than `LONGEST`. Otherwise the canvas is as long as the photo.
    """
    if photo.height > photo.width:
        lying = plan(photo.turned, megapixels=megapixels, padded=padded)
        return Plan(canvas=lying.canvas.turned, photo=lying.photo.turned, result=lying.result.turned)
    if padded and photo.ratio > LONGEST:
        canvas = canvas_of(LONGEST, megapixels=megapixels)
        inside = Size(canvas.width, max(1, round(canvas.width / photo.ratio)))
    else:
        inside = canvas = canvas_of(photo.ratio, megapixels=megapixels)
    return Plan(canvas=canvas, photo=inside, result=of_ratio(photo, inside.width * inside.height))


def canvas_of(ratio: float, *, megapixels: float) -> Size:
    """Find the size with sides of whole units that is nearest to a ratio, and then to an area."""
    if ratio < 1:
        return canvas_of(1 / ratio, megapixels=megapixels).turned
    area, unit = megapixels * SQUARE, 16  # pixels: 8 of the image codec times 2 of the model's patches
    shorter = math.sqrt(area / ratio) / unit
    found = (
        Size(long * unit, short * unit)
        for short in range(max(1, math.floor(shorter * 0.9)), math.ceil(shorter * 1.1) + 1)
        for long in (math.floor(short * ratio), math.ceil(short * ratio))
    )
    return min(found, key=lambda size: _difference(size, ratio, area))


def of_ratio(photo: Size, pixels: float) -> Size:
    """Find the largest size of at most so many pixels that has a photo's ratio; of those 1.5 % smaller the best."""
    if photo.height > photo.width:
        return of_ratio(photo.turned, pixels).turned
    longest = max(1, math.floor(math.sqrt(pixels * photo.ratio) + 1e-6))

    def error(width: int) -> tuple[float, int]:
        height = width / photo.ratio
        return abs(max(1, round(height)) - height) / height, -width

    width = min(range(max(1, math.ceil(longest * 0.985)), longest + 1), key=error)
    return Size(width, max(1, round(width / photo.ratio)))


def _difference(size: Size, ratio: float, area: float) -> float:
    # A ratio that is off is ten times as bad as an area that is.
    return abs(math.log(size.ratio / ratio)) + 0.1 * abs(math.log(size.width * size.height / area))
