from __future__ import annotations

from contextlib import suppress

from qwenedit_bot.common.recent import PresenceClock, Recent


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_entry_is_known_until_it_is_too_old():
    clock = Clock()
    recent: Recent[str, int] = Recent(most=10, keep=60, clock=clock)
    recent.note("a", 1)
    clock.now = 59
    recent.note("b", 2)
    assert recent.items() == [("a", 1), ("b", 2)]
    clock.now = 61
    assert recent.get("a") is None
    assert recent.items() == [("b", 2)]


def test_oldest_entries_go_when_all_together_weigh_too_much():
    recent: Recent[int, str] = Recent(most=10, weigh=len, clock=Clock())
    for key in range(100):
        recent.note(key, "xxxx")
    assert recent.items() == [(98, "xxxx"), (99, "xxxx")]


def test_entry_noted_again_counts_once_and_as_new():
    recent: Recent[str, int] = Recent(most=2, clock=Clock())
    for key in ("a", "b", "a", "c"):
        recent.note(key, 1)
    assert [key for key, _value in recent.items()] == ["a", "c"]


def test_entry_that_is_too_heavy_alone_is_not_kept():
    recent: Recent[str, str] = Recent(most=3, weigh=len, clock=Clock())
    recent.note("a", "xxxx")
    assert recent.items() == []
    recent.note("b", "xxx")
    assert recent.get("b") == "xxx"


def test_entry_does_not_grow_older_while_redis_is_away():
    """A minute away is no minute in which Redis could have kept what it was told before."""
    wall = Clock()
    clock = PresenceClock(wall)
    recent: Recent[str, int] = Recent(most=10, keep=60.0, clock=clock)
    recent.note("a", 1)
    wall.now = 10.0
    with clock.stands_still_on(OSError):
        pass
    for away in (20.0, 600.0, 3_600.0):
        wall.now = away
        with suppress(OSError), clock.stands_still_on(OSError):
            raise OSError
        assert recent.get("a") == 1
    wall.now = 3_601.0
    with clock.stands_still_on(OSError):
        pass
    assert clock() == 10.0
    wall.now += 49.0
    assert recent.get("a") == 1
    wall.now += 3.0
    assert recent.get("a") is None
