from __future__ import annotations

from qwenedit_bot.limiter import CHAT_BURST, OVERALL_PER_SECOND, Limiter


class Time:
    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def limiter() -> tuple[Limiter, Time]:
    time = Time()
    return Limiter(clock=time, sleep=time.sleep), time


async def test_a_chat_gets_a_burst_and_then_one_message_a_second() -> None:
    limit, time = limiter()
    for _ in range(CHAT_BURST + 3):
        await limit.acquire(1)
    assert [round(wait) for wait in time.waits] == [1, 2, 3]


async def test_chats_do_not_wait_for_each_other() -> None:
    limit, time = limiter()
    for chat in range(20):
        await limit.acquire(chat)
    assert time.waits == []


async def test_all_chats_together_keep_the_overall_pace() -> None:
    limit, time = limiter()
    for chat in range(OVERALL_PER_SECOND * 2):
        await limit.acquire(chat)
    assert 0.9 < time.waits[-1] <= 1.01


async def test_a_closed_chat_waits_and_the_others_do_not() -> None:
    limit, time = limiter()
    limit.close(1, 7)
    await limit.acquire(2)
    assert time.waits == []
    await limit.acquire(1)
    assert [round(wait) for wait in time.waits] == [7]


async def test_a_progress_edit_is_left_out_rather_than_waited_for() -> None:
    limit, time = limiter()
    for _ in range(CHAT_BURST):
        await limit.acquire(1)
    assert not limit.try_acquire(1, per_minute=15)
    time.now += 1
    assert limit.try_acquire(1, per_minute=15)


async def test_progress_edits_stop_where_the_chats_minute_is_full() -> None:
    limit, time = limiter()
    edits = 0
    for _ in range(60):
        edits += limit.try_acquire(1, per_minute=15)
        time.now += 1
    assert edits == 15
    time.now += 5
    assert limit.try_acquire(1, per_minute=15)


async def test_quiet_chats_are_forgotten() -> None:
    limit, time = limiter()
    for chat in range(5000):
        await limit.acquire(chat)
        time.now += 1
    assert len(limit._chats) < 1100
