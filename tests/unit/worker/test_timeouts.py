from __future__ import annotations

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui.server.executor_watch import SIGHTINGS
from qwenedit_worker.settings import WorkerSettings


def shortest(name: str) -> float:
    """Return the smallest."""
    return float(min(bound.ge for bound in WorkerSettings.model_fields[name].metadata if hasattr(bound, "ge")))


def test_question_to_comfyui_fails_before_what_asks_gives_up() -> None:
    assert timeouts.CONNECT < timeouts.REQUEST < timeouts.CHECK < timeouts.SILENT_SERVER
    assert timeouts.REQUEST < timeouts.TRANSFER


def test_waiting_prompt_is_seen_by_the_judge_before_it_is_taken_back() -> None:
    assert timeouts.IDLE_QUEUE > timeouts.EXECUTOR_IDLE + timeouts.JUDGE
    assert timeouts.EXECUTOR_IDLE > SIGHTINGS * timeouts.JUDGE


def test_edit_is_taken_back_before_its_worker_gives_up() -> None:
    assert timeouts.CLEAN_UP < timeouts.LEAVING_MARGIN
    assert timeouts.CLEAN_UP + timeouts.REQUEST < timeouts.JOB_STALLED


def test_heartbeats_come_several_times_within_a_lease() -> None:
    assert timeouts.PROGRESS_DELAY < timeouts.HEARTBEAT_PACE < timeouts.HEARTBEAT
    assert shortest("worker_lease") > 3 * timeouts.HEARTBEAT
