from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenedit_bot.scaling.free_workers import FreeWorkers

work = st.lists(st.tuples(st.integers(0, 400), st.sampled_from([0.0, 1.0, 7.5, 60.0])), min_size=1, max_size=4)


@given(st.lists(st.floats(0, 900), min_size=1, max_size=9), work)
def test_jobs_done_in_rounds_end_as_those_done_one_by_one(free_in: list[float], line: list[tuple[int, float]]):
    workers, one_by_one = FreeWorkers(free_in), list(free_in)
    heapq.heapify(one_by_one)
    for jobs, seconds in line:
        done = 0.0
        for _ in range(jobs):
            done = one_by_one[0] + seconds
            heapq.heapreplace(one_by_one, done)
        assert workers.do(jobs, seconds) == pytest.approx(done)
