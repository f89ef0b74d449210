from __future__ import annotations

from dataclasses import replace

import pytest

from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.progress.estimate import Late, Outlook, Wait, forecast
from qwenedit_bot.texts import Words
from qwenedit_jobs import Edit, Job, Phase, State, Status

OUTLOOK = Outlook(now=1000.0, workers=1, paused=False, durations={"": 20.0, "slow": 60.0}, cold_start=None)

GIVES_UP = "If it cannot begin within {}\u00a0min, I'll tell you."


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


def seconds(statuses: list[Status], outlook: Outlook = OUTLOOK) -> dict[str, float | None]:
    return {name: wait.seconds for name, wait in forecast(statuses, outlook).items()}


def test_estimate_has_one_worker_do_one_job_after_another() -> None:
    assert seconds([job("a"), job("b"), job("c")]) == {"a": 20, "b": 40, "c": 60}


def test_several_workers_do_several_at_once() -> None:
    outlook = replace(OUTLOOK, workers=2)
    assert seconds([job("a"), job("b", workflow="slow"), job("c")], outlook) == {"a": 20, "b": 60, "c": 40}


def test_running_job_is_waited_for_and_one_that_takes_a_little_longer_is_expected_any_moment() -> None:
    assert seconds([job("a"), running("r", 995.0)]) == {"a": 35}
    assert seconds([job("a"), running("r", 970.0)]) == {"a": 20}


def test_estimate_that_has_passed_says_why_and_until_when_the_job_waits() -> None:
    late = job("a", enqueued_at=600.0)
    slow, own = running("r", 900.0), {"r": Wait(None, late=Late.RUNNING)}
    assert forecast([late, slow], OUTLOOK) == {"a": Wait(None, late=Late.BUSY, expires_in=3200), **own}
    two = replace(OUTLOOK, workers=2)
    assert forecast([job("a"), slow], two) == {"a": Wait(20), **own}
    nobody = replace(OUTLOOK, workers=0)
    assert forecast([late], nobody) == {"a": Wait(None, late=Late.NO_WORKER, expires_in=3200)}
    unready = replace(nobody, unready=1, cold_start=380.0)
    assert forecast([late], unready) == {"a": Wait(380.0, waking=True)}
    unready = replace(unready, cold_start=100.0)
    assert forecast([late], unready) == {"a": Wait(None, late=Late.NOT_READY, expires_in=3200)}
    paused = replace(OUTLOOK, paused=True)
    assert forecast([late], paused) == {"a": Wait(None, paused=True, late=Late.PAUSED, expires_in=3200)}


def test_worker_that_was_not_heard_of_counts_while_it_has_a_job() -> None:
    assert seconds([job("a"), running("r", 990.0)], replace(OUTLOOK, workers=0)) == {"a": 30}


def test_worker_that_hands_in_one_job_and_has_the_next_counts_once() -> None:
    two = [replace(running(name, at), worker="w") for name, at in (("old", 980.0), ("new", 1000.0))]
    assert seconds([job("a"), *two]) == {"a": 40}
    overdue = replace(running("old", 900.0), worker="w")
    assert seconds([job("a"), overdue, two[1]]) == {"a": 40, "old": None}


def test_estimate_without_a_worker_has_the_time_to_wake_one() -> None:
    for usual in (None, 80.0):
        outlook = replace(OUTLOOK, workers=0, cold_start=usual)
        assert forecast([job("a"), job("b")], outlook) == {name: Wait(usual, waking=True) for name in "ab"}


def test_pause_is_said_whatever_workers_there_are() -> None:
    for workers in (0, 2):
        outlook = replace(OUTLOOK, workers=workers, paused=True)
        assert forecast([job("a"), running("r", 990.0)], outlook) == {"a": Wait(None, paused=True)}


def test_estimate_says_nothing_that_is_unknown() -> None:
    assert seconds([job("a"), job("b", workflow="new"), job("c")]) == {"a": 20}
    assert forecast([job("d", State.DELAYED), running("r", 999.0)], OUTLOOK) == {}


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (Wait(3.0), "Ready in about 10\u00a0s"),
        (Wait(80.1), "Ready in about 90\u00a0s"),
        (Wait(91.0), "Ready in about 2\u00a0min"),
        (Wait(75.0, waking=True), "🔌 Starting the server, usually 80\u00a0s"),
        (Wait(200.0, waking=True), "🔌 Starting the server, usually 4\u00a0min"),
        (Wait(None, waking=True), "🔌 Starting the server, which may take a few minutes"),
        (Wait(None, paused=True), "⏸️ The bot is paused for the moment. Your photo keeps its place."),
        (
            Wait(None, late=Late.NO_WORKER, expires_in=3200),
            "🐢 This takes longer than usual: the server has not started yet.\n" + GIVES_UP.format(55),
        ),
        (
            Wait(None, paused=True, late=Late.PAUSED, expires_in=10),
            "⏸️ The bot is paused for the moment. Your photo keeps its place.\n" + GIVES_UP.format(5),
        ),
    ],
)
def test_estimate_stands_below_the_place_in_line(wait: Wait, said: str) -> None:
    assert job_views.progress(Words("en"), job("a"), position=2, wait=wait).text.startswith(
        f"⏳ Place in line: 2\n{said}\n\n"
    )


def test_jobs_that_are_not_told_count_as_those_behind_them() -> None:
    everybody = [job(str(place)) for place in range(1, 101)]
    outlook = replace(OUTLOOK, workers=3)
    told = [everybody[0], everybody[49], everybody[99]]
    places = {"1": 1, "50": 50, "100": 100}
    exact = forecast(everybody, outlook)
    assert forecast(told, outlook, places) == {name: exact[name] for name in places}


def test_line_says_that_all_are_busy_while_the_budget_keeps_it_above_the_target() -> None:
    line = [job("a"), job("b"), job("c")]
    held = replace(OUTLOOK, most=1, target=40.0)
    assert {name: wait.crowded for name, wait in forecast(line, held).items()} == {"a": False, "b": True, "c": True}
    coming = replace(held, most=2)  # another worker may yet come
    assert not any(wait.crowded for wait in forecast(line, coming).values())
    assert forecast(line, replace(coming, unready=1))["c"].crowded
    assert not any(wait.crowded for wait in forecast(line, replace(OUTLOOK, target=40.0)).values())
    said = job_views.progress(Words("en"), line[1], position=2, wait=forecast(line, held)["b"]).text
    assert said.splitlines()[1] == "All servers are busy, so this takes longer: ready in about 40\u00a0s"
    said = job_views.progress(Words("ru"), line[2], position=3, wait=Wait(150.0, crowded=True)).text
    assert said.splitlines()[1].endswith("серверы заняты, поэтому придётся подождать дольше: примерно 3\u00a0мин")
