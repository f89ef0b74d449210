from __future__ import annotations

from pathlib import Path

import qwenedit_jobs
from qwenedit_jobs import times

LUA = Path(qwenedit_jobs.__file__).parent / "queue/lua/prelude.lua"


def test_lane_is_held_while_redis_is_slow() -> None:
    assert times.LANE_HOLD > 3 * times.REDIS_REPLY


def test_worker_is_called_silent_before_it_is_forgotten() -> None:
    assert 3 * times.BEAT < times.FORGOTTEN_WORKER
    assert times.BEAT < times.REDIS_IDLE


def test_loss_of_data_is_told_from_a_round_that_came_late() -> None:
    assert times.STATE_LOSS > times.STATE_CHECK


def test_scripts_keep_things_as_long() -> None:
    script = LUA.read_text()
    assert f"local FAILED_KEPT = {times.FAILED_JOB_PICTURES} " in script
    assert f"local RETENTION = {times.UNANSWERED_JOB // times.DAY} * {times.DAY} " in script
