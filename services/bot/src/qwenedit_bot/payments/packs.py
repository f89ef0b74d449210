"""Packs of jobs that an operator sells for Telegram Stars."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

BOUGHT = "stars "
"""Begins the names of lots of jobs that were paid for."""
MOST_JOBS = 10_000
MOST_STARS = 10_000
"""More than anybody should pay at once; Telegram's own limit is above it."""

_WRITTEN = re.compile(r"([0-9]{1,5}):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Pack:
    """So many jobs for so many Stars."""

    jobs: int
    stars: int

    @classmethod
    def read(cls, written: str) -> Self:
        """Read `jobs:stars`.

        Raises:
            ValueError: it is none.
        """
        found = _WRITTEN.fullmatch(written.strip())
        if found is None:
            raise ValueError("each pack is written as jobs:stars, such as 10:50")
        jobs, stars = map(int, found.groups())
        if not (1 <= jobs <= MOST_JOBS and 1 <= stars <= MOST_STARS):
            raise ValueError(f"a pack has 1 to {MOST_JOBS} jobs for 1 to {MOST_STARS} Stars")
        return cls(jobs, stars)

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.jobs}:{self.stars}"
