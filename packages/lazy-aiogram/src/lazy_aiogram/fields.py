"""Fields whose models are built when a value comes for them."""

from __future__ import annotations

import threading
import types
from typing import TYPE_CHECKING, Annotated, Any, Optional, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import core_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import GetCoreSchemaHandler, ValidationInfo
    from pydantic.fields import FieldInfo

_CONFIG = ConfigDict(arbitrary_types_allowed=True)
"""For what stands beside models in unions: aiogram's `Default`."""

_building = threading.RLock()
_unions: dict[str, TypeAdapter[Any]] = {}
_parametrised: set[type[BaseModel]] = set()


def build(cls: type[BaseModel], source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
    """Make a model's schema in which the models of its fields are left for later; a `__get_pydantic_core_schema__`."""
    with _building:
        fields = cls.__pydantic_fields__.values()
        declared = [(field, field.annotation, field.discriminator) for field in fields]
        try:
            for field in fields:
                _leave(field)
            schema = handler(source)
        finally:
            for field, annotation, discriminator in declared:
                field.annotation, field.discriminator = annotation, discriminator
        if cls.__pydantic_generic_metadata__["args"]:
            # pydantic forgets a parametrised model that nobody holds: each answer of Telegram would have its own built.
            _parametrised.add(cls)
    return schema


class Later:
    """Stands for a model, or for a union with models in it, in the schema of a model that has a field of it.

    A value is handed to the model's own validator, with the same context. Pydantic builds that at its first use. A
    union is handed over as a whole, so that its members compete as they always do. Mistakes in a value are told of the
    same place in the same words. A value is dumped by the serializer of its own model, which must be built by then.

    Args:
        meant: The model or the union.
    """

    def __init__(self, meant: Any) -> None:
        self._meant = meant

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Make a schema for which nothing else is built."""
        return core_schema.with_info_plain_validator_function(
            self._validate_model if isinstance(self._meant, type) else self._validate_union
        )

    def _validate_model(self, value: Any, info: ValidationInfo) -> Any:
        return self._meant.__pydantic_validator__.validate_python(value, context=info.context)

    def _validate_union(self, value: Any, info: ValidationInfo) -> Any:
        return _adapter(self._meant).validator.validate_python(value, context=info.context)


def _adapter(union: Any) -> TypeAdapter[Any]:
    # By its text, for what pydantic keeps in an annotation has no hash.
    name = repr(union)
    adapter = _unions.get(name)
    if adapter is None:
        with _building:
            for model in _models(union):
                model.model_rebuild()
            adapter = _unions[name] = TypeAdapter(union, config=_CONFIG)
    return adapter


def _leave(field: FieldInfo) -> None:
    declared: Any = field.annotation
    if field.discriminator is not None:
        declared = Annotated[declared, Field(discriminator=field.discriminator)]
    left = _left(declared)
    if left is not declared:
        field.annotation, field.discriminator = left, None


def _left(annotation: Any) -> Any:
    """Return the annotation with its models left for later, and itself where it has none."""
    if next(_models(annotation), None) is None:
        return annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        members = tuple(member for member in arguments if member is not types.NoneType)
        # Subscripted, for no operator joins what is in a tuple, or takes each `Annotated`.
        left = _left(members[0]) if len(members) == 1 else Annotated[Any, Later(Union[members])]  # noqa: UP007
        return left if len(members) == len(arguments) else Optional[left]  # noqa: UP045
    if origin in (list, dict):
        return origin[tuple(_left(argument) for argument in arguments)]
    return Annotated[Any, Later(annotation)]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
