"""Who may use the bot, and what is taken of those who may not, with a real Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.texts import Text
from qwenedit_bot.users.access_list import AccessList

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

ADMIN, INVITED, BANNED, STRANGER, CHAT, OTHER_CHAT = 1, 2, 3, 4, -500, -501


@pytest.fixture
async def access(redis: Redis, bot_keys: BotKeys) -> AccessList:
    await redis.sadd(bot_keys.banned, BANNED, ADMIN)
    allowed = frozenset((INVITED, BANNED, CHAT))
    metrics = BotMetrics(CollectorRegistry())
    return AccessList(redis, bot_keys, metrics, admins=frozenset((ADMIN,)), allowed=allowed)


def message(user: int, *, is_bot: bool = False, **fields: Any) -> dict[str, Any]:
    sender = {"id": user, "is_bot": is_bot, "first_name": "Ann"}
    said = {"message_id": 1, "date": 1, "chat": {"id": -100, "type": "supergroup"}, "from": sender, **fields}
    return {"update_id": 1, "message": said}


async def test_access_of_a_chat_is_by_its_id_alone_where_every_person_has_access(
    redis: Redis, bot_keys: BotKeys
) -> None:
    metrics = BotMetrics(CollectorRegistry())
    access = AccessList(redis, bot_keys, metrics, admins=frozenset(), allowed=frozenset())
    assert [await access.refusal(user) for user in (STRANGER, CHAT)] == [None, Text.WRITE_AS_YOURSELF]


async def test_ban_holds_until_it_is_ended_and_never_for_an_admin(access: AccessList) -> None:
    assert [await access.ban(user) for user in (INVITED, INVITED, ADMIN)] == [True, False, False]
    assert [await access.refusal(user) for user in (INVITED, ADMIN)] == [Text.BANNED, None]
    assert [await access.unban(INVITED), await access.unban(INVITED)] == [True, False]
    assert await access.refusal(INVITED) is None


async def test_flood_of_somebody_who_was_refused_is_dropped_and_nobody_elses(access: AccessList) -> None:
    for user in (BANNED, STRANGER):
        await access.refusal(user)
        assert [access.admits(message(user, text="let me in")) for _ in range(100)].count(True) == 20
    assert all(access.admits(message(INVITED, text="hi")) for _ in range(100))


async def test_flood_of_a_chat_that_was_refused_is_dropped_by_its_own_id(access: AccessList) -> None:
    await access.refusal(OTHER_CHAT)
    stand_in = 1087968824
    heard = [message(stand_in, is_bot=True, sender_chat={"id": chat}) for chat in (OTHER_CHAT, CHAT) for _ in range(99)]
    assert [access.admits(update) for update in heard].count(False) == 79


@pytest.mark.parametrize(
    "update",
    [
        message(STRANGER, successful_payment={}),
        message(STRANGER, refunded_payment={}),
        {"update_id": 1, "pre_checkout_query": {"id": "1", "from": {"id": STRANGER, "is_bot": False}}},
    ],
)
async def test_money_is_taken_in_a_flood_too(access: AccessList, update: dict[str, Any]) -> None:
    await access.refusal(STRANGER)
    assert all(access.admits(update) for _ in range(100))


@pytest.mark.parametrize("odd", [None, [], 5, "text", {}, {"from": []}, {"from": {"id": None}}, {"sender_chat": {}}])
async def test_update_of_an_unknown_form_is_left_to_who_reads_it(access: AccessList, odd: Any) -> None:
    for kind in ("message", "callback_query", "my_chat_member", "edited_message"):
        assert access.admits({"update_id": 1, kind: odd})
