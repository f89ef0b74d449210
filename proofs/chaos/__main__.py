"""Kills, stops, cuts off and starves parts under load: each job is answered once.

Redis, the bot, four workers and the simulators are processes; people send photos while a schedule of faults, made from
the seed, befalls them. Each run is reported, and judged by what people see and by what Redis' file says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proofs._frame import prove
from proofs.chaos.faults import BUCKET, WIRES
from proofs.chaos.report import lines
from proofs.chaos.run import run
from qwenedit_testkit.object_server import NoGoError, versitygw
from qwenedit_testkit.programs import unable

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

MOST = 2_000
"""Jobs of one run; more are several runs, with seeds that follow each other."""


async def chaos(options: argparse.Namespace, _folder: Path) -> list[str]:
    """Run seed after seed, and print a report of each."""
    if options.bucket:
        try:
            versitygw()
        except NoGoError as error:
            unable(str(error))
    wires = (*WIRES, BUCKET) if options.bucket else WIRES
    left, seed, broken = options.jobs, options.seed, list[str]()
    while left > 0:
        one = await run(min(left, MOST), seed, workers=options.workers, wires=wires)
        print(*lines(one), sep="\n", flush=True)
        broken += [f"with seed {seed}: {each}" for each in one.verdict.broken]
        left, seed = left - MOST, seed + 1
    return broken


if __name__ == "__main__":
    prove(
        chaos,
        __doc__,
        jobs=(MOST, f"in all; above {MOST} in several runs"),
        workers=(4, "processes"),
        bucket=(False, "pictures lie in a store of objects"),
    )
