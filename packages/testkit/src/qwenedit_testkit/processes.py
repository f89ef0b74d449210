"""What a process takes of the machine, as Linux tells it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = 1 / os.sysconf("SC_CLK_TCK")
MEGABYTE, MEBIBYTE = 1_000_000, 1 << 20


def resident(pid: int) -> int:
    """Return the bytes that a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def resident_in_all(pid: int) -> int:
    """Return the bytes that a process and all that descend from it have in memory."""
    found = 0
    for one in _family(pid):
        with suppress(OSError, IndexError):  # ended meanwhile
            found += resident(one)
    return found


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of all that descend from it, those that have ended too."""
    found = 0.0
    for one in _family(pid):
        with suppress(OSError, IndexError):  # ended meanwhile
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            found += sum(map(int, fields[11:15])) * TICK  # its own, and that of children that it has waited for
    return found


def _family(pid: int) -> list[int]:
    found, pids = [], [pid]
    while pids:
        found.append(one := pids.pop())
        with suppress(OSError):  # ended meanwhile
            for task in Path(f"/proc/{one}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return found
