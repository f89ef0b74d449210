"""`make chaos`: runs over seeds, each of them reported."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from proofs.chaos.report import lines
from proofs.chaos.run import run

MOST = 2_000
"""Jobs of one run; more are several runs, with seeds that follow each other."""


async def main() -> int:
    """Run seed after seed, and print a report of each; 1 where one broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=MOST, help=f"in all; above {MOST} in several runs (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run (%(default)s)")
    parser.add_argument("--workers", type=int, default=4, help="processes (%(default)s)")
    options = parser.parse_args()
    # Told to stop, it stops what it has started.
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    left, seed, bad = options.jobs, options.seed, []
    while left > 0:
        one = await run(min(left, MOST), seed, workers=options.workers)
        print(*lines(one), sep="\n", flush=True)
        if not one.verdict.good:
            bad.append(seed)
        left, seed = left - MOST, seed + 1
    print(f"{options.jobs} jobs, {seed - options.seed} seeds: {f'BROKEN with {bad}' if bad else 'every promise kept'}")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
