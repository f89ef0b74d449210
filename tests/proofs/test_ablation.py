"""Proof that the oracle can fail: the product with scripts that do not check a worker's token."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proofs.chaos.harness import Harness
from proofs.chaos.oracle import Oracle, Verdict
from proofs.chaos.people import Crowd
from proofs.chaos.run import waiting
from tests.proofs.ablation import without_token_check

if TYPE_CHECKING:
    from local_stack import Part

PATIENCE = 240.0
"""Seconds: a lease, and the start of two workers on a busy machine."""
LOOK_EVERY = 0.1


@pytest.mark.timeout(600)
async def test_worker_that_wakes_after_its_successor_ends_a_job_twice_without_the_token_check(tmp_path):
    scripts = without_token_check(tmp_path / "lua")
    async with Harness(tmp_path / "harness", workers=0, seed=1, scripts=scripts) as harness, asyncio.timeout(PATIENCE):
        verdict, ends = await executed_twice(harness)
    assert verdict.duplicated, verdict
    assert ends == ["done", "done"]


async def executed_twice(harness: Harness) -> tuple[Verdict, list[str]]:
    """Have a job's first worker stand still at its result, past its lease and until another one has handed it in."""
    late = await harness.launch_worker("late", CHAOS_STOP="1")
    crowd = Crowd(harness, jobs=1, seed=1)
    await crowd.ask()
    await until_stopped(late)
    await harness.launch_worker("successor")
    oracle = Oracle(harness, crowd)
    await until_answered(harness, crowd, oracle)
    late.signal(signal.SIGCONT)
    await late.wait_for_line(r"job\.settled")
    await until_answered(harness, crowd, oracle)
    verdict = await oracle.judge()
    (past,) = oracle.seen.values()
    return verdict, past.ends


async def until_stopped(part: Part) -> None:
    while not is_stopped(part.pid):
        await asyncio.sleep(LOOK_EVERY)


def is_stopped(pid: int) -> bool:
    """Whether a signal has stopped a process: its state is T, by proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def until_answered(harness: Harness, crowd: Crowd, oracle: Oracle) -> None:
    while True:
        if await crowd.idle():
            await crowd.look()
            if not oracle.unanswered() and not await waiting(harness):
                return
        await asyncio.sleep(LOOK_EVERY)
