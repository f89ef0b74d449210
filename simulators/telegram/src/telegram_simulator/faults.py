"""Failures on demand, for the next calls of a method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from telegram_simulator.errors import ControlError

ANY = "*"
FILE = "file"
"""Stands for a method where a file is downloaded."""


class FaultKind(StrEnum):
    """What goes wrong."""

    TOO_MANY_REQUESTS = "429"
    """Refused with `retry_after`; nothing happens."""
    SERVER_ERROR = "500"
    """Telegram fails; nothing happens."""
    BAD_GATEWAY = "502"
    """A page of HTML, as the servers in front of Telegram's send; nothing happens."""
    UNAUTHORIZED = "401"
    """Refused as after the token was revoked; nothing happens."""
    TIMEOUT = "timeout"
    """No answer for `seconds`, then the connection is cut; nothing happens."""
    DROP = "drop"
    """The connection is cut at once; nothing happens."""
    CUT = "cut"
    """The call does what it should, then the connection is cut: the reply is lost. A file comes in half.

    A call that is refused for being too fast meets neither this nor the next one: it is made again.
    """
    SLOW = "slow"
    """The call does what it should at once; the reply comes `seconds` later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """An armed failure.

    Attributes:
        method: Name of a method of the Bot API, `file`, or `*` for any.
        times: How many calls it meets.
        retry_after: In seconds, for a 429.
        seconds: How long a timeout lasts, or how late a slow reply is.
        chat_id: Only calls for this chat are met.
    """

    kind: FaultKind
    method: str = ANY
    times: int = 1
    retry_after: int = 3
    seconds: float = 60.0
    chat_id: int | None = None

    @classmethod
    def parse(cls, values: dict[str, object]) -> Self:
        """Make a fault of what the control API was told.

        Raises:
            ControlError: There is no such fault or parameter.
        """
        try:
            fault = cls(**values)  # type: ignore[arg-type]  # checked below
            fault = replace(
                fault,
                kind=FaultKind(fault.kind),
                times=int(fault.times),
                retry_after=int(fault.retry_after),
                seconds=float(fault.seconds),
            )
        except (TypeError, ValueError) as error:
            raise ControlError(f"no such fault: {error}") from None
        if fault.times < 1:
            raise ControlError("a fault meets at least one call")
        return fault

    def meets(self, method: str, chat_id: int | None) -> bool:
        """Whether a call is one of those it is armed for."""
        return self.method.lower() in (ANY, method.lower()) and self.chat_id in (None, chat_id)


class Faults:
    """The armed failures, in the order in which they were armed."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    @property
    def armed(self) -> tuple[Fault, ...]:
        """What is still to come."""
        return tuple(self._armed)

    def arm(self, fault: Fault) -> None:
        """Let calls fail from now on."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Let no call fail any more."""
        self._armed.clear()

    def give_back(self, fault: Fault) -> None:
        """Let a failure that was taken befall the next call instead."""
        self._armed.insert(0, replace(fault, times=1))

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """Return what befalls a call, and count it."""
        for index, fault in enumerate(self._armed):
            if not fault.meets(method, chat_id):
                continue
            if fault.times > 1:
                self._armed[index] = replace(fault, times=fault.times - 1)
            else:
                del self._armed[index]
            return fault
        return None
