"""Telegram's limits of how much may be sent (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW = 66.0
"""Seconds over which a chat's edits are counted: a minute, and what an edit may be late by when it reaches Telegram."""
EDITS = 14
"""Edits of any kind that a chat gets in a window. A 15th may follow a refused edit without a turn of its own."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen."""

    interval: float
    """Seconds between two times, in the long run."""
    burst: int
    """How many times at once after a quiet time."""

    @property
    def ahead(self) -> float:
        """Seconds by which a turn may come before it is due."""
        return self.interval * (self.burst - 1)


OVERALL = Rate(interval=1 / 30, burst=30)
CHAT = Rate(interval=1.0, burst=5)
GROUP = Rate(interval=3.75, burst=5)
"""20 in any minute: 5 at once, and 15 more at this interval."""
SPARED = 10
"""Turns of the overall burst that progress edits leave to messages that somebody waits for."""
SPARED_IN_CHAT = 2
"""Turns of a chat's burst that progress edits leave to answers."""
BACKLOG = 6
"""Messages of a person that wait in a chat. People with so many share a part of the overall rate, `BACKLOGGED`: the
others, who wait for one answer, do not wait for people who wait for many."""
BACKLOGGED = Rate(interval=0.2, burst=3)
LONGEST_RESERVATION = 0.15
"""Seconds for which a call may sleep until the token's turn. For a turn that comes later there are tickets."""
TICKET_KEPT = 30.0
"""Seconds for which a turn stays reserved that its person does not take."""


class Caller(NamedTuple):
    """Whose turn a call takes."""

    person: int | str
    name: str
    """Which of the things that are done for them side by side it belongs to."""
    backlogged: bool
    """Whether the person has many messages waiting."""


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


@contextmanager
def on_behalf_of(person: int | str, *, caller: str = "", backlogged: bool = False) -> Iterator[None]:
    """Have calls inside the block take the turns of a person, or of something else that is to wait in one line.

    Args:
        person: Their id; 0 for nobody. Calls for nobody take the turns of their chat.
        caller: Which of the things that are done for them side by side; each has its place in their line.
        backlogged: The person has many messages waiting; see `BACKLOG`.
    """
    token = _caller.set(Caller(person, caller, backlogged))
    try:
        yield
    finally:
        _caller.reset(token)


def caller_in(chat_id: int | None) -> Caller:
    """Return whose turn a call in a chat takes."""
    caller = _caller.get() or Caller(0, "", backlogged=False)
    return Caller(caller.person or chat_id or 0, caller.name or str(chat_id or 0), caller.backlogged)


class Pace(Protocol):
    """One rate limit for everything that is sent with a token.

    A person has one reserved turn of the token at most, in however many chats they wait. So people, and not chats,
    get the token's turns in the order in which they began to wait.
    """

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Take a turn, also the chat's where one is named, and for an edit one of the chat's edits.

        Raises:
            LaterError: The turn is not free. Where all chats wait for the token, a turn of it is reserved for the
                person, and the error says when it comes. The next call for that person then has it.
            RedisError: Redis does not say.
        """

    async def ready(self, chat_id: int, *, edit: bool = False) -> None:
        """Raise what `acquire` would raise now, with the same reservation, and take nothing."""

    async def try_acquire(self, chat_id: int, *, edits: int) -> bool:
        """Take the turn of an edit only if nothing of greater weight could miss it.

        Args:
            chat_id: The chat.
            edits: How many the chat may have had in the last minute, this one included.
        """

    async def note_edit(self, chat_id: int) -> None:
        """Count an edit that was made without a turn."""

    async def close(self, chat_id: int | None, seconds: float) -> None:
        """Obey a 429: send nothing, in this chat or at all, for a while."""


def is_group(chat_id: int) -> bool:
    """Whether a chat is a group: users' ids are positive (https://core.telegram.org/api/bots/ids)."""
    return chat_id < 0
