"""One run: people ask, things go wrong, and in the end it is judged."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from proofs.chaos.faults import BUCKET, WIRES, Kind, Villain, schedule
from proofs.chaos.harness import Harness
from proofs.chaos.oracle import Oracle, Verdict
from proofs.chaos.people import Crowd
from qwenedit_jobs import Keys
from qwenedit_jobs.lanes import Lanes
from qwenedit_testkit.processes import MEBIBYTE, resident

if TYPE_CHECKING:
    from collections.abc import Collection

    from proofs.chaos.history import History

PATIENCE = 120.0
"""Seconds: several leases, one after another."""
LOOK_EVERY = 0.5
GAP = 0.6
"""Mean seconds between two faults."""
SIGNS = 5.0
"""Seconds between two words on how far a run is."""


@dataclass
class Run:
    """A run and what came of it."""

    jobs: int
    seed: int
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0
    draining: float = 0.0
    slowness: float = 1.0
    faults: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    memory: dict[str, float] = field(default_factory=dict)
    commands: int = 0
    wires: tuple[str, ...] = WIRES
    history: History = field(init=False)


async def run(  # noqa: PLR0913 - what a run is made of, by name
    jobs: int,
    seed: int,
    *,
    workers: int = 4,
    gap: float = GAP,
    kinds: Collection[Kind] = tuple(Kind),
    least: int = 0,
    most: int | None = None,
    patience: float = PATIENCE,
    wires: tuple[str, ...] = WIRES,
) -> Run:
    """Run once.

    Args:
        jobs: How many people ask for.
        seed: Of everything that is left to chance.
        workers: Processes.
        gap: Mean seconds between two faults.
        kinds: What goes wrong.
        least: How often at least.
        most: How often at most; without, for as long as people ask.
        patience: Seconds after the last fault in which the last job must be answered, on a machine with two free cores.
        wires: The connections that ail. With `BUCKET` among them pictures lie in a store of objects.
    """
    result = Run(jobs, seed, wires=wires)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        async with Harness(Path(folder), workers=workers, seed=seed, bucket=BUCKET in wires) as harness:
            crowd = Crowd(harness, jobs, seed)
            villain = Villain(harness, islice(schedule(seed, gap=gap, kinds=kinds, wires=wires), most))
            oracle = Oracle(harness, crowd)
            over, began = asyncio.Event(), time.monotonic()
            async with asyncio.TaskGroup() as tasks:
                mischief = tasks.create_task(villain.run(over))
                signs = tasks.create_task(_give_signs(crowd))
                await crowd.ask()
                await villain.until_done(least)
                over.set()
                await mischief
                calm = time.monotonic()
                await _settle(harness, crowd, oracle, calm, patience)
                signs.cancel()
            result.seconds, result.draining = time.monotonic() - began, time.monotonic() - calm
            result.slowness = harness.slowness
            result.faults, result.killed = villain.done, Counter(end.name for end in harness.kubelet.ends if end.killed)
            result.memory = {part.name: resident(part.pid) / MEBIBYTE for part in harness.services if part.running}
            verdict = result.verdict = await oracle.judge()
            if harness.bucket is not None:
                people = {request.person.id: request.person for request in crowd.requests}
                verdict.unclean += await harness.bucket.leftovers(people.values(), crowd.jobs_of())
        result.history = oracle.history
        result.commands = sum(result.history.commands.values())
        # Read from the file, which goes with the folder.
        result.history.keep({**verdict.lost, **verdict.duplicated, **verdict.unexpected})
    return result


async def _settle(harness: Harness, crowd: Crowd, oracle: Oracle, calm: float, patience: float) -> None:
    """Wait until everybody has an answer and nothing is left to do; a slow machine has as much longer for it."""
    for part in harness.services:
        await harness.kubelet.until_up(part)
    while time.monotonic() < calm + patience * harness.slowness:
        if await crowd.idle():
            await crowd.look()
            if not oracle.unanswered() and not await waiting(harness):
                return
        await asyncio.sleep(LOOK_EVERY)
    await crowd.look()


async def waiting(harness: Harness) -> int:
    """Count what the bot has not noted as done: it notes so after it has told the user."""
    lanes = (Lanes(harness.client, Keys().inbox), Lanes(harness.client, Keys().answers))
    return sum([(await each.occupancy()).waiting for each in lanes])


async def _give_signs(crowd: Crowd) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(SIGNS)
        sent = sum(bool(request.message) for request in crowd.requests)
        print(f"  {time.monotonic() - began:4.0f} s: {sent} sent", file=sys.stderr, flush=True)
