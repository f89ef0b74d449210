"""How large a result is made on request: near the size of a photo sent as a file, else about twice as wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qwenedit_bot.pictures.sources import Attachment, of_text, pixels_of_text

if TYPE_CHECKING:
    from qwenedit_jobs import Job, Status

WORKFLOW: Final = "larger"
"""Name of the workflow that enlarges a picture; the workers have it."""
MEGAPIXELS: Final = "megapixels"
"""Its parameter."""
SQUARE: Final = 1024 * 1024
"""Pixels of one unit of the workflow's parameter `megapixels`."""
USUAL: Final = 4.0
"""Megapixels of a result that is made larger, where the photo's own size asks for nothing else."""
OWN_FROM: Final = 2_000_000
"""Pixels from which on the result of a file is brought to the file's own size."""


def target_of(status: Status, most: float) -> float | None:
    """Find what a job's result may be enlarged to, in units of 1024 x 1024 pixels, as the workflow counts.

    None where it is large already, or no result is enlarged.

    Args:
        status: Of the job.
        most: Megapixels that any result may have; 0 where none is enlarged.
    """
    if not most or is_larger(status.job):
        return None
    own = _pixels_of_file(status.sources)
    return min(own / SQUARE if own > OWN_FROM else USUAL, most)


def _pixels_of_file(sources: str) -> int:
    """Return how many pixels the first photo had, if it came as a file; else 0: Telegram had made it smaller."""
    photo, pixels = next(iter(of_text(sources)), None), pixels_of_text(sources)
    return pixels[0] if pixels and isinstance(photo, Attachment) and photo.mime is not None else 0


def is_larger(job: Job) -> bool:
    """Whether a job enlarges a picture."""
    return job.edit.workflow == WORKFLOW


def as_cameras_count(megapixels: float) -> int:
    """Turn units of 1024 x 1024 pixels into millions."""
    return round(megapixels * SQUARE / 1e6)
