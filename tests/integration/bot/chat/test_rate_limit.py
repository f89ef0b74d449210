"""Replicas that send with one token share its rate limit, and are told at once where they must wait."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis as Client
from redis.exceptions import RedisError

from qwenedit_bot.chat.bot_api import PROGRESS_EDITS
from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.chat.rate_limit.limits import (
    BACKLOGGED,
    CHAT,
    EDITS,
    GROUP,
    LONGEST_RESERVATION,
    OVERALL,
    SPARED,
    TICKET_KEPT,
    WINDOW,
    on_behalf_of,
)
from qwenedit_bot.chat.rate_limit.shared import SharedLimiter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

HOUR = 3600.0


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nobody wait, and say how long each call would have."""
    found: list[float] = []

    async def wait(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("qwenedit_bot.chat.rate_limit.shared.asyncio.sleep", wait)
    return found


@pytest.fixture
def replica(redis: Redis, bot_keys: BotKeys) -> Callable[[], SharedLimiter]:
    return lambda: SharedLimiter(redis, bot_keys)


@pytest.fixture
def passes(redis: Redis, bot_keys: BotKeys) -> Callable[[float], object]:
    """Return what lets time pass at once, in Redis' books."""

    async def pass_by(seconds: float) -> None:
        for key in await redis.keys(bot_keys.pace("*")):
            if await redis.type(key) == "list":
                times = [int(time) - round(seconds * 1e6) for time in await redis.lrange(key, 0, -1)]
                await redis.delete(key)
                await redis.rpush(key, *times)
            else:
                due, *asked = str(await redis.get(key) or 0).split()
                left = await redis.pttl(key) - round(seconds * 1000)
                if left > 0:
                    await redis.set(key, " ".join((str(int(due) - round(seconds * 1e6)), *asked)), px=left)
                else:
                    await redis.delete(key)

    return pass_by


async def wait_of(call) -> float:
    """Return the seconds after which a call is to be made again; 0 where it may be made now."""
    try:
        await call
    except LaterError as error:
        return error.after
    return 0.0


async def later(call) -> float:
    """Return the seconds after which a call is to be made again."""
    with pytest.raises(LaterError) as raised:
        await call
    return raised.value.after


async def test_pace_of_a_chat_is_shared_by_replicas_and_waited_for_by_none(
    replica, slept, redis, bot_keys, interval
) -> None:
    first, second = replica(), replica()
    started = time.monotonic()
    for _ in range(CHAT.burst):
        await first.acquire(1)
    due = await redis.get(bot_keys.pace("chat:1"))
    for _ in range(10):
        wait = await later(second.acquire(1))
        assert interval - (time.monotonic() - started) <= wait <= interval
    assert await redis.get(bot_keys.pace("chat:1")) == due, "something was reserved"
    await second.acquire(2)
    assert slept == []


async def test_pace_of_a_chat_that_must_wait_takes_nothing_of_the_tokens(replica, slept, redis, bot_keys) -> None:
    limit = replica()
    await limit.close(1, HOUR)
    for _ in range(OVERALL.burst * 3):
        await later(limit.acquire(1))
    assert not await redis.exists(bot_keys.pace())
    await limit.acquire(2)
    assert slept == []


async def test_pace_of_the_token_is_slept_for_shortly(replica, slept) -> None:
    replicas = [replica(), replica(), replica()]
    waits = [await wait_of(replicas[chat % 3].acquire(chat)) for chat in range(1, OVERALL.burst * 3)]
    refused = [wait for wait in waits if wait > 0]
    assert refused
    assert min(refused) > LONGEST_RESERVATION
    assert len(waits) - len(refused) >= OVERALL.burst
    assert max(slept, default=0) <= LONGEST_RESERVATION


async def test_pace_of_a_group_is_slower(replica) -> None:
    first, second = replica(), replica()
    started = time.monotonic()
    for _ in range(GROUP.burst):
        await first.acquire(-5)
    wait = await wait_of(second.acquire(-5))
    assert GROUP.interval - (time.monotonic() - started) <= wait <= GROUP.interval


def test_no_minute_of_a_group_holds_more_than_telegram_allows() -> None:
    assert (60 + GROUP.ahead) / GROUP.interval <= 20


def test_no_second_holds_more_than_telegram_allows_where_calls_take_a_tenth_of_it_longer_than_others() -> None:
    overtaken = 0.1 / OVERALL.interval
    assert OVERALL.burst + BACKLOGGED.burst + overtaken <= 30
    assert 1 / OVERALL.interval <= 30


async def test_no_minute_of_a_chat_holds_more_edits_than_allowed_whoever_makes_them(replica, passes) -> None:
    replicas = [replica(), replica()]
    at: list[float] = []
    passed = 0.0
    for number in itertools.count():
        wait = await wait_of(replicas[number % 2].acquire(1, edit=True))
        if wait > 0:
            await passes(wait)
            passed += wait
            continue
        at.append(time.monotonic() + passed)
        if len(at) == EDITS * 3:
            break
    assert all(after - before > WINDOW - 1 for before, after in zip(at, at[EDITS:], strict=False))
    assert at[-1] - at[0] < 2 * WINDOW + CHAT.interval * EDITS


async def test_edit_that_was_made_without_a_turn_counts(replica, passes) -> None:
    limit = replica()
    for _ in range(EDITS - 1):
        await limit.acquire(1, edit=True)
        await passes(CHAT.interval)
    await limit.note_edit(1)
    assert await later(limit.acquire(1, edit=True)) > WINDOW - EDITS * CHAT.interval - 5


async def test_message_does_not_wait_for_an_edit_that_waits(replica, passes) -> None:
    limit = replica()
    for _ in range(EDITS):
        await limit.acquire(1, edit=True)
        await passes(CHAT.interval)
    assert await later(limit.acquire(1, edit=True)) > WINDOW - EDITS * CHAT.interval - 5
    await limit.acquire(1)


async def test_looking_whether_a_turn_is_free_takes_nothing(replica, redis, bot_keys, interval) -> None:
    limit = replica()
    for _ in range(CHAT.burst * 2):
        await limit.ready(1, edit=True)
    assert await redis.keys(bot_keys.pace("*")) == []
    for _ in range(CHAT.burst):
        await limit.acquire(1)
    assert 0 < await later(limit.ready(1)) <= interval
    await limit.ready(2)


async def test_progress_edit_is_left_out_where_it_would_cost_something(replica, busy) -> None:
    first, second = replica(), replica()
    assert await first.try_acquire(1, edits=2)
    assert await second.try_acquire(1, edits=2)
    assert not await first.try_acquire(1, edits=2)
    assert await second.try_acquire(2, edits=2)
    await busy()
    assert not await second.try_acquire(3, edits=2)


async def test_progress_edits_leave_some_of_the_chats_minute_to_the_answers(replica, passes) -> None:
    limit = replica()
    edits = 0
    for _ in range(50):
        edits += await limit.try_acquire(1, edits=PROGRESS_EDITS)
        await passes(CHAT.interval)
    assert edits == PROGRESS_EDITS
    for _ in range(3):
        await limit.acquire(1, edit=True)


async def test_429_of_an_hour_in_one_group_delays_no_other_chat(replica, slept) -> None:
    first, second = replica(), replica()
    await first.close(-5, HOUR)
    assert HOUR - 60 < await later(second.acquire(-5)) <= HOUR
    assert HOUR - 60 < await later(second.ready(-5)) <= HOUR
    for chat in range(1, OVERALL.burst):
        await second.acquire(chat)
    assert slept == []


async def test_429_in_all_chats_is_obeyed_by_all_replicas(replica, slept) -> None:
    first, second = replica(), replica()
    await first.close(None, 20)
    assert 15 < await later(second.acquire(2)) <= 20
    assert 15 < await later(second.ready(3)) <= 20 + OVERALL.interval  # behind the other one
    assert slept == []


async def test_rate_limit_without_redis_lets_nothing_be_sent(bot_keys) -> None:
    async with Client.from_url("redis://127.0.0.1:1") as nowhere:
        with pytest.raises(RedisError):
            await SharedLimiter(nowhere, bot_keys).acquire(1)


async def test_quiet_chats_leave_nothing_in_redis(replica, redis, bot_keys) -> None:
    limit = replica()
    await limit.acquire(1, edit=True)
    never = -1
    lives = [await redis.pttl(key) for key in await redis.keys(bot_keys.pace("*"))]
    assert never not in lives
    assert all(left <= (WINDOW + 1) * 1000 for left in lives)


# ------------------------------------------------------------------ tickets: whose turn of the token comes when


@pytest.fixture
def busy(redis: Redis, bot_keys: BotKeys) -> Callable[[], Awaitable[None]]:
    """Return what takes so many of the token's turns that the next one comes in a minute."""

    async def occupy() -> None:
        now, rest = await redis.time()
        due = now * 1_000_000 + rest + round((60 + OVERALL.ahead) * 1e6)
        await redis.set(bot_keys.pace(), due, px=120_000)

    return occupy


async def tickets(redis: Redis, keys: BotKeys) -> dict[str, int]:
    """Return when (µs) whose turn is due."""
    prefix = keys.pace("ticket:")
    found = {str(key): str(await redis.get(key)) for key in await redis.keys(f"{prefix}*")}
    return {key.removeprefix(prefix): int(kept.split()[0]) for key, kept in found.items()}


async def test_tickets_are_due_in_the_order_in_which_people_began_to_wait(replica, busy, redis, bot_keys) -> None:
    await busy()
    people = [5, 3, 9, 1, 7]
    limits = [replica(), replica()]
    waits = []
    for number, person in enumerate(people):
        with on_behalf_of(person):
            waits.append(await later(limits[number % 2].acquire(-number - 1)))
    due = await tickets(redis, bot_keys)
    assert sorted(due, key=due.__getitem__) == [str(person) for person in people]
    times = sorted(due.values())
    assert {after - before for before, after in itertools.pairwise(times)} <= {33_333, 33_334}
    assert max(waits) < 61


async def test_ticket_is_one_a_person_in_however_many_chats_they_wait(replica, busy, redis, bot_keys) -> None:
    await busy()
    limit = replica()
    started = time.monotonic()
    with on_behalf_of(1):
        first = await later(limit.acquire(-100))
        others = [await later(limit.acquire(-chat)) + time.monotonic() - started for chat in range(1, 51)]
    with on_behalf_of(2):
        await later(limit.acquire(2))
    due = await tickets(redis, bot_keys)
    assert set(due) == {"1", "2"}
    assert due["2"] - due["1"] in (33_333, 33_334), "the other one waits for more than one turn"
    assert all(wait > first + 4 for wait in others), "they would all come back for one turn"


async def test_ticket_is_for_a_persons_chats_in_the_order_in_which_they_asked(
    replica, busy, passes, redis, bot_keys
) -> None:
    await busy()
    limit = replica()
    with on_behalf_of(1):
        waits = {chat: await later(limit.acquire(chat)) for chat in (-3, -1, -2)}
        assert waits[-3] < waits[-1]
        for first, *others in ((-3, -1, -2), (-1, -2), (-2,)):
            assert str(await redis.get(bot_keys.pace("ticket:1"))).split()[1:] == [str(first), *map(str, others)]
            await passes(await due_in(redis, bot_keys, "1") + 0.01)
            await busy()
            await limit.acquire(first)
    assert await tickets(redis, bot_keys) == {}


async def test_ticket_that_is_due_waits_a_moment_for_the_first_chat(replica, busy, passes, redis, bot_keys) -> None:
    await busy()
    limit = replica()
    with on_behalf_of(1):
        await later(limit.acquire(-1))
        await passes(await due_in(redis, bot_keys, "1") - 0.1)
        await busy()
        due = (await tickets(redis, bot_keys))["1"] / 1e6
        wait = await wait_of(limit.acquire(-2))
        seconds, rest = await redis.time()
        assert wait > 0 or seconds + rest / 1e6 > due + 0.5, "it was taken from the first"


async def due_in(redis: Redis, keys: BotKeys, person: str) -> float:
    """Return the seconds until somebody's turn is due."""
    seconds, rest = await redis.time()
    return (await tickets(redis, keys))[person] / 1e6 - seconds - rest / 1e6


async def test_ticket_is_used_once_and_by_another_chat_where_the_first_does_not_come(
    replica, busy, passes, slept, redis, bot_keys
) -> None:
    await busy()
    first, second = replica(), replica()
    with on_behalf_of(1):
        wait = await later(first.acquire(-1))
        await passes(wait + 1)
        await busy()
        bucket = await redis.get(bot_keys.pace())
        await second.acquire(-2)
        assert await redis.get(bot_keys.pace()) == bucket, "the reserved turn was paid for twice"
        assert await tickets(redis, bot_keys) == {}
        assert await later(first.acquire(-1)) > LONGEST_RESERVATION
    assert slept == []


async def test_ticket_survives_looks_and_is_used_by_the_call_after_them(replica, busy, passes, redis, bot_keys) -> None:
    await busy()
    limit = replica()
    with on_behalf_of(1):
        wait = await later(limit.ready(1))
        assert set(await tickets(redis, bot_keys)) == {"1"}
        await passes(wait + 0.5)
        await busy()
        for _ in range(3):
            await limit.ready(1)
        await limit.acquire(1)
        assert await tickets(redis, bot_keys) == {}
        await later(limit.ready(1))


async def test_ticket_of_a_chat_is_used_where_nobody_acts(replica, busy, redis, bot_keys) -> None:
    await busy()
    limit = replica()
    await later(limit.acquire(7))
    await later(limit.acquire(None))
    assert set(await tickets(redis, bot_keys)) == {"7", "0"}


async def test_ticket_is_none_for_a_chat_whose_own_turn_comes_later(replica, busy, redis, bot_keys) -> None:
    await busy()
    limit = replica()
    await limit.close(-1, HOUR)
    bucket = await redis.get(bot_keys.pace())
    with on_behalf_of(1):
        assert await later(limit.acquire(-1)) > HOUR - 60
    assert await tickets(redis, bot_keys) == {}
    assert await redis.get(bot_keys.pace()) == bucket


async def test_ticket_is_none_for_a_progress_edit(replica, busy, redis, bot_keys) -> None:
    await busy()
    limit = replica()
    bucket = await redis.get(bot_keys.pace())
    assert not await limit.try_acquire(1, edits=12)
    assert await tickets(redis, bot_keys) == {}
    assert await redis.get(bot_keys.pace()) == bucket


async def test_people_with_many_messages_share_a_part_of_the_pace_and_others_do_not_wait_for_them(
    replica, slept, passes, redis, bot_keys
) -> None:
    limit, answered, started = replica(), 0, time.monotonic()
    for second in range(20):
        for person in range(100, 140):
            with on_behalf_of(person, backlogged=True):
                answered += await wait_of(limit.acquire(person)) == 0
        for person in range(1, 15):
            assert await wait_of(limit.acquire(1000 * second + person)) == 0
        await passes(1.0)
    passed = 20 + time.monotonic() - started  # the test takes seconds of its own on a busy machine
    assert 20 / BACKLOGGED.interval <= answered <= passed / BACKLOGGED.interval + 2 * BACKLOGGED.burst
    assert slept == [] or max(slept) <= LONGEST_RESERVATION


async def test_people_with_many_messages_use_up_the_tokens_pace_and_obey_its_429(replica, redis, bot_keys) -> None:
    limit = replica()
    with on_behalf_of(5, backlogged=True):
        await limit.acquire(5)
        assert await redis.exists(bot_keys.pace())
        await limit.close(None, HOUR)
        assert await later(limit.acquire(5)) > HOUR - 60


async def test_progress_edit_uses_no_ticket_of_the_persons_answer(replica, busy, passes, redis, bot_keys) -> None:
    await busy()
    limit = replica()
    wait = await later(limit.acquire(1))
    await passes(wait - SPARED * OVERALL.interval)
    assert not await limit.try_acquire(1, edits=12)
    assert set(await tickets(redis, bot_keys)) == {"1"}


async def test_ticket_is_forgotten_when_nobody_comes_for_it(replica, busy, redis, bot_keys) -> None:
    await busy()
    wait = await later(replica().acquire(1))
    assert 0 < await redis.pttl(bot_keys.pace("ticket:1")) <= (wait + TICKET_KEPT) * 1000 + 1


async def test_ticket_from_before_a_429_in_all_chats_is_void(replica, busy, passes, redis, bot_keys) -> None:
    await busy()
    limit = replica()
    wait = await later(limit.acquire(1))
    await limit.close(None, wait + 5)
    assert await later(limit.acquire(1)) > wait
    await passes(wait + 1)
    assert await later(limit.acquire(1)) > 0
    await passes(9)
    await limit.acquire(1)


async def test_full_redis_goes_on_to_reserve_turns_and_to_take_them(
    replica, busy, passes, redis, bot_keys, redis_server
) -> None:
    await busy()
    limit = replica()
    with on_behalf_of(1):
        wait = await later(limit.acquire(None))
    await passes(wait + 0.5)
    await busy()
    await redis.config_set("maxmemory", 1)
    try:
        with on_behalf_of(2):
            await later(limit.acquire(2))
        assert set(await tickets(redis, bot_keys)) == {"1", "2"}
        with on_behalf_of(1):
            await limit.ready(1)
            await limit.acquire(None)
    finally:
        await redis.config_set("maxmemory", 0)
