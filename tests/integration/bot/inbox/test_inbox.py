"""Updates between Telegram and the handlers: albums, each sender's share, strangers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from qwenedit_bot.chat.actors import actor_in
from qwenedit_bot.common import timeouts
from qwenedit_bot.inbox.inbox import WAITING, Inbox, ReceivedUpdate, chat_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs.lanes import Entry


def message(update_id: int, *, chat: int = 5, user: int = 5, **more: Any) -> dict[str, Any]:
    about = {"message_id": update_id, "chat": {"id": chat, "type": "private"}, "from": {"id": user}, "text": "hello"}
    return {"update_id": update_id, "message": about | more}


def item(update_id: int, message_id: int, *, album: str = "7", chat: int = 5) -> dict[str, Any]:
    return message(update_id, chat=chat, message_id=message_id, media_group_id=album)


def admits(update: dict[str, Any]) -> bool:
    return actor_in(update) != 666


@pytest.fixture
def inboxes(redis: Redis, bot_keys: BotKeys) -> list[Inbox]:
    return [Inbox(redis, bot_keys, name=name, admits=admits) for name in ("one", "two")]


async def rows(inbox: Inbox) -> list[Entry]:
    found, _wait = await inbox.lanes.next(100)
    return found


async def opened(inbox: Inbox) -> list[ReceivedUpdate]:
    return [update for row in await rows(inbox) if (update := await inbox.open(row)) is not None]


async def drained(inbox: Inbox) -> list[ReceivedUpdate]:
    """Handle all that is there."""
    found: list[ReceivedUpdate] = []
    while taken := await rows(inbox):
        for row in taken:
            update = await inbox.open(row)
            assert update is not None
            found.append(update)
            await inbox.lanes.done(row)
    return found


async def test_update_that_comes_twice_is_taken_once(inboxes: list[Inbox], redis: Redis, bot_keys: BotKeys) -> None:
    one, two = inboxes
    assert await one.take([message(1), message(2)]) == 2
    for_as_long_as_telegram_keeps_it = await redis.ttl(f"{bot_keys.seen_prefix}1")
    assert for_as_long_as_telegram_keeps_it == pytest.approx(24 * 3600, abs=60)
    assert await two.take([message(2), message(3)]) == 1
    assert [update.update_id for update in await drained(one)] == [1, 2, 3]


# ---------------------------------------------------------------- albums


async def test_album_that_reaches_several_replicas_follows_as_one_in_order(inboxes: list[Inbox]) -> None:
    one, two = inboxes
    await two.take([item(12, 101)])
    await one.take([item(10, 99)])
    await two.take([item(11, 100)])
    assert await opened(one) == []
    await asyncio.sleep(timeouts.ALBUM + 0.05)
    (received,) = await opened(one)
    assert [update["message"]["message_id"] for update in received.album] == [99, 100, 101]
    assert (received.kind, chat_of(received.raw)) == ("album", 5)


async def test_album_keeps_its_place_before_the_text_that_follows_it(
    inboxes: list[Inbox], redis: Redis, bot_keys: BotKeys
) -> None:
    """Even when the bot is away while the album closes."""
    one, _two = inboxes
    await one.take([item(1, 1), item(2, 2), message(3)])
    await asyncio.sleep(timeouts.ALBUM + 0.05)
    after_a_restart = Inbox(redis, bot_keys, name="one")
    assert [update.kind for update in await drained(after_a_restart)] == ["album", "message"]


async def test_album_with_a_name_that_is_no_text_blocks_nothing(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    await one.take([item(1, 1, album="\ud83d"), item(2, 2, album="\ud83d")])
    await asyncio.sleep(timeouts.ALBUM + 0.05)
    (received,) = await opened(one)
    assert len(received.album) == 2


async def test_album_stays_open_while_more_of_it_comes(inboxes: list[Inbox], monkeypatch: pytest.MonkeyPatch) -> None:
    one, _two = inboxes
    monkeypatch.setattr(timeouts, "ALBUM", 60.0)
    for number in range(3):
        await one.take([item(number, number)])
    assert await opened(one) == []
    monkeypatch.setattr(timeouts, "ALBUM", 0.0)
    await one.take([item(3, 3)])
    await one.lanes.put("5", "other", "{}")  # due is asked for when the lane is looked at
    await one._redis.zadd(f"{one.lanes.prefix}:ready", {"5": 0})
    (received,) = await opened(one)
    assert len(received.album) == 4


async def test_albums_of_other_chats_and_other_albums_keep_apart(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    await one.take([item(1, 1, album="7"), item(2, 2, album="8"), item(3, 1, chat=6)])
    await asyncio.sleep(timeouts.ALBUM + 0.05)
    assert [len(update.album) for update in await drained(one)] == [1, 1, 1]


async def test_album_opened_again_after_a_crash_is_the_same(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    await one.take([item(1, 1), item(2, 2)])
    await asyncio.sleep(timeouts.ALBUM + 0.05)
    (row,) = await rows(one)
    first, second = await one.open(row), await one.open(row)
    assert first is not None
    assert first == second
    await one.lanes.release_own_holds()
    assert await opened(one) == [first]


async def test_album_message_that_comes_too_late_follows_alone(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    await one.take([item(1, 1)])
    await asyncio.sleep(timeouts.ALBUM + 0.05)
    first = await opened(one)
    await one.take([item(2, 2)])
    await one.lanes.release_own_holds()
    rest = await drained(one)
    assert [(update.kind, len(update.album)) for update in (*first, *rest[1:])] == [("album", 1), ("message", 0)]


async def test_words_of_users_are_gone_from_redis_with_the_update(
    inboxes: list[Inbox], redis: Redis, bot_keys: BotKeys
) -> None:
    one, _two = inboxes
    await one.take([item(1, 1), *(message(number) for number in range(2, 40))])
    await asyncio.sleep(timeouts.ALBUM + 0.05)
    await drained(one)
    assert await redis.hgetall(f"{bot_keys.album_prefix}5:7") == {"closed": "1"}
    assert await redis.keys("qwenedit:inbox*") == []


# ---------------------------------------------------------------- shares


async def test_burst_beyond_a_senders_share_gets_one_entry(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    await one.take([message(number) for number in range(150)])
    received = await drained(one)
    assert [update.refused for update in received] == [False] * WAITING + [True]
    assert received[-1].update_id == WAITING, "the first one that was not taken is answered"


async def test_burst_in_a_group_is_answered_at_the_first_that_may_call_the_bot(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    said = ["hm"] * (WAITING + 5) + ["/edit make it snow", "@bot make it rain"]
    await one.take([message(number, chat=-7, text=text) for number, text in enumerate(said)])
    assert [update.update_id for update in await drained(one) if update.refused] == [WAITING + 5]


async def test_burst_of_one_person_in_a_group_leaves_the_others_their_share(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    await one.take([message(number, chat=-7, user=1) for number in range(100)])
    await one.take([message(200, chat=-7, user=2)])
    received = await drained(one)
    assert [update.update_id for update in received if not update.refused] == [*range(WAITING), 200]


async def test_payment_is_taken_however_much_waits(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    await one.take([message(number) for number in range(WAITING)])
    await one.take([message(500, successful_payment={}), message(501, refunded_payment={})])
    assert [update.update_id for update in await drained(one)][-2:] == [500, 501]


async def test_checkout_waits_for_no_photo_of_its_user(inboxes: list[Inbox]) -> None:
    one, _two = inboxes
    await one.take([message(1), {"update_id": 2, "pre_checkout_query": {"id": "x", "from": {"id": 5}}}])
    assert sorted(row.lane for row in await rows(one)) == ["5", "checkout:5"]


async def test_update_of_a_stranger_is_not_kept_at_all(inboxes: list[Inbox], redis: Redis) -> None:
    one, _two = inboxes
    await one.take([message(number, user=666) for number in range(100)])
    assert await redis.keys("*") == []
