"""What happened to each job and when, in a file that all processes append to: a line for each, written at once.

Times are nanoseconds of `CLOCK_MONOTONIC`, which all processes of a machine share. No more than the standard library
is imported: this runs in each queue's own environment.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

OFFERED, BEGUN, DONE = "offered", "begun", "done"
"""Just before a job is enqueued; its work begins; its work ends."""


class Mark(NamedTuple):
    """One thing that happened to one job, and when, in nanoseconds."""

    what: str
    job: int
    at: int


class Track:
    """Writes and reads the marks of one measurement.

    Args:
        path: Of the file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._read = 0

    def mark(self, what: str, job: int) -> None:
        """Note that this happens now."""
        os.write(self._file, f"{what} {job} {time.monotonic_ns()}\n".encode())

    def news(self) -> list[Mark]:
        """Return what was noted since the last call, by any process."""
        data = os.pread(self._file, 1 << 24, self._read)
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        words = (line.split() for line in whole.decode().splitlines())
        return [Mark(what, int(job), int(at)) for what, job, at in words]
