"""What the chat page asks the simulator for."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager

import aiohttp
import pytest
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto

from local_stack import Part, bare_environment, by_line, python_module

pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body")


@pytest.fixture
async def page(simulator_url, bot, http):
    """The page's requests; the newest bot is the one of this test."""

    class Page:
        async def get(self, path):
            async with http.get(f"{simulator_url}{path}") as response:
                return response.status, await response.json()

        async def post(self, path, **content):
            async with http.post(f"{simulator_url}{path}", **content) as response:
                return response.status, await response.json()

        async def bytes(self, path):
            async with http.get(f"{simulator_url}{path}") as response:
                return response.headers, await response.read()

        @asynccontextmanager
        async def events(self, user):
            async with http.get(f"{simulator_url}/chat/events?user={user}") as response:
                assert response.content_type == "text/event-stream"

                async def read():
                    async with asyncio.timeout(30):
                        event = (await response.content.readuntil(b"\n")).decode()
                        data = (await response.content.readuntil(b"\n\n")).decode()
                    return event.removeprefix("event: ").strip(), json.loads(data.removeprefix("data: "))

                async def told():
                    yield await read()
                    while True:
                        event = await read()
                        if event[0] != "bot":  # a bot that has not polled for some seconds counts as away
                            yield event

                async with aclosing(told()) as events:
                    yield events.__anext__

    return Page()


async def test_page_shows_a_chat_from_its_beginning(page, bot):
    status, state = await page.get("/chat/state?user=77")
    assert status == 200
    assert state["user"] == {"id": 77, "first_name": "User 77", "language": "en"}
    assert state["bot"] == {"username": (await bot.get_me()).username, "name": "Photo editor", "online": False}
    assert state["messages"] == []
    assert (await page.get("/chat/state"))[1]["user"]["first_name"] == "You"


async def test_message_sent_from_the_page_reaches_the_bot_and_every_page(page, bot, picture):
    form = aiohttp.FormData({"text": "make it snow", "as_file": "0"})
    form.add_field("files", picture(), filename="a.jpg")
    form.add_field("files", picture(), filename="b.jpg")
    async with page.events(77) as event:
        assert (await event())[0] == "bot"
        status, answer = await page.post("/chat/messages?user=77", data=form)
        assert status == 200
        name, first = await event()
        assert (name, first["id"], first["from"], first["text"]) == (
            "message",
            answer["ids"][0],
            "user",
            "make it snow",
        )
        assert first["photo"] == {"url": first["photo"]["url"], "width": 320, "height": 240}
        second = (await event())[1]
        assert second["album_id"] == first["album_id"] is not None
    headers, data = await page.bytes(first["photo"]["url"])
    assert headers["Content-Type"] == "image/jpeg"
    assert data.startswith(b"\xff\xd8")
    assert [update.message.caption for update in await bot.get_updates()] == ["make it snow", None]
    assert len((await page.get("/chat/state?user=77"))[1]["messages"]) == 2


async def test_bot_calls_are_told_to_the_page_as_they_happen(page, bot, picture):
    await page.post("/chat/messages?user=78", data={"text": "hello"})
    (update,) = await bot.get_updates()
    async with page.events(78) as event:
        assert await event() == ("bot", {"online": True})
        await bot.send_chat_action(78, "upload_photo")
        assert await event() == ("action", {"action": "upload_photo"})
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[
            InlineKeyboardButton(text="Cancel", callback_data="c"), InlineKeyboardButton(text="More", url="https://example.org")
        ]])  # fmt: skip
        sent = await update.message.reply("Step 1 <3", reply_markup=keyboard)
        name, shown = await event()
        assert name == "message"
        assert shown["buttons"] == [[{"text": "Cancel", "data": "c"}, {"text": "More", "url": "https://example.org"}]]
        assert shown["reply_to"] == update.message.message_id
        assert not shown["edited"]
        assert await page.post("/chat/press?user=78", json={"message_id": sent.message_id, "data": "c"}) == (200, {})
        press = (await bot.get_updates(offset=update.update_id + 1))[0].callback_query
        await press.answer("Stopping", show_alert=True)
        assert await event() == ("answer", {"text": "Stopping", "alert": True})
        await sent.edit_media(InputMediaPhoto(media=BufferedInputFile(picture(), "a.jpg"), caption="Done"))
        name, shown = await event()
        assert (name, shown["text"], shown["buttons"], shown["edited"]) == ("edit", "Done", [], True)
        await sent.delete()
        assert await event() == ("delete", {"id": sent.message_id})


async def test_document_keeps_name_and_bytes_on_the_page(page, bot, picture):
    await page.post("/chat/messages?user=79", data={"text": "hello"})
    await bot.send_document(79, BufferedInputFile(picture(), "снимок 1.jpg"))
    document = (await page.get("/chat/state?user=79"))[1]["messages"][1]["document"]
    assert (document["name"], document["size"], document["mime"]) == ("снимок 1.jpg", len(picture()), "image/jpeg")
    assert (await page.bytes(document["url"]))[1] == picture()


async def test_file_that_a_browser_would_run_is_only_downloaded(page, bot):
    await page.post("/chat/messages?user=79", data={"text": "hello"})
    await bot.send_document(79, BufferedInputFile(b"<script>alert(1)</script>", "a.html"))
    document = (await page.get("/chat/state?user=79"))[1]["messages"][-1]["document"]
    headers, _ = await page.bytes(document["url"])
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/chat/messages?user=80", {"data": {"text": "x" * 5000}}, 400),
        ("/chat/messages?user=80", {"data": {"text": ""}}, 400),
        ("/chat/messages?user=nobody", {"data": {"text": "x"}}, 404),
        ("/chat/press?user=80", {"json": {"message_id": 1, "data": "x"}}, 404),
        ("/chat/press?user=80", {"json": {"data": "x"}}, 400),
        ("/chat/press?user=80", {"data": b"{"}, 400),
    ],
)
async def test_impossible_request_of_the_page_is_refused_with_a_reason(page, path, content, status):
    found, answer = await page.post(path, **content)
    assert found == status
    assert answer["error"]


async def test_settings_change_the_language_that_the_bot_is_told(page, bot):
    await page.post("/chat/settings?user=81", json={"language": "ru"})
    await page.post("/chat/messages?user=81", data={"text": "привет"})
    assert (await bot.get_updates())[0].message.from_user.language_code == "ru"


async def test_sample_photos_are_listed_and_served(page):
    _, samples = await page.get("/chat/samples")
    assert {"name": "cat.jpg", "title": "Cat", "url": "/chat/samples/cat.jpg"} in samples
    for sample in samples:
        assert (await page.bytes(sample["url"]))[1].startswith(b"\xff\xd8")


async def test_chat_page_is_served(page):
    headers, html = await page.bytes("/")
    assert headers["Content-Type"].startswith("text/html")
    assert b"/web/app.js" in html
    headers, _ = await page.bytes("/web/app.js")
    assert "javascript" in headers["Content-Type"]


async def test_simulator_told_to_stop_leaves_at_once_though_pages_and_polls_wait(http):
    part = Part(
        "telegram",
        python_module("telegram_simulator", "--port", "0"),
        env=bare_environment(),
        ready=by_line("Telegram simulator: "),
    )
    await part.start()
    url = (await part.wait_for_line(r"Telegram simulator: (\S+)")).group(1)
    async with http.get(f"{url}/chat/events") as events:
        await events.content.readuntil(b"\n\n")
        poll = asyncio.create_task(http.get(f"{url}/bot1:x/getUpdates?timeout=50"))
        assert b"true" in await events.content.readuntil(b"\n\n")  # the bot is on line: its poll waits
        async with asyncio.timeout(30):  # the poll waits longer
            assert await part.stop(timeout=30) == 0
        await asyncio.wait([poll])
        assert poll.exception() is not None
