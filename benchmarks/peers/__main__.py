"""Compares queues on Redis with ours: seconds until a job is picked up, and jobs a second.

Each queue has the settings with which it loses least. Jobs are acknowledged late and worked on one at a time, nothing
is prefetched, and a lease takes ten seconds wherever that can be set. `floor` is LPUSH and BRPOP
alone, which loses what it popped. Ours has the queue's scripts and the worker's own loop, with pictures in Redis and
the edit left out.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.peers.measure import WAITING, Speed, measure
from qwenedit_testkit.programs import command_line, whole

QUEUES = ("floor", "ours", "streaq", "rq", "celery")
"""Modules of `benchmarks.peers.queues`; those with a file in `requirements` have an environment of their own."""
HEADS = ("p50", "p99, ms", "jobs/s", "of four", *(f"{waiting:,} wait" for waiting in WAITING))


async def main() -> None:
    """Measure and print."""
    parser = command_line(__doc__)
    parser.add_argument("queues", nargs="*", metavar="QUEUE", help=f"of {', '.join(QUEUES)}; if none is named, all")
    parser.add_argument("--rounds", type=whole(), default=1, help="of all measurements (%(default)s)")
    parser.add_argument("--jobs", type=whole(), default=100, help="of one queue's pickup in one round (%(default)s)")
    options = parser.parse_args()
    if unknown := set(options.queues) - set(QUEUES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    queues, began = options.queues or list(QUEUES), time.monotonic()
    speeds = {name: Speed() for name in queues}
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for number in range(options.rounds):
            for turn in range(len(queues)):
                name = queues[(turn + number) % len(queues)]
                print(f"round {number + 1} of {options.rounds}: {name}", file=sys.stderr, flush=True)
                await measure(name, Path(folder) / f"{name}-{number}", speeds[name], jobs=options.jobs)
    print(f"{'':8}", *(f"{head:>11}" for head in HEADS))
    for name, speed in speeds.items():
        print(f"{name:8}", *(f"{cell:11,.2f}" for cell in speed.cells()))
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    print(f"{machine}; {options.rounds} rounds in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    asyncio.run(main())
