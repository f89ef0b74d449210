from __future__ import annotations

from qwenedit_bot.limiter import CHAT, EDITS, GROUP, OVERALL, WINDOW, Limiter


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
    for _ in range(CHAT.burst + 3):
        await limit.acquire(1)
    assert [round(wait) for wait in time.waits] == [1, 2, 3]


async def test_a_group_gets_no_more_than_twenty_messages_a_minute() -> None:
    limit, time = limiter()
    for _ in range(21):
        await limit.acquire(-100)
    assert len([wait for wait in [0.0] * (21 - len(time.waits)) + time.waits if wait < 60]) == 20


def test_no_minute_of_a_group_holds_more_than_telegram_allows() -> None:
    assert (60 + GROUP.ahead) / GROUP.interval <= 20


async def test_chats_do_not_wait_for_each_other() -> None:
    limit, time = limiter()
    for chat in range(20):
        await limit.acquire(chat)
    assert time.waits == []


async def test_all_chats_together_keep_the_overall_pace() -> None:
    limit, time = limiter()
    for chat in range(OVERALL.burst * 2):
        await limit.acquire(chat)
    assert 0.9 < time.waits[-1] <= 1.01


async def test_a_closed_chat_waits_and_the_others_do_not() -> None:
    limit, time = limiter()
    await limit.close(1, 7)
    await limit.acquire(2)
    assert time.waits == []
    await limit.acquire(1)
    assert [round(wait) for wait in time.waits] == [7]


async def test_a_progress_edit_is_left_out_rather_than_waited_for() -> None:
    limit, time = limiter()
    for _ in range(CHAT.burst):
        await limit.acquire(1)
    assert not await limit.try_acquire(1, edits=12)
    time.now += 1
    assert await limit.try_acquire(1, edits=12)


async def test_progress_edits_leave_some_of_the_chats_minute_to_the_answers() -> None:
    limit, time = limiter()
    edits = 0
    for _ in range(60):
        edits += await limit.try_acquire(1, edits=12)
        time.now += 1
    assert edits == 12
    for _ in range(3):
        await limit.acquire(1, edit=True)
    assert time.waits == []


async def test_no_minute_of_a_chat_holds_more_edits_than_allowed() -> None:
    limit, time = limiter()
    made = []
    for _ in range(200):
        before = len(time.waits)
        await limit.acquire(1, edit=True)
        made.append(time.now + sum(time.waits[before:]))
        time.now += 2
    made.sort()
    assert all(later - earlier > WINDOW - 2 for earlier, later in zip(made, made[EDITS:], strict=False))
    assert len(made) == 200


async def test_a_message_does_not_wait_for_an_edit_that_waits() -> None:
    limit, time = limiter()
    for _ in range(EDITS):
        await limit.acquire(1, edit=True)
        time.now += 1
    time.waits.clear()
    await limit.acquire(1, edit=True)
    assert time.waits[0] > 30
    time.waits.clear()
    await limit.acquire(1)
    assert time.waits == []


async def test_quiet_chats_are_forgotten() -> None:
    limit, time = limiter()
    for chat in range(5000):
        await limit.acquire(chat)
        time.now += 1
    assert len(limit._chats) < 1100
