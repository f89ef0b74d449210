"""What is read of Telegram's answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramRetryAfter
from aiogram.methods import EditMessageText, GetMe, SendDocument, SendInvoice, SendMessage
from aiogram.types import BufferedInputFile, LabeledPrice, User

from qwenedit_bot.chat.session import Session

if TYPE_CHECKING:
    from aiogram.methods import TelegramMethod

MESSAGE = {"message_id": 17, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "hello"}
METHODS: list[TelegramMethod[Any]] = [
    SendMessage(chat_id=1, text="hello"),
    EditMessageText(chat_id=1, message_id=17, text="hello"),
    SendDocument(chat_id=1, document=BufferedInputFile(b"picture", "picture.png")),
    SendInvoice(
        chat_id=1, title="a", description="b", payload="c", currency="XTR", prices=[LabeledPrice(label="a", amount=1)]
    ),
]


def read(method: TelegramMethod[Any], answer: dict[str, Any] | str, *, status: int = 200) -> Any:
    session = Session()
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return session.check_response(Bot("42:secret", session=session), method, status, content).result


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__api_method__)
def test_a_message_is_known_by_its_number_whatever_else_it_is_made_of(method: TelegramMethod[Any]) -> None:
    odd = MESSAGE | {"chat": {"id": 1, "type": "of tomorrow"}, "text": ["in", "pieces"]}
    assert read(method, {"ok": True, "result": odd}).message_id == 17


def test_a_message_without_a_number_is_no_answer() -> None:
    for answer in ({"ok": True, "result": {"text": "hello"}}, "<html>Bad Gateway</html>"):
        with pytest.raises(ClientDecodeError):
            read(METHODS[0], answer)


def test_all_else_is_read_as_aiogram_does() -> None:
    me = read(GetMe(), {"ok": True, "result": {"id": 42, "is_bot": True, "first_name": "Editor"}})
    assert isinstance(me, User)
    assert (me.id, me.first_name) == (42, "Editor")


def test_a_refusal_names_the_call_that_it_is_about() -> None:
    answer = {"ok": False, "error_code": 429, "description": "slow down", "parameters": {"retry_after": 3}}
    with pytest.raises(TelegramRetryAfter) as refused:
        read(METHODS[0], answer, status=429)
    assert refused.value.retry_after == 3
    assert isinstance(refused.value.method, SendMessage)
    assert "SendMessage" in str(refused.value)
