from __future__ import annotations

from contextlib import suppress

from qwenedit_bot.common.redis_loss import RedisUptimeClock
from qwenedit_bot.common.ttl_cache import TTLCache


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_entry_does_not_grow_older_while_redis_is_away():
    """A minute away is no minute in which Redis could have kept what it was told before."""
    wall = Clock()
    clock = RedisUptimeClock(wall)
    recent: TTLCache[str, int] = TTLCache(most=10, keep=60.0, clock=clock)
    recent.note("a", 1)
    wall.now = 10.0
    with clock.stopped_by(OSError):
        pass
    for away in (20.0, 600.0, 3_600.0):
        wall.now = away
        with suppress(OSError), clock.stopped_by(OSError):
            raise OSError
        assert recent.get("a") == 1
    wall.now = 3_601.0
    with clock.stopped_by(OSError):
        pass
    assert clock() == 10.0
    wall.now += 49.0
    assert recent.get("a") == 1
    wall.now += 3.0
    assert recent.get("a") is None
