"""The buttons under a message, as strict as Telegram is about them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypeAlias

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


def parse_markup(said: object) -> Buttons:
    """Read a `reply_markup`: text in JSON, or what was read from it (telegram-bot-api, `Client.cpp`).

    Raises:
        ApiError: It is no keyboard under a message, or a button is impossible.
    """
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError:
            raise ApiError("can't parse reply keyboard markup JSON object") from None
    if not isinstance(said, dict) or said.keys() != {"inline_keyboard"}:
        raise ApiError("the simulator has inline keyboards only", code=501)
    buttons = tuple(tuple(map(_button, row)) for row in said["inline_keyboard"] if row)
    if sum(map(len, buttons)) > MAX_BUTTONS:
        raise ApiError("reply markup is too long")
    return buttons


def _button(said: Any) -> Button:
    if unknown := said.keys() - set(Button._fields):
        raise ApiError(f"the simulator does not have buttons with {', '.join(sorted(unknown))}", code=501)
    button = Button(**{"text": "", **said})
    if not button.text:
        raise ApiError("inline keyboard button text must be non-empty")
    if button.callback_data is None and not button.pay:
        raise ApiError("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= MAX_DATA:
        raise ApiError("BUTTON_DATA_INVALID")
    return button
