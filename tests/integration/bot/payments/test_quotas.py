"""How many jobs a user may still ask for, counted in a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from qwenedit_bot.payments.quotas import Accounts
from qwenedit_bot.texts import Text
from qwenedit_bot.users.access_list import AccessList

ANN, BOB, ADMIN = 7, 8, 9

pytestmark = pytest.mark.usefixtures("within_a_day")


@pytest.fixture
def accounts(redis, bot_keys):
    return Accounts(redis, bot_keys, per_day=2, exempt=frozenset((ADMIN,)))


async def test_a_job_is_charged_once_however_often_its_update_comes(accounts):
    for _ in range(5):
        assert await accounts.charge(ANN, "a") is None
    assert (await accounts.of(ANN)).used == 1


async def test_beyond_the_days_number_nothing_is_left_until_midnight(accounts, redis, bot_keys):
    assert [await accounts.charge(ANN, job) for job in "ab"] == [None, None]
    account = await accounts.charge(ANN, "c")
    assert (account.used, account.per_day, account.left) == (2, 2, 0)
    assert 0 < account.resets_in <= 86_400
    assert 0 < await redis.ttl(bot_keys.today(ANN)) <= 2 * 86_400
    assert await accounts.charge(BOB, "d") is None


async def test_yesterdays_jobs_are_not_todays(accounts, redis, bot_keys):
    for job in "ab":
        await accounts.charge(ANN, job)
    await redis.zadd(bot_keys.today(ANN), {"a": 1, "b": 1}, xx=True)
    assert (await accounts.of(ANN)).used == 0
    assert await accounts.charge(ANN, "c") is None


async def test_of_many_that_ask_at_once_only_as_many_are_taken_as_may(accounts):
    asked = await asyncio.gather(*(accounts.charge(ANN, str(number)) for number in range(20)))
    assert sum(account is None for account in asked) == 2


async def test_what_failed_is_given_back_once(accounts):
    for job in "ab":
        await accounts.charge(ANN, job)
    await accounts.give_back(ANN, "a")
    await accounts.give_back(ANN, "a")
    assert (await accounts.of(ANN)).used == 1
    await accounts.give_back(ANN, "unknown")
    assert (await accounts.of(ANN)).used == 1


async def test_lots_are_used_when_the_day_is_used_up_and_get_back_what_failed(accounts):
    await accounts.add_lot(ANN, "granted", 1)
    await accounts.add_lot(ANN, "granted", 1)
    assert [await accounts.charge(ANN, job) for job in "abc"] == [None] * 3
    assert await accounts.charge(ANN, "c") is None
    assert (await accounts.of(ANN)).bought == 0
    assert (await accounts.charge(ANN, "d")).left == 0
    assert await accounts.give_back(ANN, "c") == "granted"
    assert await accounts.give_back(ANN, "c") is None
    assert (await accounts.of(ANN)).left == 1


async def test_admins_and_a_bot_without_a_limit_count_nothing(accounts, redis, bot_keys):
    assert await accounts.of(ADMIN) is None
    unlimited = Accounts(redis, bot_keys, per_day=None, exempt=frozenset())
    assert await unlimited.charge(ANN, "a") is None
    assert await unlimited.of(ANN) is None
    assert await redis.dbsize() == 0


async def test_forgetting_a_user_leaves_no_job_and_no_second_day(accounts, redis, bot_keys):
    await accounts.add_lot(ANN, "granted", 1)
    for job in ("a", "b", "c"):
        await accounts.charge(ANN, job)
    await accounts.forget(ANN)
    await accounts.forget(ANN)
    assert (await accounts.of(ANN)).left == 0
    assert await redis.exists(bot_keys.charged(ANN), bot_keys.lots(ANN)) == 0
    assert {"a", "b", "c"} & set(await redis.zrange(bot_keys.today(ANN), 0, -1)) == set()


async def test_only_those_on_the_list_and_the_admins_may_use_a_private_bot(redis, bot_keys):
    access_list = AccessList(redis, bot_keys, admins=frozenset((ADMIN,)), allowed=frozenset((ANN,)))
    assert [await access_list.refusal(user) for user in (ANN, BOB, ADMIN)] == [None, Text.NOT_INVITED, None]


async def test_a_ban_holds_until_it_is_ended_and_never_for_an_admin(redis, bot_keys):
    access_list = AccessList(redis, bot_keys, admins=frozenset((ADMIN,)), allowed=frozenset())
    assert [await access_list.ban(user) for user in (ANN, ANN, ADMIN)] == [True, False, False]
    assert [await access_list.refusal(user) for user in (ANN, BOB, ADMIN)] == [Text.BANNED, None, None]
    assert [await access_list.unban(ANN), await access_list.unban(ANN)] == [True, False]
    assert await access_list.refusal(ANN) is None
