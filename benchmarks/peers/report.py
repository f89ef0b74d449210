"""The figures as tables."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack import redis_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.catalogue import Peer
    from benchmarks.peers.measures.speed import Speed


@dataclass(slots=True)
class Row:
    """A queue's figures; what was not measured of it is None. Times in milliseconds where the name does not say."""

    name: str
    title: str
    pickup_p50: float | None = None
    pickup_p99: float | None = None
    one: float | None = None
    """Jobs a second of one worker, and of four."""
    four: float | None = None
    waiting: dict[int, float] = field(default_factory=dict)
    """By how many jobs wait: the median from a job's end to the beginning of the next one."""


def row(peer: Peer, speed: Speed) -> Row:
    """Sum one queue's measurements up."""
    found = Row(peer.name, peer.shown)
    if speed.pickups:
        percentiles = statistics.quantiles(speed.pickups, n=100, method="inclusive")
        found.pickup_p50, found.pickup_p99 = percentiles[49], percentiles[98]
        found.waiting = {waiting: statistics.median(gaps) for waiting, gaps in speed.gaps.items()}
        found.one, found.four = statistics.median(speed.one), statistics.median(speed.four)
    return found


def tables(rows: Sequence[Row]) -> str:
    """Write the figures as a table in Markdown."""
    return _table(
        "queue | pickup p50 | p99 (ms) | jobs/s, 1 worker | 4 workers "
        "| next job, 10 wait | 1,000 | 10,000 (ms) | 10,000 to 10",
        *map(_speed, rows),
    )


def _table(head: str, *lines: Sequence[str]) -> str:
    columns = head.count(" | ")
    body = (f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join((f"| {head} |", f"| --- |{' ---: |' * columns}", *body))


def _speed(each: Row) -> tuple[str, ...]:
    few, some, many = (each.waiting.get(waiting) for waiting in (10, 1_000, 10_000))
    return (
        each.title,
        _figure(each.pickup_p50, 2),
        _figure(each.pickup_p99, 2),
        _figure(each.one, 0),
        _figure(each.four, 0),
        *(_figure(gap, 2) for gap in (few, some, many)),
        _figure(many / few if many and few else None, 2),
    )


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def machine() -> str:
    """Say what this was measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "name" in line),
        platform.machine(),
    )
    server = subprocess.run([redis_program(), "--version"], check=True, capture_output=True, text=True).stdout.split()  # noqa: S603 - the server that was measured
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} CPUs ({model}), {memory:.0f} GB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, Redis {server[2].removeprefix('v=')}, append-only file"
    )
