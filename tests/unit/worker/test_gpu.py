"""The account of the GPU's seconds: whose each is, and that none is lost or counted twice."""

from __future__ import annotations

import random
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_worker.telemetry.gpu_time import GpuActivity, GpuTime


def account(clock):
    return GpuTime(clock=clock)


def scraped(gpu):
    registry = CollectorRegistry()
    registry.register(gpu)
    return {
        activity: registry.get_sample_value("qwenedit_gpu_seconds_total", {"activity": activity})
        for activity in GpuActivity
    }


def test_workers_day_is_told_by_activity(clock):
    gpu = account(clock)
    clock.now += 4  # ComfyUI starts
    gpu.ready(yes=True)
    clock.now += 10
    with gpu.job() as share:
        clock.now += 1  # read, uploaded
        share.spend(GpuActivity.LOADING)
        clock.now += 20
        share.spend(GpuActivity.EDITING)
        clock.now += 5
    clock.now += 7
    gpu.ready(yes=False)
    clock.now += 2
    assert scraped(gpu) == {"starting": 6, "loading": 20, "editing": 6, "idle": 17}
    assert (share.seconds, share.load_seconds) == (26, 20)


@pytest.mark.parametrize("seed", range(5))
def test_activities_add_up_to_the_time_at_every_scrape_and_none_goes_back(clock, seed):
    """Whatever happens in whatever order: jobs that overlap, ComfyUI that comes and goes, loads that break off."""
    chance = random.Random(seed)  # noqa: S311 - a day's events
    began = clock.now
    gpu = account(clock)
    jobs: list[Any] = []
    before = dict.fromkeys(GpuActivity, 0.0)
    for _ in range(300):
        clock.now += chance.expovariate(1)
        match chance.randrange(7):
            case 0:
                gpu.ready(yes=chance.random() < 0.7)
            case 1 | 2 if len(jobs) < 2:
                job = gpu.job()
                jobs.append((job, job.__enter__()))
            case 3 if jobs:
                job, share = jobs.pop(chance.randrange(len(jobs)))
                job.__exit__(None, None, None)
                assert share.seconds >= (share.load_seconds or 0)
            case 4 if jobs:
                chance.choice(jobs)[1].spend(GpuActivity.LOADING)
            case 5 if jobs:
                chance.choice(jobs)[1].spend(chance.choice([GpuActivity.EDITING, GpuActivity.IDLE]))
            case _:
                now = scraped(gpu)
                assert sum(now.values()) == pytest.approx(clock.now - began)
                assert all(now[activity] >= before[activity] for activity in GpuActivity)
                before = now
