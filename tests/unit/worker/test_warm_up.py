"""When a worker loads its model before the first job, and what it does where that fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from qwenedit_jobs.workers.registry import LiveWorker, Presence, Seen
from qwenedit_worker.comfyui import OutOfMemory
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.health.warm_up import WarmUp, demanded
from qwenedit_worker.telemetry.metrics import Metrics

WORKFLOW = "fast"


class Bench:
    """A warm-up whose edits do what the test says, and a clock that the test moves."""

    def __init__(self):
        self.registry = CollectorRegistry()
        self.now, self.edits = 0.0, 0
        self.error: Exception | None = None
        self.demand = False
        self.warm_up = WarmUp(
            self.edit,
            workflow=WORKFLOW,
            budget=300,
            demanded=self.demanded,
            metrics=Metrics(self.registry),
            clock=lambda: self.now,
        )

    async def edit(self, *, deadline):  # noqa: ARG002 - the port's
        self.edits += 1
        if self.error is not None:
            raise self.error

    async def demanded(self):
        return self.demand

    def count(self, outcome):
        return self.registry.get_sample_value(
            "qwenedit_warm_up_seconds_count", {"workflow": WORKFLOW, "outcome": outcome}
        )


@pytest.fixture
def bench():
    return Bench()


async def test_warm_up_is_needed_once_and_again_when_comfyui_may_have_restarted(bench):
    assert await bench.warm_up.needed()
    assert await bench.warm_up.run()
    assert not await bench.warm_up.needed()
    bench.warm_up.mark_cold()
    assert await bench.warm_up.needed()
    assert bench.count("warm") == 1


async def test_job_that_nobody_else_is_ready_for_is_taken_at_once_and_loads_the_model_itself(bench):
    bench.demand = True
    assert not await bench.warm_up.needed()
    bench.demand = False
    assert await bench.warm_up.needed(), "the job went to another worker"
    bench.warm_up.done()
    assert not await bench.warm_up.needed()
    assert bench.edits == 0


async def test_failed_warm_up_is_told_each_time_and_pauses_grow(bench):
    bench.error = OutOfMemory("20 GB wanted")
    pauses = []
    with capture_logs() as logs:
        for failures in range(1, 10):
            assert not await bench.warm_up.run()
            if failures > 1:
                assert not await bench.warm_up.run(), "there is a pause"
            assert bench.edits == failures
            assert "OutOfMemory: 20 GB wanted" in bench.warm_up.problem
            assert f"failed {failures} time(s)" in bench.warm_up.problem
            pauses.append(logs[-1]["again_in"])
            bench.now += pauses[-1] + 1
    assert pauses[0] == 0
    assert 5 / 2 < pauses[1] < pauses[3] < pauses[-1]
    assert 300 / 2 < pauses[-1] <= 300
    told = [line for line in logs if line["event"] == "worker.warm_up_failed"]
    assert [line["failures"] for line in told] == list(range(1, 10))
    assert {line["log_level"] for line in told} == {"warning"}
    assert bench.count("failed") == 9
    bench.error = None
    assert await bench.warm_up.run()
    assert not await bench.warm_up.needed()


async def test_job_is_taken_without_a_warm_up_that_failed_where_nobody_else_is_ready(bench):
    bench.error = OutOfMemory("20 GB wanted")
    assert not await bench.warm_up.run()
    assert await bench.warm_up.needed()
    bench.demand = True
    assert not await bench.warm_up.needed()


def presence(name, *, ready=True, draining=False):
    return LiveWorker(Presence(worker=name, since=0, ready=ready, draining=draining), at=0)


@pytest.mark.parametrize(
    ("waiting", "paused", "workers", "expected"),
    [
        (1, False, [presence("me", ready=False)], True),
        (0, False, [], False),
        (1, True, [], False),
        (1, False, [presence("other")], False),
        (1, False, [presence("other", ready=False)], True),
        (1, False, [presence("other", draining=True)], True),
    ],
)
async def test_job_is_demanded_of_a_worker_only_while_no_other_one_is_ready(waiting, paused, workers, expected):
    async def counts():
        return SimpleNamespace(waiting=waiting, paused=paused)

    async def seen():
        return Seen(tuple(workers))

    queue: Any = SimpleNamespace(counts=counts)
    register: Any = SimpleNamespace(seen=seen)
    assert await demanded(queue, register, by="me") is expected


async def test_job_is_not_demanded_while_redis_does_not_answer():
    async def counts():
        raise QueueUnavailableError

    nothing: Any = SimpleNamespace(counts=counts)
    assert not await demanded(nothing, nothing, by="me")
