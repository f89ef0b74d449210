"""Telegram's limits of how much may be sent (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW = 66.0
"""Seconds over which a chat's edits are counted: a minute, and what an edit may be late by when it reaches Telegram."""
EDITS = 13
"""Edits of any kind that a chat gets in a window. Two more may follow refused ones without a turn of their own:
a picture is tried as a photo, as a file, and then said in words."""


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


OVERALL = Rate(interval=1 / 30, burst=26)
"""Telegram lets 30 come at once, and counts them when they arrive. Three are left for calls that take a tenth of a
second longer than those after them, and one for the backlogged, who take no turn of this burst."""
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
BACKLOGGED = Rate(interval=0.2, burst=1)
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


def is_group(chat_id: int) -> bool:
    """Whether a chat is a group: users' ids are positive (https://core.telegram.org/api/bots/ids)."""
    return chat_id < 0
