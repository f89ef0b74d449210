from __future__ import annotations

import pytest

from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.progress.eta import Wait, estimate
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Text, Words
from qwenedit_jobs import Edit, Job, Phase, State, Status

JOB = Status(
    job=Job(id="a", user_id=1, edit=Edit(prompt="p", pictures=("p",), seed=1), reply=None),
    state=State.QUEUED,
    phase=Phase.QUEUED,
    step=0,
    steps=0,
    attempt=0,
    cancelling=False,
    enqueued_at=990.0,
    reason=None,
    result=None,
)


def test_eta_grows_with_the_place_in_line_and_shrinks_with_workers() -> None:
    assert [estimate(place, 1, 20.0, waited=0) for place in (1, 2, 3)] == [30, 50, 70]
    assert [estimate(place, 2, 20.0, waited=0) for place in (1, 2, 3)] == [25, 35, 45]


def test_eta_of_a_job_that_runs_is_half_of_what_is_usual_however_many_workers_are_ready() -> None:
    assert [estimate(0, workers, 20.0, waited=9) for workers in (0, 1, 2)] == [10, 10, 10]


def test_eta_is_not_guessed() -> None:
    assert estimate(1, 1, None, waited=0) is None


def test_eta_is_unknown_while_a_worker_starts_and_late_after_that() -> None:
    assert estimate(1, 0, 20.0, waited=299) is Text.WAKING
    assert estimate(1, 0, 20.0, waited=301) is Text.LATE


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (3.0, "Ready in about 10\u00a0s"),
        (80.1, "Ready in about 90\u00a0s"),
        (91.0, "Ready in about 2\u00a0min"),
        (Text.WAKING, "🔌 Waking up the server, which can take a few minutes"),
        (Text.ON_HOLD, "⏸️ The bot is taking a break. Your photo keeps its place."),
        (Text.LATE, "🐢 This takes longer than usual. If it gets stuck, I'll try again by myself."),
    ],
)
def test_eta_stands_below_the_place_in_line(wait: Wait, said: str) -> None:
    assert job_views.progress(Words("en"), catalogue.load(None), JOB, position=2, wait=wait).text.startswith(
        f"⏳ Place in line: 2\n{said}\n\n"
    )
