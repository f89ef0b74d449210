"""How often a worker gives a job back without counting the attempt."""

from __future__ import annotations

from qwenedit_worker.loop.returns import REMEMBERED_JOBS, Returns


def test_third_return_counts_as_an_attempt_unless_the_job_has_ended_since():
    returns = Returns()
    assert [returns.allowed("a") for _ in range(3)] == [True, True, False]
    assert returns.allowed("b")
    returns.forget("a")
    assert returns.allowed("a")


def test_job_is_forgotten_when_many_others_came_back_since():
    returns = Returns()
    for _ in range(3):
        returns.allowed("a")
    for number in range(REMEMBERED_JOBS):
        returns.allowed(str(number))
    assert returns.allowed("a")
