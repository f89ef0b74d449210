"""Albums between Telegram and the handlers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from qwenedit_bot import updates as updates_module
from qwenedit_bot.updates import ALBUM_WINDOW, UpdateStream

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys


def item(update_id: int, message_id: int, *, album: str = "7", chat: int = 5) -> dict[str, Any]:
    message = {"message_id": message_id, "chat": {"id": chat, "type": "private"}, "media_group_id": album}
    return {"update_id": update_id, "message": message}


@pytest.fixture
async def streams(redis: Redis, bot_keys: BotKeys) -> list[UpdateStream]:
    streams = [UpdateStream(redis, bot_keys, consumer=name) for name in ("one", "two")]
    await streams[0].prepare()
    return streams


async def test_an_album_that_reaches_several_replicas_follows_as_one_in_order(streams) -> None:
    one, two = streams
    await two.take([item(12, 3)])
    await one.take([item(10, 1)])
    await two.take([item(11, 2)])
    await asyncio.sleep(ALBUM_WINDOW + 0.05)
    await asyncio.gather(*(stream.close_albums() for stream in streams for _ in range(5)))
    (received,) = await one.read(count=10, block=0.1)
    assert [update["message"]["message_id"] for update in received.album] == [1, 2, 3]
    assert (received.kind, received.chat) == ("album", 5)


async def test_an_album_with_a_name_that_is_no_text_blocks_nothing(streams) -> None:
    one, _two = streams
    await one.take([item(1, 1, album="\ud83d"), item(2, 2, album="\ud83d")])
    await asyncio.sleep(ALBUM_WINDOW + 0.05)
    await one.close_albums()
    (received,) = await one.read(count=10, block=0.1)
    assert len(received.album) == 2


async def test_an_album_stays_open_while_more_of_it_comes(streams, redis, bot_keys, monkeypatch) -> None:
    monkeypatch.setattr(updates_module, "ALBUM_WINDOW", 60.0)
    one, _two = streams
    for number in range(3):
        await one.take([item(number, number)])
        await redis.zincrby(bot_keys.open_albums, -36_000, "5:7")  # as after so many milliseconds
        await one.close_albums()
        assert await one.read(count=10, block=0.01) == []
    await redis.zincrby(bot_keys.open_albums, -36_000, "5:7")
    await one.close_albums()
    (received,) = await one.read(count=10, block=0.1)
    assert len(received.album) == 3


async def test_albums_of_other_chats_and_other_albums_keep_apart(streams) -> None:
    one, _two = streams
    await one.take([item(1, 1, album="7"), item(2, 2, album="8"), item(3, 1, chat=6)])
    await asyncio.sleep(ALBUM_WINDOW + 0.05)
    await one.close_albums()
    received = await one.read(count=10, block=0.1)
    assert sorted(len(update.album) for update in received) == [1, 1, 1]


async def test_a_message_delivered_again_changes_nothing(streams) -> None:
    one, two = streams
    assert await one.take([item(1, 1), item(2, 2)]) == 2
    assert await two.take([item(1, 1)]) == 0
    await asyncio.sleep(ALBUM_WINDOW + 0.05)
    await one.close_albums()
    assert await two.take([item(2, 2)]) == 0
    assert [len(update.album) for update in await one.read(count=10, block=0.1)] == [2]


async def test_a_message_that_comes_too_late_follows_alone(streams) -> None:
    one, _two = streams
    await one.take([item(1, 1)])
    await asyncio.sleep(ALBUM_WINDOW + 0.05)
    await one.close_albums()
    await one.take([item(2, 2)])
    received = await one.read(count=10, block=0.1)
    assert [(update.kind, len(update.album)) for update in received] == [("album", 1), ("message", 0)]


async def test_what_users_wrote_is_gone_from_redis_with_the_update(streams, redis, bot_keys) -> None:
    one, _two = streams
    await one.take([item(1, 1)])
    assert 0 < await redis.ttl(f"{bot_keys.album_prefix}5:7") <= 86_400
    await asyncio.sleep(ALBUM_WINDOW + 0.05)
    await one.close_albums()
    (received,) = await one.read(count=10, block=0.1)
    await one.acknowledge(received)
    assert await redis.hgetall(f"{bot_keys.album_prefix}5:7") == {"closed": "1"}
    assert await redis.zcard(bot_keys.open_albums) == 0
    assert await redis.xlen(bot_keys.updates) == 0
