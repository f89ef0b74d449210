"""What the limits of the container keep from the service in which a command runs. Linux tells that in cgroups."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import size

if TYPE_CHECKING:
    from collections.abc import Iterator

CGROUP = Path("/sys/fs/cgroup")
ENOUGH_CPU = 0.25
"""CPUs with which a service starts before its startup probe ends it."""
FULL = 0.95
"""Share of the memory limit from which on the next picture may have the container killed."""


def own_troubles(cgroup: Path = CGROUP) -> Iterator[str]:
    """Name limits of this container that are too low."""
    page = "QweneditBotDown: the bot" if "BOT_TOKEN" in os.environ else "QweneditNoWorker: the worker"
    quota, period = (*_words(cgroup / "cpu.max"), "", "")[:2]
    if quota.isdecimal() and period.isdecimal() and int(quota) < ENOUGH_CPU * int(period):
        cpus = int(quota) / int(period)
        yield f"{page} has a limit of {cpus:g} CPUs, which is too low: its `resources`, or a LimitRange's default"
    facts = _pairs(cgroup / "memory.stat")
    limit, used = (*_words(cgroup / "memory.max"), "")[0], (*_words(cgroup / "memory.current"), "")[0]
    if limit.isdecimal() and used.isdecimal():
        needed = int(used) - facts.get("inactive_file", 0)
        killed = _pairs(cgroup / "memory.events").get("oom_kill", 0)
        if killed or needed > FULL * int(limit):
            said = f"{page} needs {size(needed)} of its memory limit of {size(int(limit))}"
            yield f"{said}; processes killed for that: {killed}. Raise its `resources.limits.memory`"


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:  # no limit, no such kernel, or not in a container
        return []


def _pairs(file: Path) -> dict[str, int]:
    words = _words(file)
    return {name: int(value) for name, value in zip(words[::2], words[1::2], strict=False) if value.isdecimal()}
