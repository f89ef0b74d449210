"""What happened to each job and when, in a file that all processes append to.

A record is one small write at the file's end. Records of several processes never mix, and those of a killed process
stay. Times are nanoseconds of `CLOCK_MONOTONIC`, which all processes of a machine share. No more than the standard
library is imported: this runs in each queue's own environment.
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_RECORD = struct.Struct("<cxxxIqq")
OFFERED, BEGUN, DONE = b"o", b"b", b"d"
"""Just before a job is enqueued; its work begins; its work ends."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that happened to one job."""

    what: bytes
    job: int
    pid: int
    at: int
    """Nanoseconds."""


class Track:
    """Writes and reads the marks of one measurement.

    Args:
        path: Of the file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._pid = os.getpid()
        self._read = 0

    def mark(self, what: bytes, job: int) -> None:
        """Note that this happens now."""
        os.write(self._file, _RECORD.pack(what, job, self._pid, time.monotonic_ns()))

    def news(self) -> list[Mark]:
        """Return what was noted since the last call, by whomever."""
        data = os.pread(self._file, 1 << 24, self._read)
        whole = len(data) - len(data) % _RECORD.size
        self._read += whole
        return [Mark(what, job, pid, at) for what, job, pid, at in _RECORD.iter_unpack(data[:whole])]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
