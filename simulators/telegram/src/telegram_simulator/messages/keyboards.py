"""Reading a `reply_markup` as Telegram's server does (telegram-bot-api, `Client.cpp`, `get_reply_markup`).

aiogram's own classes would not do. All fields of `ForceReply` have defaults, so that it takes any object, and a
malformed keyboard would pass for none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from aiogram.types import (
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from pydantic import ValidationError

from telegram_simulator.common.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Callable

B = TypeVar("B", KeyboardButton, InlineKeyboardButton)
Markup: TypeAlias = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply


@dataclass(frozen=True, slots=True)
class Buttons:
    """The buttons under a message.

    They are kept as JSON: as aiogram's objects they would be most of what a message weighs.
    """

    json: str

    @classmethod
    def of(cls, rows: list[list[InlineKeyboardButton]]) -> Self:
        """Keep rows of buttons."""
        return cls(InlineKeyboardMarkup(inline_keyboard=rows).model_dump_json(exclude_none=True))

    @property
    def rows(self) -> list[list[InlineKeyboardButton]]:
        """The buttons, to be read only."""
        return _parsed(self.json).inline_keyboard

    def as_json(self) -> dict[str, Any]:
        """Return them as the Bot API writes them."""
        markup: dict[str, Any] = json.loads(self.json)
        return markup


@lru_cache(maxsize=256)
def _parsed(text: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup.model_validate_json(text)


_FLAGS = ("hide_keyboard", "remove_keyboard", "personal_keyboard", "selective", "force_reply_keyboard", "force_reply")


def parse_markup(said: object) -> Markup | None:
    """Read what stands under or beside a message; None where it is nothing.

    Args:
        said: Text in JSON, or what was read from it.

    Raises:
        BadRequestError: It is no markup.
    """
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError:
            raise BadRequestError("can't parse reply keyboard markup JSON object") from None
    if not isinstance(said, dict):
        raise BadRequestError("object expected as reply markup")
    rows = _rows(said, "keyboard", _reply_button, 'field "keyboard"')
    inline = _rows(said, "inline_keyboard", _inline_button, 'field "inline_keyboard" of the InlineKeyboardMarkup')
    flags = {name: _flag(said, name) for name in _FLAGS}
    if rows:
        return ReplyKeyboardMarkup(keyboard=rows)
    if inline:
        return InlineKeyboardMarkup(inline_keyboard=inline)
    if flags["hide_keyboard"] or flags["remove_keyboard"]:
        return ReplyKeyboardRemove(remove_keyboard=True)
    if flags["force_reply"] or flags["force_reply_keyboard"]:
        return ForceReply(force_reply=True)
    return None


def _rows(said: dict[str, Any], name: str, button: Callable[[Any], Any], called: str) -> list[list[Any]]:
    rows = said.get(name)
    if name not in said:
        return []
    if not isinstance(rows, list):
        raise BadRequestError(f'field "{name}" must be of type Array')
    if not all(isinstance(row, list) for row in rows):
        raise BadRequestError(f"{called} must be an Array of Arrays")
    return [[button(each) for each in row] for row in rows]


def _reply_button(said: Any) -> KeyboardButton:
    if isinstance(said, str):
        return KeyboardButton(text=said)
    if not isinstance(said, dict):
        raise BadRequestError("can't parse keyboard button: KeyboardButton must be a String or an Object")
    button = _read(KeyboardButton, said, "keyboard button")
    if not button.text:
        raise BadRequestError("keyboard button text must be non-empty")
    return button


def _inline_button(said: Any) -> InlineKeyboardButton:
    if not isinstance(said, dict):
        raise BadRequestError("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    empty = {name for name in ("url", "callback_data") if said.get(name) == ""}
    return _read(
        InlineKeyboardButton, {name: said[name] for name in said if name not in empty}, "inline keyboard button"
    )


def _read(kind: type[B], said: dict[str, Any], what: str) -> B:
    values = {name: str(value) if _is_number(value) else value for name, value in said.items()}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = first["loc"][0]
        wrong = (
            f'Can\'t find field "{name}"' if first["type"] == "missing" else f'Field "{name}" must be of type String'
        )
        raise BadRequestError(f"can't parse {what}: {wrong}") from None


def _is_number(value: object) -> bool:
    """Whether Telegram's server reads it as a string of digits where it wants a string."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flag(said: dict[str, Any], name: str) -> bool:
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise BadRequestError(f'field "{name}" must be of type Boolean')
    return value
