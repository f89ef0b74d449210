"""How many jobs a user may still ask for, counted in a real Redis."""

from __future__ import annotations

import pytest

from qwenedit_bot.payments.quotas import Quotas

ANN, ADMIN, PER_DAY = 7, 9, 2

pytestmark = pytest.mark.usefixtures("within_a_day")


@pytest.fixture
def quotas(redis, bot_keys):
    return Quotas(redis, bot_keys, per_day=PER_DAY, exempt=frozenset((ADMIN,)))


async def midnight(redis, bot_keys) -> None:
    """Let what was charged today have been charged yesterday."""
    [(today, used)] = (await redis.hgetall(bot_keys.free_used(ANN))).items()
    await redis.delete(bot_keys.free_used(ANN))
    yesterday = int(today) - 86_400_000
    await redis.hset(bot_keys.free_used(ANN), str(yesterday), used)
    for job in await redis.hkeys(bot_keys.charged(ANN)):
        await redis.hset(bot_keys.charged(ANN), job, f"free:{yesterday}")


async def test_yesterdays_jobs_are_not_todays(quotas, redis, bot_keys):
    for job in "ab":
        await quotas.charge(ANN, job)
    await midnight(redis, bot_keys)
    assert (await quotas.of(ANN)).used == 0
    assert await quotas.charge(ANN, "c") is None


async def test_job_that_was_charged_before_midnight_is_not_charged_again(quotas, redis, bot_keys):
    await quotas.charge(ANN, "late")
    await midnight(redis, bot_keys)
    for job in "ab":
        assert await quotas.charge(ANN, job) is None
    assert await quotas.charge(ANN, "c") is not None
    assert await quotas.charge(ANN, "late") is None
    await quotas.give_back(ANN, "late")
    assert (await quotas.of(ANN)).used == 2


async def test_job_that_is_asked_for_again_when_it_is_answered_is_charged_again(quotas):
    await quotas.charge(ANN, "a")
    await quotas.settle(ANN, "a")
    await quotas.give_back(ANN, "a")
    assert (await quotas.of(ANN)).used == 1
    await quotas.charge(ANN, "a")
    assert (await quotas.of(ANN)).used == 2


@pytest.mark.parametrize(
    ("kind", "most"),
    [(Quotas.give_back_withheld, 3), (Quotas.give_back_cancelled, PER_DAY)],
    ids=["withheld", "cancelled"],
)
async def test_some_jobs_of_a_day_are_given_back_and_count_after_that(quotas, redis, bot_keys, kind, most):
    await quotas.add_lot(ANN, "granted", 3)
    for job in "abcde":
        await quotas.charge(ANN, job)
    for _ in range(2):
        assert [await kind(quotas, ANN, job) for job in "abcde"] == [True] * most + [False] * (5 - most)
    assert (await quotas.of(ANN)).left == most
    await quotas.forget(ANN)
    await quotas.charge(ANN, "f")
    assert not await kind(quotas, ANN, "f")
    assert 0 < await redis.ttl(bot_keys.free_used(ANN)) <= 2 * 86_400


async def test_jobs_given_back_for_one_reason_are_not_counted_for_the_other(quotas):
    for job in "ab":
        await quotas.charge(ANN, job)
        assert await quotas.give_back_cancelled(ANN, job)
    await quotas.charge(ANN, "c")
    assert await quotas.give_back_withheld(ANN, "c")
    await quotas.charge(ANN, "d")
    assert not await quotas.give_back_cancelled(ANN, "d")
    assert (await quotas.of(ANN)).used == 1


async def test_forgetting_a_user_leaves_no_job_and_no_second_day(quotas, redis, bot_keys):
    await quotas.add_lot(ANN, "granted", 1)
    for job in ("a", "b", "c"):
        await quotas.charge(ANN, job)
    await quotas.forget(ANN)
    await quotas.forget(ANN)
    assert (await quotas.of(ANN)).left == 0
    assert await redis.exists(bot_keys.charged(ANN), bot_keys.lots(ANN)) == 0
