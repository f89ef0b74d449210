"""When 429s mean the token and not a chat."""

from __future__ import annotations

from qwenedit_bot.chat.rate_limit.flood import CHATS, FIRST_CLOSURE, LONGEST_CLOSURE, WINDOW, Flood


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_429s_in_few_chats_close_nobody_else() -> None:
    flood = Flood()
    assert [flood.refused(chat, 3600.0) for chat in [*range(CHATS - 1)] * 10] == [0.0] * (CHATS - 1) * 10


def test_429s_in_many_chats_close_all_for_a_second_at_first() -> None:
    flood = Flood()
    assert 0.75 * FIRST_CLOSURE <= max(flood.refused(chat, 3600.0) for chat in range(CHATS)) <= FIRST_CLOSURE


def test_429s_with_a_success_in_between_close_nobody_else() -> None:
    flood = Flood()
    for chat in range(CHATS * 10):
        assert flood.refused(chat, 3600.0) == 0.0
        flood.succeeded()


def test_429s_spread_over_time_close_nobody_else() -> None:
    clock = Clock()
    flood = Flood(clock=clock)
    for chat in range(CHATS * 10):
        assert flood.refused(chat, 3600.0) == 0.0
        clock.now += WINDOW / 2


def test_429s_that_go_on_close_all_for_longer_and_never_for_long() -> None:
    flood = Flood()
    closures = [flood.refused(chat, 3600.0) for chat in range(CHATS * 10)]
    expected = [0.5, 1, 2, 4, 8, 16, *[LONGEST_CLOSURE] * 4]
    closed = [closure for closure in closures if closure]
    assert all(0.75 * longest <= closure <= longest for closure, longest in zip(closed, expected, strict=True))
