"""Which running jobs are told to hang, and which are only slow."""

from __future__ import annotations

import pytest

from qwenedit_jobs import State
from qwenedit_jobs.cli.overview import SeenWorker
from qwenedit_jobs.cli.running_jobs import running_jobs
from qwenedit_jobs.queue.job_records import Record
from qwenedit_jobs.workers.registry import Presence

NOW = 1_000_000.0


def running(*, ran, stood, step=2, usual: float | None = 4.0, seen=1.0, limit=300.0):
    """A worker whose job has run and stood at a step for so many seconds."""
    moved_at = NOW - stood if stood is not None else None
    job = Record("job", State.RUNNING, worker="gpu-1", step=step, steps=4, started_at=NOW - ran, moved_at=moved_at)
    presence = Presence(worker="gpu-1", since=NOW - 9_000, ready=True, draining=False, limit=limit)
    [found] = running_jobs([SeenWorker("gpu-1", presence, NOW - seen, job, usual)], now=NOW)
    return found


@pytest.mark.parametrize(
    ("why", "job", "hung"),
    [
        ("a step takes longer than whole jobs, and 20 s more", running(ran=27, stood=25), True),
        ("the last step was not long ago", running(ran=27, stood=23), False),
        ("a slow job goes on step by step", running(ran=250, stood=20), False),
        ("jobs of this workflow are long", running(ran=200, stood=100, usual=90.0), False),
        ("one of their steps is longer still", running(ran=200, stood=111, usual=90.0), True),
        ("before the first step a model is loaded", running(ran=120, stood=120, step=0), False),
        ("no model takes that long", running(ran=126, stood=125, step=0), True),
        ("nobody knows the usual time yet", running(ran=119, stood=119, usual=None), False),
        ("nobody knows it, but so long is too long", running(ran=121, stood=121, usual=None), True),
        ("a worker of an earlier release tells no step", running(ran=100, stood=None), False),
        ("the step is of the attempt before", running(ran=10, stood=900), False),
        ("the worker was killed, and its job with it", running(ran=40, stood=35, seen=30), False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_job_hangs_when_it_stands_at_a_step_for_longer_than_jobs_take(why, job, hung):
    assert job.hangs is hung, why


@pytest.mark.parametrize(
    ("job", "near"),
    [
        (running(ran=241, stood=1), True),
        (running(ran=239, stood=1), False),
        (running(ran=241, stood=1, usual=200.0), False),
        (running(ran=241, stood=100), False),
        (running(ran=241, stood=1, limit=0.0), False),
    ],
    ids=["near", "not yet", "usual for its workflow", "hangs, which is told as such", "limit unknown"],
)
def test_job_is_near_its_limit_when_it_goes_on_and_takes_longer_than_usual(job, near):
    assert job.near_limit is near
