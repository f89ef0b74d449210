"""aiogram that builds a type's validator when the type is first used; import this before aiogram.

On its import aiogram 3.31 has pydantic build validators for all of the Bot API's 450 types and for half of its 180
methods. A bot uses a few dozen. On Python 3.11 the import takes 167 MB of memory and 2.5 s of processor time, against
60 MB and 1 s without. Most types hold a copy of what `Message` is made of.

aiogram declares its types with `defer_build`, but its package then rebuilds each of them. Here these rebuilds are
left out. Pydantic makes up for them by its own means: a type without a validator calls its `model_rebuild` when it is
first used. Here that call is told the names that aiogram's package would have told it. The methods are declared so,
too.

A type is then built without the types of its fields (`fields`). Of all that a `Message` may hold, only what did come
in messages is ever built. That takes 1 MB instead of 9 for what a bot of photos and buttons uses. Every value of a
model is read, refused and written as by plain aiogram. Only pydantic's JSON schema of a model with others in it is
lost.

Where aiogram was imported before, nothing is gained and nothing changes.
"""

import sys
from typing import Any

from pydantic import BaseModel

from lazy_aiogram.fields import build

_DECLARED: Any = BaseModel.__dict__["model_rebuild"]
_REBUILD = _DECLARED.__func__
_CONSTRUCT: Any = BaseModel.__dict__["model_construct"].__func__


def _import_lazily() -> None:
    """Import aiogram, whose types are all there, and whose methods are not yet, when it rebuilds the first type."""
    names: dict[str, Any] = {}

    def first_rebuild(cls: type[BaseModel], /, **arguments: Any) -> bool | None:
        nonlocal names
        namespace = arguments.get("_types_namespace")
        if not (namespace and cls.__module__.startswith("aiogram.types.")):
            built: bool | None = _REBUILD(cls, **{"_parent_namespace_depth": 3, **arguments})
            return built
        names = namespace
        type.__setattr__(BaseModel, "model_rebuild", _DECLARED)
        _make_lazy(rebuild)
        return None

    def rebuild(cls: type[BaseModel], /, **arguments: Any) -> bool | None:
        if arguments.get("_types_namespace") is names:  # aiogram's own wish
            return None
        built: bool | None = _REBUILD(cls, **{"_types_namespace": names, **arguments})
        return built

    type.__setattr__(BaseModel, "model_rebuild", classmethod(first_rebuild))
    try:
        import aiogram  # noqa: F401, PLC0415
    finally:
        type.__setattr__(BaseModel, "model_rebuild", _DECLARED)


def _make_lazy(rebuild: Any) -> None:
    from aiogram.methods.base import Response, TelegramMethod  # noqa: PLC0415
    from aiogram.types import TelegramObject, Update  # noqa: PLC0415

    TelegramMethod.model_config["defer_build"] = True
    for base in (TelegramObject, TelegramMethod, Response):
        type.__setattr__(base, "model_rebuild", classmethod(rebuild))
        type.__setattr__(base, "__get_pydantic_core_schema__", classmethod(build))
    type.__setattr__(TelegramObject, "model_construct", classmethod(_construct))
    type.__setattr__(TelegramObject, "__setstate__", _set_state)
    # Kept in a cache for its `event_type`, the last 128 updates would stay in memory.
    type.__setattr__(Update, "event_type", property(Update.event_type.fget.__wrapped__))  # type: ignore[attr-defined]


def _construct(cls: type[BaseModel], /, *arguments: Any, **values: Any) -> Any:
    """Make an object whose values nobody validates, and have built what dumps it as a part of another one."""
    cls.model_rebuild()
    return _CONSTRUCT(cls, *arguments, **values)


def _set_state(self: BaseModel, state: dict[Any, Any]) -> None:
    """Take an object out of a pickle, likewise."""
    type(self).model_rebuild()
    BaseModel.__setstate__(self, state)


if "aiogram" not in sys.modules:
    _import_lazily()
