"""Which calls were made, for tests to read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telegram_simulator.common.change_signal import ChangeSignal

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call of the Bot API and what came of it.

    Attributes:
        number: Counts all calls.
        at: Seconds since the epoch, when it was carried out; of one that never was, when it came.
        status: What was answered; 0 where the connection was cut instead.
        fault: The failure on demand that befell it.
        parameters: As they were sent, uploads as their size in bytes.
    """

    number: int
    at: float
    bot_id: int
    method: str
    chat_id: int | None
    status: int
    description: str
    fault: str | None
    parameters: dict[str, Any] = field(repr=False)


class CallLog:
    """The last calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self.pulse = ChangeSignal()

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls)

    def add(self, **call: Any) -> None:
        """Keep a call, whose fields are those of `Call` but the number."""
        self._calls.append(Call(number=self.pulse.count + 1, **call))
        self.pulse.beat()
