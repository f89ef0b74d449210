"""Have each of aiogram's models read values, good ones and bad ones, and print what became of them.

Run as `python everything.py lazy` and `python everything.py plain`, it prints the same.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import random
import sys
import types
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

if sys.argv[1] == "lazy":
    import lazy_aiogram  # noqa: F401
import aiogram.methods
import aiogram.types
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 4
"""Of models in models, at most."""
EACH = 3
ODD = 0.02
PRESENT = 0.25
"""Share of optional fields that are there."""
PLAIN = (
    (bool, True),
    (int, 5),
    (float, 1.5),
    (str, "text"),
    (dt.datetime, 1_700_000_000),
    (dt.timedelta, 60),
    (object, "anything"),
)


def models() -> Iterator[type[BaseModel]]:
    """Yield all types and methods of the Bot API, with their fields' types known."""
    for module in (aiogram.types, aiogram.methods):
        for name in module.__all__:
            model = getattr(module, name)
            if isinstance(model, type) and issubclass(model, BaseModel) and name not in ("Request", "TelegramMethod"):
                model.model_rebuild()
                yield model


def value(annotation: Any, chance: random.Random, depth: int) -> Any:
    """Make what JSON could bring for an annotation, and now and then what it should not."""
    if chance.random() < ODD:
        return chance.choice(("odd", -1, {"type": "odd"}, [], 1.5))
    origin, arguments = get_origin(annotation), get_args(annotation)
    some = [each for each in arguments if each is not types.NoneType]
    if origin in (Union, types.UnionType):
        return None if depth <= 0 and len(some) < len(arguments) else value(chance.choice(some), chance, depth)
    if origin is list:
        return [value(some[0], chance, depth - 1) for _ in range(chance.randint(0, 2) if depth > 0 else 0)]
    if origin is Literal:
        return chance.choice(arguments)
    if origin is not None:  # Annotated, dict
        return value(some[0], chance, depth) if origin is not dict else {"key": value(some[1], chance, depth - 1)}
    return plain_value(annotation, chance, depth)


def plain_value(annotation: Any, chance: random.Random, depth: int) -> Any:
    """Make what JSON could bring for a class."""
    if not isinstance(annotation, type):
        return "anything"
    if issubclass(annotation, BaseModel):
        return fields(annotation, chance, depth - 1)
    if issubclass(annotation, enum.Enum):
        return chance.choice(list(annotation)).value
    return next(plain for kind, plain in PLAIN if issubclass(annotation, kind))


def fields(model: type[BaseModel], chance: random.Random, depth: int) -> dict[str, Any]:
    """Make a model's fields: those that must be there, and some of the others."""
    return {
        field.alias or name: value(field.annotation, chance, depth)
        for name, field in model.model_fields.items()
        if field.is_required() or (depth > 0 and chance.random() < PRESENT)
    }


def outcomes(model: type[BaseModel], data: Any) -> Iterator[str]:
    """Have a model read the data, and tell in every way what became of it."""
    for read, given in ((model.model_validate, data), (model.model_validate_json, json.dumps(data))):
        try:
            made = read(given, context={"bot": "the bot"})
        except ValidationError as error:
            yield str(error)
            continue
        yield repr(made)
        yield repr(made.model_dump(warnings=False))
        yield repr(made.model_dump(exclude_unset=True, exclude={"type": True, "user": {"id"}}))
        try:
            yield made.model_dump_json(exclude_none=True, exclude_defaults=True)
        except PydanticSerializationError as error:
            yield str(error)
        yield repr([getattr(each, "_bot", None) for each in made.__dict__.values()])
        yield repr(model.model_validate(made.__dict__) == made)


def main() -> None:
    """Print a line for each."""
    for model in list(models()):
        chance = random.Random(model.__name__)  # noqa: S311 - the same each time
        for number in range(EACH):
            for outcome in outcomes(model, fields(model, chance, DEPTH)):
                sys.stdout.write(f"{model.__name__} {number} {outcome!r}\n")


main()
