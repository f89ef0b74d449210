"""A command's answer, as text for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from qwenedit_jobs.errors import QueueError

if TYPE_CHECKING:
    from collections.abc import Sequence

OK, BAD_NEWS, NOT_ASKED = 0, 1, 2
"""Exit codes: the answer is as wished; it is not; the question could not be asked."""


class CommandError(QueueError):
    """A command makes no sense for what it is about; the message says what does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found or did."""

    data: Any
    """For `--json`: dataclasses, models, and collections of them."""
    text: str
    code: int = OK

    @property
    def json(self) -> str:
        """The answer for a program; times are seconds since the epoch."""
        return json.dumps(self.data, default=_plain, ensure_ascii=False, indent=2)


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of a wish about one job."""

    id: str
    outcome: str
    said: str
    """The same in words, with what to do where it is not as wished."""
    done: bool = True


def of_deeds(deeds: Sequence[Deed]) -> Answer:
    """Tell what became of a wish about several jobs; bad news when it was not done to each."""
    code = OK if all(deed.done for deed in deeds) else BAD_NEWS
    return Answer(list(deeds), "\n".join(f"{deed.id}: {deed.said}" for deed in deeds), code)


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON")
