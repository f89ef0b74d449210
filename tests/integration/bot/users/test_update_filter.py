"""Whose updates are stored at all, with a real Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cachetools import TTLCache
from prometheus_client import CollectorRegistry

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.privacy.user_erasure import UserErasure
from qwenedit_bot.texts import Text
from qwenedit_bot.users.access_list import AccessList
from qwenedit_bot.users.update_filter import UpdateFilter, is_public_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

ADMIN, INVITED, BANNED, STRANGER, BOT = 1, 2, 3, 4, 42
PRIVATE, GROUP = "private", "supergroup"


@pytest.fixture
async def banned(redis: Redis, bot_keys: BotKeys) -> None:
    await redis.sadd(bot_keys.banned, BANNED)


@pytest.fixture
def make(redis: Redis, bot_keys: BotKeys) -> Callable[[], UpdateFilter]:
    def access() -> UpdateFilter:
        access_list = AccessList(
            redis, bot_keys, admins=frozenset((ADMIN,)), allowed=frozenset((INVITED, BANNED, -500))
        )
        return UpdateFilter(
            access_list, redis, bot_keys, BotMetrics(CollectorRegistry()), username="our_bot", bot_id=BOT
        )

    return access


@pytest.fixture
def access(make: Callable[[], UpdateFilter], banned: None) -> UpdateFilter:
    return make()


def person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": "Ann"}


def chat(kind: str, user: int) -> dict[str, Any]:
    return {"id": user if kind == PRIVATE else -100, "type": kind}


def message(user: int, kind: str = PRIVATE, *, number: int = 1, is_bot: bool = False, **fields: Any) -> dict[str, Any]:
    sender = {**person(user), "is_bot": is_bot}
    said = {"message_id": number, "date": 1, "chat": chat(kind, user), "from": sender, **fields}
    return {"update_id": number, "message": said}


def press(
    user: int, data: str, kind: str = PRIVATE, *, sender: int = BOT, number: int = 1, **fields: Any
) -> dict[str, Any]:
    shown = {"message_id": 5, "date": 1, "chat": chat(kind, user), "from": {**person(sender), "is_bot": True}, **fields}
    query = {"id": "1", "from": person(user), "message": shown, "chat_instance": "1", "data": data}
    return {"update_id": number, "callback_query": query}


KINDS: dict[str, dict[str, Any]] = {
    "text": {"text": "hello"},
    "command": {"text": "/start"},
    "photo": {"photo": [{"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}]},
    "photo with everybody's command": {"photo": [], "caption": "/privacy"},
    "command and a wish": {"text": "/privacy make it snow", "reply_to_message": {"message_id": 1}},
    "longer command": {"text": "/forgetmenot"},
    "another bot's command": {"text": "/privacy@other_bot"},
    "forwarded command": {"text": "/forget", "forward_origin": {"type": "user"}},
    "inline result": {"text": "/forget", "via_bot": person(9)},
    "admins' command": {"text": "/pause"},
    "document": {"document": {"file_id": "x"}},
    "sticker": {"sticker": {"file_id": "x"}},
    "new member": {"new_chat_members": [person(9)]},
    "album": {"media_group_id": "1", "photo": []},
}


@pytest.mark.parametrize("fields", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("kind", [PRIVATE, GROUP])
async def test_access_of_messages_is_for_the_invited_alone(
    access: UpdateFilter, kind: str, fields: dict[str, Any]
) -> None:
    found = await access.of_strangers([message(user, kind, **fields) for user in (ADMIN, INVITED, BANNED, STRANGER)])
    assert found == [False, False, True, True]


DATA = ("cancel:0123456789abcdef", "again:x", "forget:", "forget:everything", "language:ru", "buy:1:1", "")


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("kind", [PRIVATE, GROUP])
async def test_access_of_presses_is_for_the_invited_alone(access: UpdateFilter, kind: str, data: str) -> None:
    found = await access.of_strangers([press(user, data, kind) for user in (ADMIN, INVITED, BANNED, STRANGER)])
    assert found == [False, False, True, True]


@pytest.mark.parametrize(
    "update",
    [
        message(STRANGER, text="/privacy"),
        message(STRANGER, text="/Privacy@Our_Bot "),
        message(STRANGER, text="/forget"),
        message(STRANGER, text="/paysupport"),
        message(STRANGER, GROUP, text="/privacy@our_bot"),
        message(STRANGER, successful_payment={}),
        message(STRANGER, refunded_payment={}),
        press(STRANGER, "forget:all"),
        press(STRANGER, "forget:not"),
        {"update_id": 1, "pre_checkout_query": {"id": "1", "from": person(STRANGER)}},
        {"update_id": 1, "my_chat_member": {"chat": chat(GROUP, STRANGER), "from": person(STRANGER)}},
    ],
)
async def test_access_of_what_is_everybodys(access: UpdateFilter, update: dict[str, Any]) -> None:
    assert await access.of_strangers([update]) == [False]


@pytest.mark.parametrize(
    "update",
    [
        message(STRANGER, GROUP, text="/privacy"),  # of whichever bot
        message(STRANGER, GROUP, text="/forget@our_bot"),
        message(STRANGER, GROUP, text="/privacy@our_bot make it snow"),
        press(STRANGER, "forget:all", GROUP),
        press(STRANGER, "forget:all", sender=43),
        {"update_id": 1, "my_chat_member": {"chat": chat(PRIVATE, STRANGER), "from": person(STRANGER)}},
        message(INVITED, text="hello", is_bot=True),
    ],
)
async def test_access_of_what_is_not_quite_everybodys(access: UpdateFilter, update: dict[str, Any]) -> None:
    assert await access.of_strangers([update]) == [True]


async def test_access_of_whoever_writes_as_a_chat_is_that_chats(access: UpdateFilter) -> None:
    updates = [
        message(1087968824, GROUP, text="hi", is_bot=True, sender_chat={"id": sender}) for sender in (-500, -501)
    ]
    assert await access.of_strangers(updates) == [False, True]


async def test_access_of_a_chat_is_by_its_id_alone_where_every_person_has_access(
    redis: Redis, bot_keys: BotKeys
) -> None:
    access_list = AccessList(redis, bot_keys, admins=frozenset(), allowed=frozenset())
    assert [await access_list.refusal(user) for user in (STRANGER, -500)] == [None, Text.WRITE_AS_YOURSELF]


async def test_access_of_a_chat_is_refused_once_in_words_where_it_calls_the_bot(access: UpdateFilter) -> None:
    fields: dict[str, Any] = {"is_bot": True, "sender_chat": {"id": -501}}
    texts = ("what a day", "@our_bot make it snow", "/edit make it snow")
    updates = [
        message(1087968824, GROUP, number=number, text=text, **fields) for number, text in enumerate(texts, 1)
    ]  # fmt: skip
    assert await access.admitted(updates) == [updates[1]]


@pytest.mark.parametrize("odd", [None, [], 5, "text", {}, {"from": []}, {"from": {"id": None}}, {"sender_chat": {}}])
async def test_access_of_updates_of_an_unknown_form_is_left_to_who_reads_them(access: UpdateFilter, odd: Any) -> None:
    kinds = ("message", "callback_query", "my_chat_member", "edited_message")
    assert await access.of_strangers([{"update_id": 1, kind: odd} for kind in kinds]) == [False] * 4


async def test_access_tells_strangers_once_an_hour_and_stores_nothing_else_of_them(
    make: Callable[[], UpdateFilter], banned: None, redis: Redis, bot_keys: BotKeys
) -> None:
    one, another = make(), make()
    for user in (STRANGER, BANNED):
        flood = [message(user, text="let me in", number=number) for number in range(10, 110)]
        assert await one.admitted(flood) == flood[:1]
        assert await one.admitted(flood[:1]) == flood[:1]  # Telegram delivers it again
        assert await another.admitted(flood[1:] + flood[:1]) == flood[:1]
        assert await one.admitted([press(user, "again:x", number=200)]) == []
        assert await one.admitted([message(user, GROUP, text="/edit snow", number=300)]) == []
        assert 3500 < await redis.ttl(bot_keys.occasion(user, "access")) <= 3600


async def test_access_never_answers_messages_in_groups(access: UpdateFilter) -> None:
    assert await access.admitted([message(STRANGER, GROUP, text="/edit snow")]) == []


async def test_access_costs_a_flood_of_one_stranger_no_question_to_redis(access: UpdateFilter, redis: Redis) -> None:
    await access.admitted([message(BANNED, text="let me in", number=1)])
    before = (await redis.info("commandstats"))["cmdstat_set"]["calls"]
    for number in range(2, 200):
        assert await access.admitted([message(STRANGER if number % 2 else BANNED, text="!", number=number)]) == (
            [message(STRANGER, text="!", number=3)] if number == 3 else []
        )
    after = (await redis.info("commandstats"))["cmdstat_set"]["calls"]
    assert after - before <= 1


async def test_access_notices_a_ban_and_its_end(access: UpdateFilter, redis: Redis, bot_keys: BotKeys) -> None:
    now = 0.0
    access._banned = TTLCache(access._banned.maxsize, access._banned.ttl, timer=lambda: now)
    assert await access.of_strangers([message(INVITED, text="hi")]) == [False]
    await redis.sadd(bot_keys.banned, INVITED)
    now = 6.0
    assert await access.of_strangers([message(INVITED, text="hi")]) == [True]
    await redis.srem(bot_keys.banned, INVITED)
    now = 12.0
    assert await access.of_strangers([message(INVITED, text="hi")]) == [False]


async def test_access_of_strangers_holds_nobody_up_while_redis_is_full(access: UpdateFilter, redis: Redis) -> None:
    await redis.config_set("maxmemory", 1)
    try:
        updates = [message(STRANGER, text="let me in"), message(INVITED, text="hi", number=2)]
        assert await access.admitted(updates) == updates[1:]
    finally:
        await redis.config_set("maxmemory", 0)


@pytest.mark.parametrize(
    "text", ["/privacy now", "privacy", "/privacy\n\nmore", "//privacy", "/priv", "/privacy@", " /"]
)
def test_everybodys_commands_are_exact(text: str) -> None:
    assert not is_public_command(text, "our_bot", private=True)


async def test_forgetting_by_one_user_passes_once_in_ten_seconds(redis: Redis, bot_keys: BotKeys) -> None:
    user_erasure = UserErasure(redis, bot_keys, [])
    await user_erasure.check_rate(STRANGER, "first")
    await user_erasure.check_rate(STRANGER, "first")  # handled again after a crash
    await user_erasure.check_rate(BANNED, "another's")
    with pytest.raises(LaterError) as later:
        await user_erasure.check_rate(STRANGER, "second")
    assert 5 < later.value.after <= 10
    await redis.delete(bot_keys.forgot(STRANGER))
    await user_erasure.check_rate(STRANGER, "second")
