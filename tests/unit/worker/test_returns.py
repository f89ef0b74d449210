"""How often a worker gives a job back, and when it may come again."""

from __future__ import annotations

from qwenedit_worker.loop.returns import FIRST_PAUSE, LONGEST_PAUSE, REMEMBERED_JOBS, Returns


def test_pause_doubles_up_to_the_longest_and_begins_anew_for_another_job():
    returns = Returns()
    assert [returns.pause("a") for _ in range(20)] == [30.0, 60.0, 120.0, 240.0, *[LONGEST_PAUSE] * 16]
    assert returns.pause("b") == FIRST_PAUSE
    returns.forget("a")
    assert returns.pause("a") == FIRST_PAUSE


def test_third_return_counts_as_an_attempt():
    returns = Returns()
    assert [returns.allowed("a") for _ in range(3)] == [True, True, False]


def test_job_whose_pictures_did_not_come_has_its_uncounted_returns_still():
    returns = Returns()
    for _ in range(5):
        returns.pause("a")
    assert [returns.allowed("a") for _ in range(3)] == [True, True, False]
    returns.forget("a")
    assert returns.allowed("a")


def test_job_is_forgotten_when_many_others_came_back_since():
    returns = Returns()
    returns.pause("a")
    for number in range(REMEMBERED_JOBS):
        returns.pause(str(number))
    assert returns.pause("a") == FIRST_PAUSE
