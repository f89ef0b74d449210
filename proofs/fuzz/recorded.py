"""Updates as the simulated Telegram delivers them, of all that its people can do."""

from __future__ import annotations

from typing import Any

import aiohttp

from local_stack import SIMULATED_TOKEN
from proofs.fuzz.updates import PERSON
from qwenedit_testkit import photos
from telegram_simulator.client import TelegramSimulator
from telegram_simulator.server import Config, running

WANTED = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]


async def record(*, albums: bool) -> list[dict[str, Any]]:
    """Have people do everything, and return what a bot is told of it.

    Args:
        albums: Also send albums, for which the bot waits a second each.
    """
    async with running(Config(port=0)) as url, TelegramSimulator(url) as telegram, aiohttp.ClientSession() as session:
        method = f"{url}/bot{SIMULATED_TOKEN}"
        await (await session.post(f"{method}/getMe")).json()
        ask = {"allowed_updates": WANTED, "limit": 100}
        await (await session.post(f"{method}/getUpdates", json=ask)).json()
        await _act(telegram, session, method, albums=albums)
        answer = await (await session.post(f"{method}/getUpdates", json=ask)).json()
    updates: list[dict[str, Any]] = answer["result"]
    return updates


async def _act(telegram: TelegramSimulator, session: aiohttp.ClientSession, method: str, *, albums: bool) -> None:
    ann = await telegram.user(PERSON, language="en", first_name="Ann", username="ann")
    picture = photos.photo(size=photos.SMALL)
    for text in ("/start", "/help", "make it snow", "https://example.org *bold* 🎉", "/language", "/cancel"):
        await ann.send(text)
    photo = (await ann.send(photo=picture, caption="make it snow"))[0]
    await ann.send(photo=picture)
    await ann.send("at night", reply_to=photo)
    await ann.send(photo=picture, caption="forwarded", forwarded=True)
    await ann.send(document=picture, name="cat.png", caption="as a file")
    await ann.send(document=b"%PDF-1.7", name="a.pdf")
    for kind in ("sticker", "voice", "animation", "video", "audio"):
        await ann.send(document=picture, kind=kind)
    if albums:
        await ann.send(album=[picture, picture], caption="put them together")
        await ann.send(album=[picture, picture], as_file=True)
    await ann.edit(photo, "make it rain")
    said = {
        "chat_id": PERSON,
        "text": "?",
        "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]},
    }
    answer = await (await session.post(f"{method}/sendMessage", json=said)).json()
    for data in ("cancel:1234", "again:1234", "presets", "preset:1:snow", "language:ru", "what"):
        await ann.press_data(answer["result"]["message_id"], data)
    group = await telegram.group("Friends", ann)
    within = ann.within(group)
    await within.send("/edit@photo_editor_bot make it snow")
    await within.send("hello all")
    await within.send(photo=picture, caption="@photo_editor_bot make it snow")
    await ann.block()
