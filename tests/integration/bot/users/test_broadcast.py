"""One text to everybody: to nobody twice, whatever crashes, and to those who are there."""

from __future__ import annotations

import pytest

from qwenedit_bot.chat.errors import ChatUnreachableError, LaterError, TelegramUnavailableError
from qwenedit_bot.texts import Texts
from qwenedit_bot.users.broadcast import A_PORTION, Broadcasts
from qwenedit_bot.users.languages import Languages

ADMIN = 1


class Chats:
    """Telegram, which may not reach some."""

    def __init__(self):
        self.sent = []
        self.trouble = {}

    async def send(self, to, view):
        if to.chat_id in self.trouble:
            raise self.trouble[to.chat_id]
        self.sent.append((to.chat_id, view.text))
        return 1

    def to(self, user):
        return [text for chat, text in self.sent if chat == user]


@pytest.fixture
def chats():
    return Chats()


@pytest.fixture
def broadcasts(redis, bot_keys, chats):
    return make(redis, bot_keys, chats)


def make(redis, bot_keys, chats):
    return Broadcasts(redis, bot_keys, chats, Languages(redis, bot_keys, Texts(default="en")))


async def ticks(broadcasts):
    while await broadcasts.progress() is not None:
        await broadcasts.tick()


async def users(broadcasts, *ids):
    for user in ids:
        await broadcasts.seen(user)


async def test_everybody_gets_it_once_and_the_admin_the_report(broadcasts, chats):
    await users(broadcasts, *range(10, 35))
    assert await broadcasts.start(admin=ADMIN, source=5, text="News")
    await ticks(broadcasts)
    assert all(chats.to(user) == ["News"] for user in range(10, 35))
    assert chats.to(ADMIN) == ["📣 Sent to 25 users, 0 could not be reached."]


async def test_no_more_than_a_portion_goes_at_once(broadcasts, chats):
    await users(broadcasts, *range(10, 50))
    await broadcasts.start(admin=ADMIN, source=5, text="News")
    await broadcasts.tick()
    assert len(chats.sent) == A_PORTION
    assert (await broadcasts.progress()).left == 40 - A_PORTION


async def test_broadcast_goes_on_in_another_replica_after_a_crash(broadcasts, redis, bot_keys):
    await users(broadcasts, *range(10, 40))
    await broadcasts.start(admin=ADMIN, source=5, text="News")
    await broadcasts.tick()
    second = Chats()
    await ticks(make(redis, bot_keys, second))
    assert len([chat for chat, _text in second.sent if chat != ADMIN]) == 30 - A_PORTION
    assert second.to(ADMIN) == ["📣 Sent to 30 users, 0 could not be reached."]


async def test_message_that_was_cut_off_while_sending_is_not_sent_again(broadcasts, chats):
    await users(broadcasts, 10)
    await broadcasts.start(admin=ADMIN, source=5, text="News")
    chats.trouble[10] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await broadcasts.tick()
    chats.trouble.clear()
    await ticks(broadcasts)
    assert chats.to(10) == []


async def test_press_that_is_delivered_again_begins_no_second_one(broadcasts, chats):
    await users(broadcasts, 10)
    for _ in range(2):
        assert await broadcasts.start(admin=ADMIN, source=5, text="News")
    await ticks(broadcasts)
    assert await broadcasts.start(admin=ADMIN, source=5, text="News")
    assert await broadcasts.progress() is None
    assert chats.to(10) == ["News"]


async def test_second_broadcast_waits_for_the_first(broadcasts):
    await users(broadcasts, 10)
    assert await broadcasts.start(admin=ADMIN, source=5, text="News")
    assert not await broadcasts.start(admin=ADMIN, source=6, text="More")
    await ticks(broadcasts)
    assert await broadcasts.start(admin=ADMIN, source=6, text="More")


async def test_user_who_blocked_the_bot_is_counted_apart_and_not_written_to_again(broadcasts, chats):
    await users(broadcasts, 10, 11, 12)
    chats.trouble = {10: ChatUnreachableError("blocked"), 11: TelegramUnavailableError("down")}
    await broadcasts.start(admin=ADMIN, source=5, text="News")
    await ticks(broadcasts)
    assert chats.to(ADMIN) == ["📣 Sent to 1 user, 2 could not be reached."]
    assert await broadcasts.users() == 2


async def test_user_whose_chat_must_wait_gets_it_after_the_others(broadcasts, chats):
    await users(broadcasts, 10, 11, 12)
    chats.trouble = {10: LaterError(3600.0, "pace")}
    await broadcasts.start(admin=ADMIN, source=5, text="News")
    await broadcasts.tick()
    assert [chat for chat, _text in chats.sent] == [11, 12]
    chats.trouble = {}
    await ticks(broadcasts)
    assert chats.to(10) == ["News"]
    assert chats.to(ADMIN) == ["📣 Sent to 3 users, 0 could not be reached."]


async def test_report_that_must_wait_is_told_later(broadcasts, chats):
    await users(broadcasts, 10)
    chats.trouble = {ADMIN: LaterError(1.0, "pace")}
    await broadcasts.start(admin=ADMIN, source=5, text="News")
    for _ in range(3):
        await broadcasts.tick()
    chats.trouble = {}
    await ticks(broadcasts)
    assert chats.to(10) == ["News"]
    assert len(chats.to(ADMIN)) == 1


async def test_broadcast_leaves_nothing_for_ever(broadcasts, redis, bot_keys):
    await users(broadcasts, 10)
    await broadcasts.start(admin=ADMIN, source=5, text="News")
    for key in (bot_keys.broadcast, bot_keys.broadcast_left):
        assert await redis.ttl(key) > 0
    await broadcasts.forget(10)
    assert await redis.exists(bot_keys.users, bot_keys.broadcast_left) == 0
