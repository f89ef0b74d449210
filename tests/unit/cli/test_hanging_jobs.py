"""Which running jobs hang, and which are only slow."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Edit, Job, Phase, State, Status
from qwenedit_jobs.cli.worker_status import SeenWorker
from qwenedit_jobs.workers.registry import Presence

NOW = 1_000_000.0


def hangs(*, ran, stood, step=2, usual: float | None = 4.0, seen=1.0):
    """Whether a job hangs that has run and stood at a step for so many seconds."""
    moved_at = NOW - stood if stood is not None else None
    edit = Edit(prompt="p", pictures=("p",), seed=1)
    job = Status(
        job=Job(id="job", user_id=1, edit=edit, reply=None),
        state=State.RUNNING,
        phase=Phase.EDITING,
        step=step,
        steps=4,
        attempt=1,
        cancelling=False,
        enqueued_at=NOW - ran,
        reason=None,
        result=None,
        started_at=NOW - ran,
        moved_at=moved_at,
    )
    presence = Presence(worker="gpu-1", since=NOW - 9_000, ready=True, draining=False)
    return SeenWorker("gpu-1", presence, NOW - seen, job, usual).hangs_for(NOW) > 0


@pytest.mark.parametrize(
    ("why", "found", "expected"),
    [
        ("a step takes longer than whole jobs, and 20 s more", hangs(ran=27, stood=25), True),
        ("the last step was not long ago", hangs(ran=27, stood=23), False),
        ("a slow job goes on step by step", hangs(ran=250, stood=20), False),
        ("jobs of this workflow are long", hangs(ran=200, stood=100, usual=90.0), False),
        ("one of their steps is longer still", hangs(ran=200, stood=111, usual=90.0), True),
        ("before the first step a model is loaded", hangs(ran=120, stood=120, step=0), False),
        ("no model takes that long", hangs(ran=126, stood=125, step=0), True),
        ("nobody knows the usual time yet", hangs(ran=119, stood=119, usual=None), False),
        ("nobody knows it, but so long is too long", hangs(ran=121, stood=121, usual=None), True),
        ("the step is of the attempt before", hangs(ran=10, stood=900), False),
        ("the worker was killed, and its job with it", hangs(ran=40, stood=35, seen=30), False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_job_hangs_if_it_stands_at_a_step_for_longer_than_jobs_take(why, found, expected):
    assert found is expected, why
