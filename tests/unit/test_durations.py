"""Times that rest on each other, across the services."""

from __future__ import annotations

from qwenedit_bot.common import timeouts as bot
from qwenedit_jobs import durations
from qwenedit_worker import timeouts as worker
from qwenedit_worker.comfyui.server.executor_watch import SIGHTINGS
from qwenedit_worker.settings import WorkerSettings


def test_times_of_the_queue_leave_room_for_each_other() -> None:
    assert durations.LANE_HOLD > 3 * durations.REDIS_REPLY, "a lane is held while Redis is slow"
    assert 3 * durations.BEAT < durations.FORGOTTEN_WORKER, "a worker is silent before it's forgotten"
    assert durations.BEAT < durations.REDIS_IDLE
    assert durations.STATE_LOSS > durations.STATE_CHECK, "lost data is told from a round that came late"


def test_times_of_the_bot_leave_room_for_each_other() -> None:
    assert 2 * bot.LEADER_RENEW < bot.LEADER_LEASE
    assert bot.DRAIN + bot.WEBHOOK_STOP < 30, "the pod's grace period"
    assert bot.PLACE_IN_LINE > bot.SENT_AWAY
    assert bot.REPLY > bot.UPDATE, "a reply is known while its message may come again"
    assert bot.SAID > bot.REFUSED_PAUSE
    assert bot.CHARGE > durations.UNANSWERED_JOB


def test_times_of_the_worker_leave_room_for_each_other() -> None:
    assert worker.CONNECT < worker.REQUEST < worker.CHECK < worker.SILENT_SERVER, "a question fails before who asks"
    assert worker.REQUEST < worker.TRANSFER
    assert worker.IDLE_QUEUE > worker.EXECUTOR_IDLE + worker.JUDGE, "the judge sees a prompt before it's taken back"
    assert worker.EXECUTOR_IDLE > SIGHTINGS * worker.JUDGE
    assert worker.CLEAN_UP < worker.LEAVING_MARGIN
    assert worker.CLEAN_UP + worker.REQUEST < worker.JOB_STALLED
    assert worker.PROGRESS_DELAY < worker.HEARTBEAT_PACE < worker.HEARTBEAT
    shortest = min(bound.ge for bound in WorkerSettings.model_fields["worker_lease"].metadata if hasattr(bound, "ge"))
    assert shortest > 3 * worker.HEARTBEAT
