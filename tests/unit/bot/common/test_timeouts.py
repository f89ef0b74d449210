from __future__ import annotations

from qwenedit_bot.common import timeouts
from qwenedit_jobs import durations


def test_leader_renews_several_times_within_its_lease() -> None:
    assert 2 * timeouts.LEADER_RENEW < timeouts.LEADER_LEASE


def test_stop_ends_within_the_grace_period_of_the_pod() -> None:
    assert timeouts.DRAIN + timeouts.WEBHOOK_STOP < 30


def test_user_who_asks_again_keeps_the_place_in_line() -> None:
    assert timeouts.PLACE_IN_LINE > timeouts.SENT_AWAY


def test_reply_is_known_for_as_long_as_its_message_may_come_again() -> None:
    assert timeouts.REPLY > timeouts.UPDATE
    assert timeouts.SAID > timeouts.REFUSED_PAUSE


def test_charge_outlives_the_job() -> None:
    assert timeouts.CHARGE > durations.UNANSWERED_JOB
