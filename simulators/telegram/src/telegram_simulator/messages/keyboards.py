"""The buttons under a message, as strict as Telegram is about their number and data."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from aiogram.types import InlineKeyboardMarkup

from telegram_simulator.common.errors import ApiError

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


def buttons_of(markup: object) -> Buttons:
    """Return the buttons of a call's `reply_markup`.

    Raises:
        ApiError: It is no keyboard under a message, or has too many buttons or too much data.
    """
    if markup is None:
        return ()
    if not isinstance(markup, InlineKeyboardMarkup):
        raise ApiError("the simulator has inline keyboards only", code=501)
    buttons = tuple(
        tuple(Button(each.text, each.callback_data, each.style, each.pay) for each in row)
        for row in markup.inline_keyboard
        if row
    )
    if sum(map(len, buttons)) > MAX_BUTTONS:
        raise ApiError("reply markup is too long")
    if any(len((each.callback_data or "").encode()) > MAX_DATA for row in buttons for each in row):
        raise ApiError("BUTTON_DATA_INVALID")
    return buttons
