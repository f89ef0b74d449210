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
class LoggedCall:
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
        self._calls: deque[LoggedCall] = deque(maxlen=KEPT)
        self.pulse = ChangeSignal()

    def __iter__(self) -> Iterator[LoggedCall]:
        return iter(self._calls)

    def add(  # one row of a log, by name
        self,
        *,
        at: float,
        bot_id: int,
        method: str,
        chat_id: int | None,
        status: int,
        description: str,
        fault: str | None,
        parameters: dict[str, Any],
    ) -> None:
        """Keep a call."""
        call = LoggedCall(
            number=self.pulse.count + 1,
            at=at,
            bot_id=bot_id,
            method=method,
            chat_id=chat_id,
            status=status,
            description=description,
            fault=fault,
            parameters=parameters,
        )
        self._calls.append(call)
        self.pulse.beat()
