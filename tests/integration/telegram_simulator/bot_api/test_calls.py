"""How calls may be made, and which are refused."""

from __future__ import annotations

import json

import aiohttp
import pytest
from aiogram.exceptions import TelegramServerError, TelegramUnauthorizedError

from telegram_simulator.client import FaultKind


@pytest.mark.parametrize("way", ["json", "urlencoded", "multipart", "query of a GET", "query of a POST"])
async def test_call_may_be_made_in_every_way_that_telegram_knows(ann, http, endpoint, way):
    values = {"chat_id": str(ann.id), "text": "hello", "disable_notification": "true"}
    keyboard = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "x"}]]}
    form = {**values, "reply_markup": json.dumps(keyboard)}
    multipart = aiohttp.FormData(form, default_to_multipart=True)
    call = {
        "json": lambda: http.post(
            endpoint("sendMessage"),
            json={"chat_id": ann.id, "text": "hello", "disable_notification": True, "reply_markup": keyboard},
        ),
        "urlencoded": lambda: http.post(endpoint("sendMessage"), data=form),
        "multipart": lambda: http.post(endpoint("sendMessage"), data=multipart),
        "query of a GET": lambda: http.get(endpoint("SENDmessage"), params=form),
        "query of a POST": lambda: http.post(
            endpoint("sendMessage"),
            params={"chat_id": ann.id},
            data={"text": "hello", "reply_markup": json.dumps(keyboard)},
        ),
    }[way]
    async with call() as response:
        assert response.status == 200
        answer = await response.json()
    assert answer["ok"] is True
    message = await ann.says("hello")
    assert message.id == answer["result"]["message_id"]
    assert message.now.labels == ("Cancel",)


async def refusal(http, url, **call) -> tuple[int, str]:
    async with http.post(url, **call) as response:
        answer = await response.json()
        assert answer["ok"] is False
        assert answer["error_code"] == response.status
        return response.status, answer["description"]


NONSENSE = [
    ("sendMessage", {"text": "hello"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": "5001"}, "message text is empty"),
    ("sendMessage", {"chat_id": "nobody", "text": "hello"}, "chat not found"),
    ("sendMessage", {"chat_id": "ANN", "text": "x", "reply_markup": "{"},
     "can't parse reply keyboard markup JSON object"),
    ("sendMessage", {"chat_id": "ANN", "text": "x", "reply_markup": "[]"}, "object expected as reply markup"),
    ("sendPhoto", {"chat_id": "5001"}, "there is no photo in the request"),
    ("sendPhoto", {"chat_id": "ANN", "photo": "attach://x"}, "there is no photo in the request"),
    ("sendPhoto", {"chat_id": "ANN", "photo": "made-up"}, "wrong file identifier/HTTP URL specified"),
    ("sendMediaGroup", {"chat_id": "ANN"}, 'parameter "media" is required'),
    ("sendChatAction", {"chat_id": "ANN", "action": "dancing"}, "wrong parameter action in request"),
    ("deleteMessage", {"chat_id": "ANN", "message_id": "first"}, "wrong parameter message_id in request"),
    ("answerCallbackQuery", {"callback_query_id": "1"},
     "query is too old and response timeout expired or query ID is invalid"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "values", "description"), NONSENSE)
async def test_call_that_makes_no_sense_is_refused_in_telegrams_words(ann, http, endpoint, method, values, description):
    values = {name: str(ann.id) if value == "ANN" else value for name, value in values.items()}
    assert await refusal(http, endpoint(method), data=values) == (400, f"Bad Request: {description}")


async def test_method_unknown_to_telegram_is_told_from_one_that_the_simulator_lacks(bot, ann, http, endpoint):
    assert await refusal(http, endpoint("sendTelepathy")) == (404, "Not Found: method not found")
    with pytest.raises(TelegramServerError, match="the simulator does not have sendDice"):
        await bot.send_dice(ann.id)


async def test_unknown_parameters_are_ignored_and_old_names_honoured(ann, http, endpoint):
    (sent,) = await ann.send("question")
    values = {"chat_id": ann.id, "text": "answer", "reply_to_message_id": sent, "from_the_future": "1"}
    async with http.post(endpoint("sendMessage"), json=values) as response:
        assert (await response.json())["result"]["reply_to_message"]["message_id"] == sent
    assert (await ann.says("answer")).reply_to == sent


@pytest.mark.parametrize("token", ["nonsense", "12345", "0123:abc", "-5:abc", "12:a b", "1:" + "x" * 80, "12:"])
async def test_token_that_is_malformed_is_not_found(http, simulator_url, token):
    assert await refusal(http, f"{simulator_url}/bot{token}/getMe") == (404, "Not Found")
    async with http.get(f"{simulator_url}/file/bot{token}/photos/file_0.jpg") as response:
        assert response.status == 404


async def test_token_with_another_secret_is_unauthorized(bot, http, simulator_url):
    assert await refusal(http, f"{simulator_url}/bot{bot.id}:stolen/getMe") == (401, "Unauthorized")
    assert (await bot.get_me()).id == bot.id


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('form-data; name="document"; filename="a.png"', "a.png"),
        ("form-data; name=document; filename=my red picture.png", "my red picture.png"),
        ('form-data; name="document"; filename="снег ☃.png"', "снег ☃.png"),
        ('form-data; name="document"; filename="say \\"hi\\".png"', 'say "hi".png'),
        ("form-data; name=\"document\"; filename*=utf-8''%D1%8F%20.png", "я .png"),
        ('form-data; name="document"; filename="C:\\\\holiday\\\\a.png"', "a.png"),
    ],
)
@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader", "ignore::aiohttp.BadContentDispositionParam")
async def test_file_names_are_understood_however_they_are_written(ann, http, endpoint, disposition, name, picture):
    data = picture(kind="PNG")
    body = (
        (
            f'--frontier\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n{ann.id}\r\n'
            f"--frontier\r\nContent-Disposition: {disposition}\r\n\r\n"
        ).encode()
        + data
        + b"\r\n--frontier--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=frontier"}
    async with http.post(endpoint("sendDocument"), data=body, headers=headers) as response:
        document = (await response.json())["result"]["document"]
    assert document["file_name"] == name
    assert document["mime_type"] == "image/png"
    assert document["file_size"] == len(data)


async def test_request_larger_than_telegram_reads_is_refused(ann, http, endpoint):
    form = aiohttp.FormData({"chat_id": str(ann.id)})
    form.add_field("document", bytes(52 << 20), filename="a.bin")
    with pytest.warns(ResourceWarning, match="large body"):
        assert await refusal(http, endpoint("sendDocument"), data=form) == (413, "Request Entity Too Large")


async def test_calls_are_logged_with_what_came_of_them(telegram, bot, ann):
    await telegram.fault("sendMessage", FaultKind.SERVER_ERROR)
    with pytest.raises(TelegramServerError):
        await bot.send_message(ann.id, "lost")
    await bot.send_message(ann.id, "kept")
    lost, kept = await telegram.calls("sendMessage")
    assert (lost.status, lost.fault, lost.chat_id, lost.parameters["text"]) == (500, "500", ann.id, "lost")
    assert (kept.status, kept.fault, kept.parameters["text"]) == (200, None, "kept")
    assert lost.at <= kept.at
    assert {call.bot_id for call in await telegram.calls()} == {bot.id}


async def test_token_that_is_replaced_is_refused_from_then_on(telegram, bot, http, simulator_url):
    await telegram.set_token("renewed")
    with pytest.raises(TelegramUnauthorizedError):
        await bot.get_me()
    async with http.get(f"{simulator_url}/bot{bot.id}:renewed/getMe") as response:
        assert (await response.json())["result"]["id"] == bot.id
