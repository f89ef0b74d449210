"""Receiving updates by asking for them."""

from __future__ import annotations

import asyncio
import time


async def texts(bot, **parameters) -> list[str]:
    return [update.message.text for update in await bot.get_updates(**parameters) if update.message]


async def test_updates_come_again_until_a_later_offset_confirms_them(bot, ann):
    for text in ("one", "two", "three"):
        await ann.send(text)
    updates = await bot.get_updates()
    assert [update.message.text for update in updates] == ["one", "two", "three"]
    assert [update.update_id - updates[0].update_id for update in updates] == [0, 1, 2]
    assert await texts(bot) == ["one", "two", "three"]
    assert await texts(bot, offset=updates[1].update_id) == ["two", "three"]
    assert await texts(bot) == ["two", "three"]
    assert await texts(bot, offset=updates[2].update_id + 1) == []
    assert await texts(bot) == []


async def test_long_poll_is_answered_the_moment_something_happens(bot, ann):
    waiting = asyncio.create_task(bot.get_updates(timeout=40))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    sent = time.monotonic()
    await ann.send("at last")
    (update,) = await waiting
    assert update.message.text == "at last"
    assert time.monotonic() - sent < 20, "it came before the poll's end"


async def test_only_the_kinds_asked_for_are_kept_from_then_on(bot, ann):
    await bot.get_updates(allowed_updates=["callback_query"])
    await ann.send("not kept")
    sent = await bot.send_message(
        ann.id, "buttons", reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    )
    await ann.press("A")
    (update,) = await bot.get_updates()
    assert (update.callback_query.data, update.callback_query.message.message_id) == ("a", sent.message_id)
    await bot.get_updates(offset=update.update_id + 1, allowed_updates=[])
    await ann.send("kept")
    assert await texts(bot) == ["kept"]
