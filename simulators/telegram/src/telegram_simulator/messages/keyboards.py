"""The buttons under a message, as strict as Telegram is about them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypeAlias

from telegram_simulator.common.errors import BadRequestError, UnsupportedError

MAX_BUTTONS = 100
MAX_DATA = 64
"""Bytes of a button's data (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""


class Button(NamedTuple):
    """A button; named as in the Bot API."""

    text: str
    callback_data: str | None = None
    style: str | None = None
    pay: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what the Bot API says of it."""
        return {name: value for name, value in self._asdict().items() if value is not None}


Buttons: TypeAlias = tuple[tuple[Button, ...], ...]


def keyboard_json(buttons: Buttons) -> dict[str, Any]:
    """Write buttons as a `reply_markup`."""
    return {"inline_keyboard": [[button.as_json() for button in row] for row in buttons]}


def parse_markup(said: object) -> Buttons:
    """Read a `reply_markup`: text in JSON, or what was read from it (telegram-bot-api, `Client.cpp`).

    Raises:
        BadRequestError: It is no markup, or a button is impossible.
        UnsupportedError: It is a keyboard in place of the person's own, or a button of another kind.
    """
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError:
            raise BadRequestError("can't parse reply keyboard markup JSON object") from None
    if not isinstance(said, dict):
        raise BadRequestError("object expected as reply markup")
    if said.keys() - {"inline_keyboard"}:
        raise UnsupportedError(f"the simulator does not have {', '.join(said)}")
    rows = said.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise BadRequestError('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    buttons = tuple(tuple(map(_button, row)) for row in rows if row)
    if sum(map(len, buttons)) > MAX_BUTTONS:
        raise BadRequestError("reply markup is too long")
    return buttons


def _button(said: Any) -> Button:
    if not isinstance(said, dict):
        raise BadRequestError("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    if unknown := said.keys() - set(Button._fields):
        raise UnsupportedError(f"the simulator does not have buttons with {', '.join(sorted(unknown))}")
    button = Button(**{"text": "", **said})
    if not button.text:
        raise BadRequestError("inline keyboard button text must be non-empty")
    if button.callback_data is None and not button.pay:
        raise BadRequestError("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= MAX_DATA:
        raise BadRequestError("BUTTON_DATA_INVALID")
    return button
