from __future__ import annotations

from pathlib import Path

import qwenedit_jobs
from qwenedit_jobs import durations

LUA = Path(qwenedit_jobs.__file__).parent / "queue/lua/prelude.lua"


def test_lane_is_held_while_redis_is_slow() -> None:
    assert durations.LANE_HOLD > 3 * durations.REDIS_REPLY


def test_worker_is_called_silent_before_it_is_forgotten() -> None:
    assert 3 * durations.BEAT < durations.FORGOTTEN_WORKER
    assert durations.BEAT < durations.REDIS_IDLE


def test_loss_of_data_is_told_from_a_round_that_came_late() -> None:
    assert durations.STATE_LOSS > durations.STATE_CHECK


def test_scripts_keep_things_as_long() -> None:
    script = LUA.read_text()
    assert f"local FAILED_KEPT = {durations.FAILED_JOB_PICTURES} " in script
    assert f"local RETENTION = {durations.UNANSWERED_JOB // durations.DAY} * {durations.DAY} " in script
