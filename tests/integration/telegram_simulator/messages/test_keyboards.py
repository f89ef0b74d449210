"""What may stand under or beside a message, and what Telegram says of the rest."""

from __future__ import annotations

import json

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import ForceReply, KeyboardButton, ReplyKeyboardMarkup, ReplyKeyboardRemove

BUTTON = {"text": "A", "callback_data": "a"}
MALFORMED = [
    ("{", "can't parse reply keyboard markup JSON object"),
    ("[]", "object expected as reply markup"),
    ("null", "object expected as reply markup"),
    ({"inline_keyboard": {}}, 'field "inline_keyboard" must be of type Array'),
    ({"inline_keyboard": [BUTTON]},
     'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'),
    ({"inline_keyboard": [["A"]]},
     "can't parse inline keyboard button: InlineKeyboardButton must be an Object"),
    ({"inline_keyboard": [[{"callback_data": "a"}]]},
     'can\'t parse inline keyboard button: Can\'t find field "text"'),
    ({"inline_keyboard": [[{"text": [], "callback_data": "a"}]]},
     'can\'t parse inline keyboard button: Field "text" must be of type String'),
    ({"inline_keyboard": [[{"text": "A"}]]},
     "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
    ({"inline_keyboard": [[{"text": "A", "callback_data": ""}]]},
     "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
    ({"inline_keyboard": [[{"text": "", "callback_data": "a"}]]}, "inline keyboard button text must be non-empty"),
    ({"inline_keyboard": [[{"text": "A", "callback_data": "ю" * 33}]]}, "BUTTON_DATA_INVALID"),
    ({"keyboard": "A"}, 'field "keyboard" must be of type Array'),
    ({"keyboard": ["A"]}, 'field "keyboard" must be an Array of Arrays'),
    ({"keyboard": [[1]]}, "can't parse keyboard button: KeyboardButton must be a String or an Object"),
    ({"remove_keyboard": "yes"}, 'field "remove_keyboard" must be of type Boolean'),
]  # fmt: skip


@pytest.mark.parametrize(("markup", "description"), MALFORMED)
async def test_keyboard_that_is_malformed_is_refused_in_telegrams_words(ann, http, endpoint, markup, description):
    said = markup if isinstance(markup, str) else json.dumps(markup)
    values = {"chat_id": str(ann.id), "text": "x", "reply_markup": said}
    async with http.post(endpoint("sendMessage"), data=values) as response:
        assert response.status == 400
        assert (await response.json())["description"] == f"Bad Request: {description}"
    assert (await ann.snapshot()).from_bot == ()


async def test_keyboard_in_a_body_of_json_is_checked_too(ann, http, endpoint):
    values = {"chat_id": ann.id, "text": "x", "reply_markup": {"inline_keyboard": {}}}
    async with http.post(endpoint("sendMessage"), json=values) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("markup", "rows"),
    [
        (ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Yes"), KeyboardButton(text="No")]]), (("Yes", "No"),)),
        (ReplyKeyboardRemove(), ()),
        (ForceReply(), ()),
    ],
)
async def test_reply_keyboard_is_accepted_seen_and_makes_its_message_final(bot, ann, markup, rows):
    said = await bot.send_message(ann.id, "Sure?", reply_markup=markup)
    assert said.reply_markup is None, "as in Telegram, only inline keyboards are told"
    assert (await ann.says("Sure?")).now.reply_keyboard == rows
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await said.edit_text("Really?")


async def test_reply_keyboard_stands_under_no_edited_message(bot, ann, http, endpoint):
    said = await bot.send_message(ann.id, "x")
    values = {"chat_id": ann.id, "message_id": said.message_id, "text": "y", "reply_markup": {"keyboard": [["A"]]}}
    async with http.post(endpoint("editMessageText"), json=values) as response:
        assert (await response.json())["description"] == "Bad Request: inline keyboard expected"


@pytest.mark.parametrize("markup", [{}, {"inline_keyboard": []}, {"inline_keyboard": [[]]}, {"from_the_future": 1}])
async def test_keyboard_without_buttons_is_none(ann, http, endpoint, markup):
    values = {"chat_id": ann.id, "text": "x", "reply_markup": markup}
    async with http.post(endpoint("sendMessage"), json=values) as response:
        assert "reply_markup" not in (await response.json())["result"]
    assert (await ann.says("x")).now.reply_keyboard is None
