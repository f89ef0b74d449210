from __future__ import annotations

from qwenedit_bot.common.ttl_cache import TTLCache


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_entry_is_known_until_it_is_too_old():
    clock = Clock()
    recent: TTLCache[str, int] = TTLCache(most=10, keep=60, clock=clock)
    recent.note("a", 1)
    clock.now = 59
    recent.note("b", 2)
    assert recent.items() == [("a", 1), ("b", 2)]
    clock.now = 61
    assert recent.get("a") is None
    assert recent.items() == [("b", 2)]


def test_oldest_entries_go_when_all_together_weigh_too_much():
    recent: TTLCache[int, str] = TTLCache(most=10, keep=60, weigh=len, clock=Clock())
    for key in range(100):
        recent.note(key, "xxxx")
    assert recent.items() == [(98, "xxxx"), (99, "xxxx")]


def test_entry_noted_again_counts_once_and_as_new():
    recent: TTLCache[str, int] = TTLCache(most=2, keep=60, clock=Clock())
    for key in ("a", "b", "a", "c"):
        recent.note(key, 1)
    assert [key for key, _value in recent.items()] == ["a", "c"]


def test_entry_that_is_too_heavy_alone_is_not_kept():
    recent: TTLCache[str, str] = TTLCache(most=3, keep=60, weigh=len, clock=Clock())
    recent.note("a", "xxxx")
    assert recent.items() == []
    recent.note("b", "xxx")
    assert recent.get("b") == "xxx"
