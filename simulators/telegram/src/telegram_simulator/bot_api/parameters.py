"""A call's parameters as aiogram types them: whatever aiogram's method class does not take, is refused."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import aiogram.methods
from aiogram.client.default import Default
from aiogram.methods import GetUpdates, TelegramMethod
from aiogram.types import ForceReply, InlineKeyboardMarkup
from pydantic import BaseModel, ValidationError

from telegram_simulator.common.errors import BadRequestError, NotFoundError
from telegram_simulator.messages.keyboards import parse_markup

if TYPE_CHECKING:
    from telegram_simulator.bot_api.request_body import RequestBody
    from telegram_simulator.messages.keyboards import Markup

T = TypeVar("T")
Method = TelegramMethod[Any]

_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "message_ids": "message identifiers are not specified",
    "photo": "there is no photo in the request",
    "document": "there is no document in the request",
    "action": "wrong parameter action in request",
    "file_id": "invalid file_id",
    "callback_query_id": "query is too old and response timeout expired or query ID is invalid",
}
"""What Telegram says where a parameter is missing."""
_UNREADABLE = {
    "media": "can't parse input media JSON object",
    "action": "wrong parameter action in request",
}


@cache
def methods() -> dict[str, type[Method]]:
    """All methods of the Bot API by their name in lower case: Telegram minds no case."""
    found = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    return {
        kind.__api_method__.lower(): kind
        for kind in found
        if isinstance(kind, type) and issubclass(kind, TelegramMethod) and kind is not TelegramMethod
    }


def method_class(name: str) -> type[Method]:
    """Return a method's class.

    Raises:
        NotFoundError: The Bot API has none of that name.
    """
    try:
        return methods()[name.lower()]
    except KeyError:
        raise NotFoundError("method not found") from None


def typed(kind: type[Method], said: RequestBody) -> Method:
    """Return the call as an object of its method's class.

    An upload under a parameter's own name becomes a reference, as if it had been attached by name.

    Raises:
        BadRequestError: A parameter is missing or ill-typed.
    """
    values: dict[str, Any] = {}
    for name, value in said.values.items():
        field = kind.model_fields.get(name)
        if field is None:
            continue
        if value == "" and field.annotation is not str:
            continue
        if name == "reply_markup":
            values[name] = _markup(value, only_inline=_is_inline(field.annotation))
            continue
        if kind is GetUpdates:
            values[name] = _lenient(name, value)
            continue
        values[name] = _decoded(name, value) if name in _structured(kind) else value
    for name in said.uploads:
        if name in kind.model_fields:
            values.setdefault(name, f"attach://{name}")
    try:
        return kind(**values)
    except ValidationError as error:
        raise _refusal(error) from None


def given(value: T | Default | None) -> T | None:
    """Return a parameter; None where the caller left it to a default."""
    return None if isinstance(value, Default) else value


def _markup(value: object, *, only_inline: bool) -> Markup | None:
    markup = parse_markup(value)
    if only_inline and markup is not None and not isinstance(markup, InlineKeyboardMarkup):
        raise BadRequestError("inline keyboard expected")  # tdlib, `ReplyMarkup.cpp`
    return markup


def _lenient(name: str, value: Any) -> Any:
    """Read a parameter of getUpdates, of which none is ever refused (telegram-bot-api, `Client.cpp`)."""
    if name != "allowed_updates":
        number = re.match(r"-?\d+", str(value))
        return int(number[0]) if number else 0
    try:
        kinds = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return kinds if isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds) else None


def _is_inline(annotation: Any) -> bool:
    return ForceReply not in (annotation, *get_args(annotation))


def _refusal(error: ValidationError) -> BadRequestError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "?"
    if first["type"] == "missing" and len(first["loc"]) == 1:
        return BadRequestError(_MISSING.get(name, f'parameter "{name}" is required'))
    return BadRequestError(_UNREADABLE.get(name, f"wrong parameter {name} in request"))


def _decoded(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise BadRequestError(_UNREADABLE.get(name, f"can't parse {name} JSON object")) from None


@cache
def _structured(kind: type[Method]) -> frozenset[str]:
    """Names of the parameters that a form carries as JSON."""
    return frozenset(name for name, field in kind.model_fields.items() if _is_structured(field.annotation))


def _is_structured(annotation: Any) -> bool:
    if get_origin(annotation) in (list, dict):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(_is_structured(part) for part in get_args(annotation))
