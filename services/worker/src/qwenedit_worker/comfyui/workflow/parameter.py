"""An input of a graph, and the values that a job may put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pydantic import JsonValue


class InputRef(BaseModel):
    """One input of one node."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: str
    input: str

    def __str__(self) -> str:
        return f"node {self.node}, input {self.input}"


class Parameter(InputRef):
    """An input that a job may give a value of its own, within bounds.

    A number's are `min` and `max`, a text's are `choices`. Without `choices` any text goes.
    """

    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)
    choices: tuple[str, ...] = ()

    def problem(self, value: JsonValue) -> str | None:
        """Return what's wrong with a value, as the end of a sentence about it; None if it's valid.

        Truth values are refused: a job cannot carry any.
        """
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return f"{value!r} is neither a number nor a text"
        if self.choices:
            return None if value in self.choices else f"{value!r} is none of {', '.join(self.choices)}"
        if isinstance(value, str):
            return None if (self.min, self.max) == (None, None) else f"{value!r} is no number"
        return self._beyond(value)

    def _beyond(self, number: float) -> str | None:
        if self.min is not None and number < self.min:
            return f"{number:g} is below {self.min:g}"
        if self.max is not None and number > self.max:
            return f"{number:g} is above {self.max:g}"
        return None
