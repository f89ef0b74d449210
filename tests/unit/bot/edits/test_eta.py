from __future__ import annotations

from dataclasses import replace

import pytest

from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.progress.eta import Outlook, Wait, estimate
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Words
from qwenedit_jobs import Edit, Job, Phase, State, Status

OUTLOOK = Outlook(now=1000.0, workers=1, paused=False, durations={"": 20.0, "slow": 60.0})

GIVES_UP = "If it can't start within 55\u00a0min, I'll tell you."


def job(
    name: str, state: State = State.QUEUED, *, workflow: str | None = None, started_at: float | None = None,
    enqueued_at: float = 990.0,
) -> Status:  # fmt: skip
    return Status(
        job=Job(id=name, user_id=1, edit=Edit(prompt="p", pictures=("p",), seed=1, workflow=workflow), reply=None),
        state=state, phase=Phase.QUEUED, step=0, steps=0, attempt=0, cancelling=False, enqueued_at=enqueued_at,
        reason=None, result=None, started_at=started_at, expires_at=enqueued_at + 3600,
    )  # fmt: skip


def running(name: str, started_at: float) -> Status:
    return job(name, State.RUNNING, started_at=started_at)


def waits(statuses: list[Status], outlook: Outlook = OUTLOOK) -> dict[str, Wait]:
    queued = [status.job.id for status in statuses if status.state is State.QUEUED]
    return estimate(statuses, outlook, {job_id: place for place, job_id in enumerate(queued, 1)})


def seconds(statuses: list[Status], outlook: Outlook = OUTLOOK) -> dict[str, float | None]:
    return {name: wait.seconds for name, wait in waits(statuses, outlook).items()}


def test_eta_grows_with_the_place_in_line() -> None:
    assert seconds([job("a"), job("b"), job("c")]) == {"a": 20, "b": 40, "c": 60}
    assert seconds([job("a"), job("b"), job("c")], replace(OUTLOOK, workers=2)) == {"a": 20, "b": 20, "c": 40}


def test_eta_includes_what_is_left_of_running_jobs() -> None:
    assert seconds([job("a"), running("r", 995.0)]) == {"a": 35}
    assert seconds([job("a"), running("r", 970.0)]) == {"a": 20}
    assert seconds([job("a"), job("b"), running("r", 995.0)], replace(OUTLOOK, workers=2)) == {"a": 20, "b": 35}


def test_eta_counts_a_worker_with_a_job_although_its_heartbeat_is_missing() -> None:
    assert seconds([job("a"), running("r", 990.0)], replace(OUTLOOK, workers=0)) == {"a": 30}


def test_eta_counts_a_worker_once_that_hands_in_one_job_and_has_the_next() -> None:
    two = [replace(running(name, at), worker="w") for name, at in (("old", 980.0), ("new", 1000.0))]
    assert seconds([job("a"), *two]) == {"a": 40}


def test_eta_needs_no_other_job_in_line() -> None:
    outlook = replace(OUTLOOK, workers=3)
    assert estimate([job("last")], outlook, {"last": 100}) == {"last": Wait(20.0 * 34)}


def test_late_jobs_are_said_to_be_late_and_until_when_they_wait() -> None:
    late, slow = job("a", enqueued_at=600.0), running("r", 900.0)
    assert waits([late, slow]) == {"a": Wait(late=True, expires_in=3200)}
    assert waits([job("a"), slow], replace(OUTLOOK, workers=2)) == {"a": Wait(20)}
    nobody = replace(OUTLOOK, workers=0)
    assert waits([late], nobody) == {"a": Wait(late=True, expires_in=3200)}


def test_eta_is_unknown_while_a_worker_starts() -> None:
    outlook = replace(OUTLOOK, workers=0)
    assert waits([job("a"), job("b")], outlook) == {name: Wait(waking=True) for name in "ab"}


def test_pause_is_said_whatever_workers_there_are() -> None:
    for workers in (0, 2):
        outlook = replace(OUTLOOK, workers=workers, paused=True)
        assert waits([job("a"), running("r", 990.0)], outlook) == {"a": Wait(paused=True)}


def test_eta_is_not_guessed() -> None:
    assert seconds([job("a"), job("b", workflow="new")]) == {"a": 20}
    assert waits([job("d", State.DELAYED), running("r", 999.0)]) == {}


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (Wait(3.0), "Ready in about 10\u00a0s"),
        (Wait(80.1), "Ready in about 90\u00a0s"),
        (Wait(91.0), "Ready in about 2\u00a0min"),
        (Wait(waking=True), "🔌 Waking up the server, which can take a few minutes"),
        (Wait(paused=True), "⏸️ The bot is taking a break. Your photo keeps its place."),
        (
            Wait(late=True, expires_in=3200),
            "🐢 This takes longer than usual. If it gets stuck, I'll try again by myself.\n" + GIVES_UP,
        ),
    ],
)
def test_eta_stands_below_the_place_in_line(wait: Wait, said: str) -> None:
    assert job_views.progress(Words("en"), catalogue.load(None), job("a"), position=2, wait=wait).text.startswith(
        f"⏳ Place in line: 2\n{said}\n\n"
    )
