"""The limits by a clock that the test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telegram_simulator.common.errors import TooManyRequestsError
from telegram_simulator.world.rate_limits import RateLimiter, Rates

if TYPE_CHECKING:
    from qwenedit_testkit.clock import Clock


def accepted(limits: RateLimiter, clock: Clock, *, seconds: int, chats: int = 1, **call: bool) -> int:
    """Count what is let through of 20 tries a second in each chat."""
    count = 0
    for _ in range(seconds * 20):
        for chat in range(chats):
            try:
                limits.charge(bot_id=1, chat_id=chat, **{"group": False, **call})
                count += 1
            except TooManyRequestsError:
                pass
        clock.now += 0.05
    return count


def test_chat_takes_a_burst_and_then_one_a_second(clock):
    assert accepted(RateLimiter(Rates(), clock=clock), clock, seconds=10) == pytest.approx(15, abs=1)


@pytest.mark.parametrize(
    ("call", "seconds", "rate"),
    [({"group": True}, 60, 20), ({"edit": True}, 60, 20), ({"chats": 50}, 10, 300)],
    ids=["a group", "edits", "all chats"],
)
def test_rate_is_telegrams_after_the_burst(clock, call, seconds, rate):
    limits = RateLimiter(Rates(), clock=clock)
    accepted(limits, clock, seconds=seconds, **call)
    assert accepted(limits, clock, seconds=seconds, **call) == pytest.approx(rate, abs=2)


def test_pause_is_as_long_as_it_must_be(clock):
    limits = RateLimiter(Rates(), clock=clock)
    limits.charge(bot_id=1, chat_id=1, group=False, count=10)  # an album overdraws
    with pytest.raises(TooManyRequestsError) as caught:
        limits.charge(bot_id=1, chat_id=1, group=False)
    assert caught.value.retry_after == 6
    clock.now += 5.9
    with pytest.raises(TooManyRequestsError):
        limits.charge(bot_id=1, chat_id=1, group=False)
    clock.now += 0.1
    limits.charge(bot_id=1, chat_id=1, group=False)
