"""Failures on demand: of a method, in a chat, for the next calls or until they are cleared."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

ANY = "*"
FILE = "file"
"""Stands for a method where a file is downloaded."""


class FaultKind(StrEnum):
    """What goes wrong."""

    REFUSAL = "refusal"
    """Refused with 400 and the `description`; nothing happens."""
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
    THROTTLE = "throttle"
    """A file comes at `rate` bytes a second. Downloads only."""


class Fault(BaseModel):
    """An armed failure.

    Attributes:
        method: Name of a method of the Bot API, `file`, or `*` for any.
        times: How many calls it meets; None for all until it is cleared.
        retry_after: In seconds, for a 429.
        seconds: How long a timeout lasts, or how late a slow reply is.
        rate: Of a throttled download, in bytes a second.
        description: Of a refusal, after "Bad Request: ".
        chat_id: Only calls for this chat, and downloads of what was sent to it, are met.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    method: str = ANY
    times: int | None = Field(1, ge=1)
    retry_after: int = Field(3, ge=1)
    seconds: float = Field(60.0, ge=0)
    rate: int = Field(1 << 16, ge=1)
    description: str = ""
    chat_id: int | None = None

    def meets(self, method: str, *, chat_id: int | None) -> bool:
        """Whether a call is one of those it is armed for."""
        return (
            self.method.lower() in (ANY, method.lower())
            and (self.kind is not FaultKind.THROTTLE or method == FILE)
            and self.chat_id in (None, chat_id)
        )


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

    def clear(self, *, chat_id: int | None = None) -> None:
        """Let no call fail any more; or disarm only what was armed for this chat."""
        self._armed = [fault for fault in self._armed if chat_id is not None and fault.chat_id != chat_id]

    def give_back(self, fault: Fault) -> None:
        """Let a failure that was taken befall the next call instead."""
        if fault.times is not None:
            self._armed.insert(0, fault.model_copy(update={"times": 1}))

    def take(self, method: str, *, chat_id: int | None) -> Fault | None:
        """Return what befalls a call, and count it."""
        for index, fault in enumerate(self._armed):
            if not fault.meets(method, chat_id=chat_id):
                continue
            if fault.times is not None and fault.times > 1:
                self._armed[index] = fault.model_copy(update={"times": fault.times - 1})
            elif fault.times == 1:
                del self._armed[index]
            return fault
        return None
