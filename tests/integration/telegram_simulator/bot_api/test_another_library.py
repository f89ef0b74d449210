"""An ordinary bot on python-telegram-bot, unchanged but for the address: the simulator is not fitted to our library."""

from __future__ import annotations

import asyncio
import io
import itertools
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import telegram as ptb
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError, TimedOut
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from local_stack import free_port
from telegram_simulator.client import FaultKind, TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from telegram.ext import ContextTypes

    from telegram_simulator.client import Person

MODES = ("polling", "webhook")
KEYBOARD = ptb.InlineKeyboardMarkup.from_row(
    [
        ptb.InlineKeyboardButton("Again", callback_data="again"),
        ptb.InlineKeyboardButton("Copy", copy_text=ptb.CopyTextButton("4711")),
        ptb.InlineKeyboardButton("More", url="https://example.org/"),
    ]
)

T = TypeVar("T")

_bot_ids = itertools.count(700_000)


def there(value: T | None) -> T:
    """Return what the library's types say may be missing, and what is not."""
    assert value is not None
    return value


async def start(update: ptb.Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await there(update.effective_message).reply_html(f"<b>Hello</b> {context.args}", reply_markup=KEYBOARD)


async def on_photo(update: ptb.Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Send the photo back: as a photo, as a file, and twice in an album."""
    message = there(update.effective_message)
    data = bytes(await (await message.photo[-1].get_file()).download_as_bytearray())
    await context.bot.send_chat_action(message.chat_id, ptb.constants.ChatAction.UPLOAD_PHOTO)
    await message.reply_photo(data, caption=f"photo: {message.caption}", do_quote=True)
    await message.reply_document(io.BytesIO(data), filename="ваше фото.jpg", caption="file")
    await message.reply_media_group(
        [ptb.InputMediaPhoto(data), ptb.InputMediaPhoto(data, filename="two.jpg")], caption="album"
    )


async def on_document(update: ptb.Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Turn a placeholder into the user's file."""
    message = there(update.effective_message)
    placeholder = await message.reply_text("one moment", reply_markup=KEYBOARD)
    await placeholder.edit_text("half of it is done", reply_markup=KEYBOARD)
    file = await there(message.document).get_file()
    data = await file.download_as_bytearray()
    await placeholder.edit_media(ptb.InputMediaPhoto(bytes(data), caption="done"), reply_markup=KEYBOARD)


async def on_press(update: ptb.Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    query = there(update.callback_query)
    await query.answer(f"you pressed {query.data}", show_alert=True)
    await query.edit_message_reply_markup(ptb.InlineKeyboardMarkup.from_button(KEYBOARD.inline_keyboard[0][1]))
    await query.edit_message_text("pressed")


def build(url: str, token: str = "") -> Application[Any, Any, Any, Any, Any, Any]:
    app = (
        Application.builder()
        .token(token or f"{next(_bot_ids)}:another-library")
        .base_url(f"{url}/bot")
        .base_file_url(f"{url}/file/bot")
        .read_timeout(60)
        .connect_timeout(60)
        .pool_timeout(60)
        .get_updates_read_timeout(60)
        .get_updates_connect_timeout(60)
        .get_updates_pool_timeout(60)
        .build()
    )
    app.add_handler(CommandHandler("start", start))
    app.add_handler(MessageHandler(filters.PHOTO, on_photo))
    app.add_handler(MessageHandler(filters.Document.ALL, on_document))
    app.add_handler(CallbackQueryHandler(on_press))
    return app


@asynccontextmanager
async def running(url: str, mode: str) -> AsyncIterator[Application[Any, Any, Any, Any, Any, Any]]:
    app = build(url)
    assert app.updater is not None
    async with app:
        await app.start()
        if mode == "polling":
            await app.updater.start_polling(poll_interval=0, timeout=2)
        else:
            port = free_port()
            await app.updater.start_webhook(
                "127.0.0.1", port, "hook", webhook_url=f"http://127.0.0.1:{port}/hook", secret_token="a-secret"
            )
        yield app
        await app.updater.stop()
        await app.stop()


@pytest.fixture(autouse=True)
def durations_as_the_library_will_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it warns of them, and warnings are errors here."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture(params=MODES)
async def app(simulator_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    async with running(simulator_url, request.param) as app:
        yield app


@pytest.fixture
async def silent(simulator_url: str) -> AsyncIterator[ptb.Bot]:
    """A bot that only speaks."""
    async with build(simulator_url).bot as bot:
        yield bot


@asynccontextmanager
async def other_side(url: str, bot: ptb.Bot) -> AsyncIterator[tuple[TelegramSimulator, Person]]:
    async with TelegramSimulator(url, bot_id=bot.id) as telegram:
        yield telegram, await telegram.user()
        await telegram.clear_faults()


async def test_commands_keyboards_and_presses(app, simulator_url) -> None:
    async with other_side(simulator_url, app.bot) as (_telegram, ann):
        await ann.send("/start now and then")
        said = await ann.says("Hello ['now', 'and', 'then']")
        assert said.now.entities[0]["type"] == "bold"
        assert [button.text for button in said.now.buttons] == ["Again", "Copy", "More"]
        assert (said.now.buttons[1].copy_text, said.now.buttons[2].url) == ("4711", "https://example.org/")
        await ann.press("Again")
        pressed = await ann.says("pressed")
        assert pressed.id == said.id
        assert pressed.now.buttons == ()
        assert (await ann.wait_for(lambda chat: chat.answers)).answers == (("you pressed again", True),)


async def test_pictures_go_both_ways(app, simulator_url, picture: Callable[..., bytes]) -> None:
    async with other_side(simulator_url, app.bot) as (telegram, ann):
        (sent,) = await ann.send(photo=picture(640, 480), caption="make it snow")
        chat = await ann.wait_for(lambda chat: len(chat.from_bot) == 4)
        photo, file, *album = chat.from_bot
        assert (photo.text, photo.reply_to) == ("photo: make it snow", sent)
        assert there(photo.now.photo).sizes[-1] == (640, 480)
        kept = next(message for message in chat.messages if message.id == sent)
        assert await telegram.download(file.now.document) == await telegram.download(kept.now.photo)
        assert there(file.now.document).name == "ваше фото.jpg"
        assert [message.text for message in album] == ["album", ""]
        assert album[0].album_id == album[1].album_id is not None
        assert chat.actions == ("upload_photo",)


async def test_placeholder_becomes_a_picture(app, simulator_url, picture: Callable[..., bytes]) -> None:
    async with other_side(simulator_url, app.bot) as (_telegram, ann):
        await ann.send(document=picture(200, 100, "PNG"))
        message = await ann.picture()
        assert [version.text for version in message.versions] == ["one moment", "half of it is done", "done"]
        assert there(message.now.photo).sizes[-1] == (200, 100)
        assert len(message.now.buttons) == 3


async def test_albums_arrive_as_messages_of_one_group(simulator_url, silent, picture) -> None:
    async with other_side(simulator_url, silent) as (_telegram, ann):
        await ann.send(album=[picture(), picture()], caption="both")
        updates = await silent.get_updates()
        assert [update.message.caption for update in updates] == ["both", None]
        assert len({update.message.media_group_id for update in updates}) == 1
        assert await silent.get_updates(offset=updates[-1].update_id + 1, timeout=0) == ()


async def test_photos_are_sent_by_path_by_file_and_by_id(simulator_url, silent, picture, tmp_path) -> None:
    """By path, by open file, by id, and with the options that bots set."""
    path = tmp_path / "a photo.jpg"
    path.write_bytes(picture())
    async with other_side(simulator_url, silent) as (_telegram, ann):
        (sent,) = await ann.send("hello")
        by_path = await silent.send_photo(ann.id, path, has_spoiler=True, disable_notification=True)
        with path.open("rb") as opened:
            by_file = await silent.send_photo(ann.id, opened, protect_content=True)
        by_id = await silent.send_photo(ann.id, by_path.photo[-1].file_id, caption="<i>again</i>", parse_mode="HTML")
        assert by_path.photo[-1].file_unique_id == by_id.photo[-1].file_unique_id
        assert by_file.photo[-1].width == 320
        assert by_id.caption_entities[0].type == "italic"
        reply = await silent.send_message(
            ann.id, "quoted", reply_parameters=ptb.ReplyParameters(sent, allow_sending_without_reply=True),
            link_preview_options=ptb.LinkPreviewOptions(is_disabled=True),
        )  # fmt: skip
        assert reply.reply_to_message.message_id == sent


async def test_sent_message_is_copied_edited_and_deleted(simulator_url, silent, picture) -> None:
    async with other_side(simulator_url, silent) as (telegram, ann):
        (sent,) = await ann.send("hello")
        photo = await silent.send_photo(ann.id, picture(), caption="old")
        copied = await silent.copy_message(ann.id, ann.id, photo.message_id)
        assert (await ann.snapshot()).messages[-1].id == copied.message_id
        assert (await silent.edit_message_caption(ann.id, photo.message_id, caption="new")).caption == "new"
        assert await photo.delete()
        assert await silent.set_message_reaction(ann.id, sent, "👍")
        group = await telegram.group("Friends", ann)
        in_group = await silent.send_message(group.id, "hello all")
        assert in_group.chat.title == "Friends"
        assert (await silent.get_chat_member(group.id, silent.id)).status == "member"


async def test_bot_can_be_asked_about_itself_by_another_library(simulator_url, silent) -> None:
    me = await silent.get_me()
    assert (me.is_bot, me.id) == (True, silent.id)
    commands = [ptb.BotCommand("start", "How it works")]
    assert await silent.set_my_commands(commands, scope=ptb.BotCommandScopeAllGroupChats(), language_code="en")
    info = await silent.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("", 0)
    assert await silent.delete_webhook(drop_pending_updates=True)


async def test_failures_are_the_ones_that_the_library_knows(simulator_url, silent) -> None:
    async with other_side(simulator_url, silent) as (telegram, ann):
        with pytest.raises(BadRequest, match="Chat not found"):
            await silent.send_message(987_654, "hello?")
        (sent,) = await ann.send("hello")
        message = await silent.send_message(ann.id, "hello")
        with pytest.raises(BadRequest, match="Message is not modified"):
            await message.edit_text("hello")
        with pytest.raises(BadRequest, match="Message text is empty"):
            await silent.send_message(ann.id, " ")
        with pytest.raises(BadRequest, match="Message can't be edited"):
            await silent.edit_message_text("mine", ann.id, sent)
        with pytest.raises(BadRequest, match=r"(?i)image_process_failed"):
            await silent.send_photo(ann.id, b"no picture")
        with pytest.raises(BadRequest, match=r"(?i)wrong file"):
            await silent.get_file("no-such-file")
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await silent.answer_callback_query("12345")
        await telegram.fault("sendMessage", FaultKind.TOO_MANY_REQUESTS, retry_after=7)
        with pytest.raises(RetryAfter) as limited:
            await silent.send_message(ann.id, "hello")
        assert limited.value.retry_after == timedelta(seconds=7)
        await telegram.fault("sendMessage", FaultKind.BAD_GATEWAY)
        with pytest.raises(TelegramError):
            await silent.send_message(ann.id, "hello")
        await telegram.fault("sendMessage", FaultKind.TIMEOUT, seconds=2)
        with pytest.raises(TimedOut):
            await silent.send_message(ann.id, "hello", read_timeout=0.3)
        await ann.block()
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await silent.send_message(ann.id, "hello")


async def test_second_poller_ends_the_first(simulator_url, silent) -> None:
    async with build(simulator_url, silent.token).bot as second:
        polling = asyncio.create_task(silent.get_updates(timeout=30))
        async with TelegramSimulator(simulator_url, bot_id=silent.id) as telegram, asyncio.timeout(30):
            while not (await telegram.bot())["polling"]:
                await asyncio.sleep(0.02)
        assert await second.get_updates(timeout=1) == ()
    with pytest.raises(Conflict):
        await polling


async def test_token_of_no_form_is_refused(simulator_url) -> None:
    bot = ptb.Bot("not-a-token", base_url=f"{simulator_url}/bot")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()
