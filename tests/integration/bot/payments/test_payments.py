"""Payments and refunds in every order, each told any number of times, in a real Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.payments.payments import Pack, Payments
from qwenedit_bot.payments.quotas import BOUGHT, Quotas
from qwenedit_jobs import RedisSettings, connect

if TYPE_CHECKING:
    from redis.asyncio import Redis

ANN, AT = 7, 1_700_000_000
PACK = Pack(2, 50)
STEPS = st.lists(
    st.tuples(st.sampled_from(("paid", "refunded", "charge", "give back")), st.sampled_from("abc")), max_size=25
)


@pytest.fixture
def payments(redis: Redis, bot_keys: BotKeys) -> Payments:
    return Payments(redis, bot_keys)


async def test_refund_told_before_its_payment_leaves_nothing_credited(
    payments: Payments, redis: Redis, bot_keys: BotKeys
) -> None:
    assert await payments.refunded(ANN, "c", stars=50, at=AT, now=AT) == 0
    assert await payments.refunded(ANN, "c", stars=50, at=AT, now=AT + 9) is None
    assert not await payments.paid(ANN, "c", PACK, at=AT)
    assert await redis.hgetall(bot_keys.lots(ANN)) == {}
    (payment,) = await payments.of(ANN)
    assert (payment.jobs, payment.stars, payment.left, payment.refunded) == (2, 50, 0, AT)
    assert await redis.ttl(bot_keys.payments(ANN)) > 0


async def test_payment_told_again_after_its_refund_is_told_as_refunded(payments: Payments) -> None:
    told = [await payments.paid(ANN, "c", PACK, at=AT), await payments.paid(ANN, "c", PACK, at=AT)]
    assert await payments.refunded(ANN, "c", stars=50, at=AT, now=AT) == 2
    told.append(await payments.paid(ANN, "c", PACK, at=AT))
    assert told == [True, True, False]


def test_payments_refunds_and_charges_in_every_order_add_up(redis_url: str) -> None:
    with asyncio.Runner() as runner:
        client = connect(RedisSettings(redis_url=redis_url))

        @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(STEPS)
        def add_up(steps: list[tuple[str, str]]) -> None:
            runner.run(_play(client, steps))

        add_up()
        runner.run(client.aclose())


async def _play(redis: Redis, steps: list[tuple[str, str]]) -> None:
    """Play the steps beside a model: what each charge has left, and which job it has paid for."""
    await redis.flushall()
    keys = BotKeys(prefix="qwenedit", bot_id=42)
    payments, quotas = Payments(redis, keys), Quotas(redis, keys, per_day=0, exempt=frozenset())
    left: dict[str, int] = {}
    refunded: set[str] = set()
    charged: dict[str, str] = {}
    for step, name in steps:
        if step == "paid":
            assert await payments.paid(ANN, name, PACK, at=AT) is (name not in refunded)
            if name not in refunded:
                left.setdefault(name, PACK.jobs)
        elif step == "refunded":
            taken = await payments.refunded(ANN, name, stars=PACK.stars, at=AT, now=AT)
            assert taken == (None if name in refunded else left.get(name, 0))
            refunded.add(name)
            left.pop(name, None)
            charged = {job: lot for job, lot in charged.items() if lot != name}
        elif step == "charge":
            refusal = await quotas.charge(ANN, name)
            lot = charged.get(name) or next((each for each in sorted(left) if left[each]), None)
            assert (refusal is not None) == (lot is None)
            if lot is not None and name not in charged:
                left[lot] -= 1
                charged[name] = lot
        else:
            assert await quotas.give_back(ANN, name) == (BOUGHT + charged[name] if name in charged else None)
            if name in charged:
                left[charged.pop(name)] += 1
        lots = {str(lot): int(jobs) for lot, jobs in (await redis.hgetall(keys.lots(ANN))).items()}
        assert lots == {f"{BOUGHT}{name}": jobs for name, jobs in left.items() if jobs}
        assert {payment.charge for payment in await payments.of(ANN)} == left.keys() | refunded
