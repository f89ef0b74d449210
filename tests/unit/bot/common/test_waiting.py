from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from qwenedit_bot.common.waiting import every

AWAY = RedisConnectionError("away")


@pytest.mark.parametrize(
    ("failure", "event", "error"),
    [
        (AWAY, "loop.redis_unavailable", AWAY),
        (ExceptionGroup("tasks", [AWAY, ExceptionGroup("", [AWAY])]), "loop.redis_unavailable", AWAY),
        (ExceptionGroup("two tasks", [AWAY, ValueError()]), "loop.failed", "ConnectionError, ValueError"),
        (KeyError("a user's words"), "loop.failed", "KeyError"),
    ],
)
async def test_tick_that_fails_is_told_by_its_cause_and_the_next_one_follows(failure, event, error):
    stop = asyncio.Event()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 1:
            raise failure
        stop.set()

    with capture_logs() as logs:
        await every(0.001, stop, tick, name="test", when=lambda: True)
    assert [(log["event"], log.get("error")) for log in logs] == [(event, error), ("loop.recovered", None)]
    assert "a user's words" not in str(logs)
