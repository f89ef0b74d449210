"""What the bot says on a Bot API server that refuses things, and where it goes on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiohttp import web
from prometheus_client import CollectorRegistry

from qwenedit_bot.chat import rate_limit
from qwenedit_bot.chat.errors import (
    TEXTS,
    BotError,
    ButtonsRejectedError,
    ChatUnreachableError,
    FileTooBigError,
    FileUnavailableError,
    KindForbiddenError,
    LaterError,
    MessageGoneError,
    PhotoRejectedError,
    ReplyRejectedError,
    TelegramRefusedError,
    TelegramUnavailableError,
)
from qwenedit_bot.chat.messenger import Messenger
from qwenedit_bot.chat.rate_limit import CHAT, Rate, SharedLimiter
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.chat.view import Button, PictureView, Source, View
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.metrics import BotMetrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

BUTTONS = ((Button("Cancel", "cancel:1"),),)
PHOTO = PictureView(b"\xff\xd8photo", "Done", as_file=False, buttons=BUTTONS)
FILE = PictureView(b"\x89PNGfile", "Done", as_file=True)
SLOW = "slow"
OLD, NEW = -700, -1_000_000_000_700

Refusal = tuple[int, str, dict[str, int]]


@dataclass
class Telegram:
    """A Bot API server whose next answers the test gives; then it does what it is told.

    Attributes:
        url: Where it listens.
        made: Each call's method and parameters.
        refusals: What the next calls are answered.
        moved: Groups that became supergroups, with their new ids.
        closed: Chats that answer 429, with `retry_after`.
    """

    url: str = ""
    made: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=dict)
    closed: dict[int, int] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        said = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        method, chat = request.match_info["method"], int(said.get("chat_id", 0))
        self.made.append((method, said))
        refusal = self._refusal(method, chat)
        if refusal is not None:
            status, description, parameters = refusal
            body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
            return web.json_response(body, status=status)
        if method.startswith("answer"):
            return web.json_response({"ok": True, "result": True})
        if method == "getFile":
            return web.json_response(
                {"ok": True, "result": {"file_id": SLOW, "file_unique_id": "1", "file_path": SLOW}}
            )
        self.numbers[chat] = self.numbers.get(chat, 100) + 1
        number = int(said.get("message_id", self.numbers[chat]))
        message = {"message_id": number, "date": 1, "chat": {"id": chat, "type": "private"}}
        return web.json_response({"ok": True, "result": message})

    def _refusal(self, method: str, chat: int) -> Refusal | None:
        if self.refusals:
            return self.refusals.pop(0)
        if chat in self.closed:
            after = self.closed[chat]
            return 429, f"Too Many Requests: retry after {after}", {"retry_after": after}
        if chat in self.moved and method.startswith("edit"):
            return 400, "Bad Request: message can't be edited", {}
        if chat in self.moved:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            return 400, text, {"migrate_to_chat_id": self.moved[chat]}
        return None

    async def hand_out_slowly(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(bytes(11))
        await asyncio.sleep(10)
        return response

    def to(self, chat: int) -> list[str]:
        return [method for method, said in self.made if int(said.get("chat_id", 0)) == chat]


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    server = Telegram()
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", server.answer)
    app.router.add_get(f"/file/bot{{token}}/{SLOW}", server.hand_out_slowly)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def make(redis: Redis, bot_keys: BotKeys, telegram: Telegram) -> AsyncIterator[Callable[[], Messenger]]:
    sessions = []

    def messenger() -> Messenger:
        sessions.append(AiohttpSession(api=TelegramAPIServer.from_base(telegram.url)))
        bot, limiter = Bot("42:TEST", session=sessions[-1]), SharedLimiter(redis, bot_keys)
        return Messenger(bot, limiter, BotMetrics(CollectorRegistry()))

    yield messenger
    for session in sessions:
        await session.close()


@pytest.fixture
def messenger(make: Callable[[], Messenger]) -> Messenger:
    return make()


@pytest.fixture
def give_turn(redis: Redis, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Slow each chat to one message an hour, after the burst; returns what gives it one turn back, in Redis' books."""
    monkeypatch.setattr(rate_limit, "CHAT", Rate(interval=3600.0, burst=CHAT.burst))

    async def one_turn() -> None:
        for key in await redis.keys(bot_keys.pace("*")):
            await redis.pexpire(key, await redis.pttl(key) - 3_600_000)

    return one_turn


def refused(text: str, status: int = 400) -> Refusal:
    return status, f"Bad Request: {text}", {}


def texts_of(*kinds: type[BotError]) -> Iterable[str]:
    return [text for kind, texts in TEXTS.items() if kind in kinds for text in texts.split("; ")]


async def test_words_in_an_unreachable_chat_are_not_tried_again(messenger, telegram) -> None:
    for chat, text in enumerate(texts_of(ChatUnreachableError), 1):
        telegram.refusals = [refused(text)] * 2
        for call in (messenger.send(Source(chat, 1), View("hello", BUTTONS)), messenger.show(chat, 17, PHOTO)):
            with pytest.raises(ChatUnreachableError):
                await call
        assert len(telegram.to(chat)) == 2


async def test_picture_that_is_refused_may_go_as_a_file(messenger, telegram) -> None:
    for chat, text in enumerate(texts_of(KindForbiddenError, PhotoRejectedError), 1):
        telegram.refusals = [refused(text)]
        with pytest.raises((KindForbiddenError, PhotoRejectedError)):
            await messenger.show(chat, 17, PHOTO)
        assert await messenger.show(chat, 17, FILE)


async def test_message_that_is_gone_is_told_to_who_edits_it(messenger, telegram) -> None:
    for chat, text in enumerate(texts_of(MessageGoneError), 1):
        telegram.refusals = [refused(text)] * 2
        assert await messenger.edit(chat, 17, View("hello", BUTTONS)) is False
        assert await messenger.show(chat, 17, PHOTO) is False


async def test_words_go_without_what_telegram_does_not_take(messenger, telegram) -> None:
    for chat, text in enumerate(texts_of(ReplyRejectedError, ButtonsRejectedError), 1):
        telegram.made.clear()
        telegram.refusals = [refused(text)]
        assert await messenger.send(Source(chat, 1), View("hello", BUTTONS)) == 101
        first, second = (set(said) for _method, said in telegram.made)
        assert len(first - second) <= 1
        assert "text" in second


async def test_words_that_are_refused_for_an_unknown_reason_are_said_more_plainly_once(messenger, telegram) -> None:
    telegram.refusals = [refused("OF_TOMORROW")]
    assert await messenger.send(Source(5, 1), View("hello", BUTTONS)) == 101
    assert set(telegram.made[-1][1]) == {"chat_id", "text"}
    telegram.refusals = [refused("OF_TOMORROW")] * 2
    with pytest.raises(ChatUnreachableError):
        await messenger.send(Source(5, 1), View("hello", BUTTONS))
    assert len(telegram.made) == 4


async def test_press_that_telegram_has_forgotten_is_left_alone(messenger, telegram) -> None:
    for text in texts_of(TelegramRefusedError):
        telegram.refusals = [refused(text)] * 2
        await messenger.answer_press(text, "hello")
        await messenger.answer_checkout("1", None)


async def test_refund_that_was_given_before_is_a_success(messenger, telegram) -> None:
    telegram.refusals = [refused("CHARGE_ALREADY_REFUNDED")]
    await messenger.refund(5, "charge")
    telegram.refusals = [refused("CHARGE_ID_INVALID")]
    with pytest.raises(TelegramRefusedError) as raised:
        await messenger.refund(5, "charge")
    assert str(raised.value) == "Bad Request: CHARGE_ID_INVALID"


async def test_file_that_is_gone_is_told_from_one_that_is_too_big(messenger, telegram) -> None:
    for text in texts_of(TelegramRefusedError):
        telegram.refusals = [refused(text), refused("file is too big")]
        with pytest.raises(FileUnavailableError):
            await messenger.download("file", limit=10)
        with pytest.raises(FileTooBigError):
            await messenger.download("file", limit=10)


@pytest.mark.parametrize(("limit", "error"), [(10, FileTooBigError), (11, TelegramUnavailableError)])
async def test_download_that_is_too_large_or_too_slow_is_given_up(messenger, monkeypatch, limit, error) -> None:
    monkeypatch.setattr(timeouts, "DOWNLOAD", 0.5)
    with pytest.raises(error):
        await messenger.download(SLOW, limit=limit)


async def test_reply_says_each_view_once_however_often_its_handler_is_called(
    messenger, telegram, redis, bot_keys, give_turn
) -> None:
    replies = Replies(redis, bot_keys, messenger)
    for _ in range(CHAT.burst):
        await messenger.send(Source(5, 0), View("what uses the chat's pace up"))
    used = len(telegram.made)

    async def handler() -> None:
        for text in ("Got it", "still at it", "done"):
            await replies.say(Source(5, 1), View(text))

    calls = 0
    while True:
        calls += 1
        assert calls < 10, "the handler comes no further"
        try:
            await handler()
        except LaterError:
            await give_turn()
        else:
            break
    assert [said["text"] for _method, said in telegram.made[used:]] == ["Got it", "still at it", "done"]
    assert [method for method, _said in telegram.made[used:]] == ["sendMessage", "editMessageText", "editMessageText"]


async def test_refused_ways_of_an_answer_use_up_one_turn(messenger, telegram, give_turn) -> None:
    for _ in range(CHAT.burst):
        await messenger.send(Source(5, 0), View("what uses the chat's pace up"))
    await give_turn()
    telegram.refusals = [refused("CHAT_SEND_PHOTOS_FORBIDDEN"), refused("CHAT_SEND_DOCS_FORBIDDEN")]
    for picture in (PHOTO, FILE):
        with pytest.raises(KindForbiddenError):
            await messenger.show(5, 17, picture)
    await messenger.ready(5, edit=True)
    assert await messenger.edit(5, 17, View("no pictures here"))
    with pytest.raises(LaterError):
        await messenger.edit(5, 17, View("one turn too many"))


async def test_reply_of_a_replica_that_was_stopped_meanwhile_is_taken_back(
    make, telegram, redis, bot_keys, monkeypatch
) -> None:
    stopped, other = make(), make()
    send, to = stopped.send, Source(5, 1)
    said: list[int] = []

    async def send_late(to: Source, view: View) -> int:
        late = await send(to, view)
        said.extend((late, await Replies(redis, bot_keys, other).say(to, view)))
        return int(late)

    monkeypatch.setattr(stopped, "send", send_late)
    known = await Replies(redis, bot_keys, stopped).say(to, View("You're next in line"))
    late, answer = said
    assert known == answer == await Replies(redis, bot_keys, other).find(to)
    method, about = telegram.made[-1]
    assert (method, int(about["message_id"])) == ("deleteMessage", late)


async def test_group_that_became_a_supergroup_is_answered_there(make, messenger, telegram, redis, bot_keys) -> None:
    replies, source = Replies(redis, bot_keys, messenger), Source(OLD, 1, thread_id=7)
    telegram.numbers[OLD] = 5_000
    known = await replies.say(source, View("Got it"))
    telegram.moved[OLD] = NEW
    answer = await replies.say(source, View("done", BUTTONS))
    method, said = telegram.made[-1]
    assert (method, said["chat_id"]) == ("sendMessage", str(NEW))
    assert not {"reply_parameters", "message_thread_id"} & set(said)  # the old group's numbers
    assert json.loads(said["reply_markup"])["inline_keyboard"][0][0]["callback_data"] == "cancel:1"
    assert await replies.find(source) == answer
    assert await messenger.show(OLD, answer, PHOTO)
    method, said = telegram.made[-1]
    assert (method, said["chat_id"], said["message_id"]) == ("editMessageMedia", str(NEW), str(answer))
    for each in (messenger, make()):  # after a restart, too
        assert await each.edit(OLD, known, View("old")) is False


async def test_everything_that_is_said_in_a_topic_names_it(messenger, telegram) -> None:
    to = Source(NEW, 1, thread_id=7)
    await messenger.send(to, View("hello"))
    await messenger.send_file(Source(NEW - 1, 1, thread_id=7), FILE)
    assert [said["message_thread_id"] for _method, said in telegram.made] == ["7"] * 2


async def test_topic_that_is_deleted_is_answered_outside_of_it(messenger, telegram) -> None:
    telegram.refusals = [(400, "Bad Request: TOPIC_DELETED", {})]
    await messenger.send(Source(NEW, 1, thread_id=7), View("hello"))
    assert [("message_thread_id" in said, "reply_parameters" in said) for _method, said in telegram.made] == [
        (True, True),
        (False, False),
    ]
