"""A call's parameters as aiogram types them: whatever aiogram's method class does not take, is refused."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin

from aiogram.methods import TelegramMethod
from pydantic import BaseModel, ValidationError

from telegram_simulator.common.errors import ApiError

if TYPE_CHECKING:
    from telegram_simulator.bot_api.request_body import RequestBody

Method = TelegramMethod[Any]


def typed(kind: type[Method], said: RequestBody) -> Method:
    """Return the call as an object of its method's class.

    An upload under a parameter's own name becomes a reference, as if it had been attached by name.

    Raises:
        ApiError: A parameter is missing or ill-typed.
    """
    values: dict[str, Any] = {}
    for name, value in said.values.items():
        field = kind.model_fields.get(name)
        if field is not None and value != "":
            values[name] = _decoded(name, value) if name in _structured(kind) else value
    for name in said.uploads:
        if name in kind.model_fields:
            values.setdefault(name, f"attach://{name}")
    try:
        return kind(**values)
    except ValidationError as error:
        name = ".".join(map(str, error.errors()[0]["loc"]))
        raise ApiError(f"wrong parameter {name} in request") from None


def _decoded(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ApiError(f"can't parse {name} JSON object") from None


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
