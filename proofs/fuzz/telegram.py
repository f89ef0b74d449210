"""Telegram as the bot's library sees it, without a network: every call is checked as Telegram would, and succeeds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import AnswerCallbackQuery, GetFile, GetMe, GetWebhookInfo, SetWebhook
from aiogram.types import Chat, File, InlineKeyboardMarkup, Message, User, WebhookInfo

from qwenedit_bot.inbox.polling import GetRawUpdates

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiogram import Bot
    from aiogram.methods import TelegramMethod

BOT = User(id=42, is_bot=True, first_name="Editor", username="photo_editor_bot")
TEXT, CAPTION, ANSWER, DATA = 4096, 1024, 200, 64
"""Longest texts, captions and answers to presses in characters, and data of buttons in bytes."""
NOW = datetime.fromtimestamp(0, UTC)
FIRST_ID = 1_000_000
"""Ids of the bot's messages begin here; people's are smaller."""


class Wire(BaseSession):
    """Answers the bot's calls, and remembers them.

    Attributes:
        files: Bytes by file id, for what is not found elsewhere.
        calls: All since they were last looked at.
        offered: Data of the buttons that each chat was given last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.calls: list[TelegramMethod[Any]] = []
        self.offered: dict[int, list[str]] = {}
        self._sent = FIRST_ID

    async def close(self) -> None:
        """Nothing is open."""

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109 - aiogram's
        """Refuse what Telegram would, and do the rest."""
        del bot, timeout
        self.calls.append(method)
        _check(method)
        chat_id = getattr(method, "chat_id", None)
        keyboard = getattr(method, "reply_markup", None)
        if isinstance(keyboard, InlineKeyboardMarkup) and isinstance(chat_id, int):
            rows = keyboard.inline_keyboard
            self.offered[chat_id] = [button.callback_data for row in rows for button in row if button.callback_data]
        match method:
            case GetMe():
                return BOT
            case GetFile():
                return File(file_id=method.file_id, file_unique_id="unique", file_path=method.file_id)
            case GetRawUpdates():
                return []
            case GetWebhookInfo():
                return WebhookInfo(url="", has_custom_certificate=False, pending_update_count=0)
            case _ if method.__api_method__.startswith("send") and method.__returning__ is Message:
                self._sent += 1
                return Message(message_id=self._sent, date=NOW, chat=Chat(id=int(chat_id or 0), type="private"))
        return True

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = 30,  # noqa: ASYNC109 - aiogram's
        chunk_size: int = 65536,
        raise_for_status: bool = True,  # noqa: FBT001, FBT002 - aiogram's
    ) -> AsyncGenerator[bytes, None]:
        """Yield a file."""
        del headers, timeout, chunk_size, raise_for_status
        yield self.files.get(url.rpartition("/")[2], b"no picture")


def said_in(call: TelegramMethod[Any], chat_id: int) -> bool:
    """Whether a call shows somebody something new in a chat."""
    return getattr(call, "chat_id", None) == chat_id and call.__api_method__.startswith(("send", "edit"))


def answers(call: TelegramMethod[Any], press_id: str) -> bool:
    """Whether a call answers a press."""
    return isinstance(call, AnswerCallbackQuery) and call.callback_query_id == press_id


def _check(method: TelegramMethod[Any]) -> None:
    if isinstance(method, SetWebhook):
        return
    fields = method.model_dump(mode="python", exclude_none=True, warnings=False)
    for text in _strings(fields):
        text.encode()  # aiohttp sends UTF-8, which has no lone surrogates
    limits = [("caption", CAPTION), ("text", ANSWER if isinstance(method, AnswerCallbackQuery) else TEXT)]
    for name, limit in limits:
        said = fields.get(name)
        if isinstance(said, str) and len(said) > limit:
            raise TelegramBadRequest(method, f"Bad Request: {name} is too long")
    if method.__api_method__ in ("sendMessage", "editMessageText") and not str(fields.get("text", "")).strip():
        raise TelegramBadRequest(method, "Bad Request: message text is empty")
    keyboard = getattr(method, "reply_markup", None)
    for row in keyboard.inline_keyboard if isinstance(keyboard, InlineKeyboardMarkup) else ():
        for button in row:
            if not button.text or len((button.callback_data or "").encode()) > DATA:
                raise TelegramBadRequest(method, "Bad Request: BUTTON_DATA_INVALID")


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _strings(each)]
    return []


def shown(call: TelegramMethod[Any]) -> str:
    """Write a call for a person to read."""
    fields = call.model_dump(mode="python", exclude_none=True, exclude_defaults=True, warnings=False)
    return f"{call.__api_method__} {json.dumps(fields, default=lambda value: f'<{type(value).__name__}>')[:300]}"
