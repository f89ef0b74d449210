"""How calls may be made, and which are refused."""

from __future__ import annotations

import pytest


async def refusal(http, url, **call) -> tuple[int, str]:
    async with http.post(url, **call) as response:
        answer = await response.json()
        assert answer["ok"] is False
        assert answer["error_code"] == response.status
        return response.status, answer["description"]


NONSENSE = [
    ("sendMessage", {"chat_id": "nobody", "text": "hello"}, "chat not found"),
    (
        "sendMessage",
        {"chat_id": "ANN", "text": "x", "reply_markup": "{"},
        "can't parse reply_markup JSON object",
    ),
    ("sendPhoto", {"chat_id": "ANN"}, "wrong parameter photo in request"),
    ("deleteMessage", {"chat_id": "ANN", "message_id": "first"}, "wrong parameter message_id in request"),
    (
        "answerCallbackQuery",
        {"callback_query_id": "1"},
        "query is too old and response timeout expired or query ID is invalid",
    ),
]


@pytest.mark.parametrize(("method", "values", "description"), NONSENSE)
async def test_call_that_makes_no_sense_is_refused_in_telegrams_words(ann, http, endpoint, method, values, description):
    values = {name: str(ann.id) if value == "ANN" else value for name, value in values.items()}
    assert await refusal(http, endpoint(method), data=values) == (400, f"Bad Request: {description}")


async def test_token_with_another_secret_is_unauthorized(bot, http, simulator_url):
    assert await refusal(http, f"{simulator_url}/bot{bot.id}:stolen/getMe") == (401, "Unauthorized")
    assert (await bot.get_me()).id == bot.id
