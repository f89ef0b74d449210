"""Telegram's limits of how much may be sent (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen."""

    interval: float
    """Seconds between two times, in the long run."""
    burst: int
    """How many times at once after a quiet time."""
    spared: int = 0
    """Turns of the burst that progress edits leave to messages somebody waits for."""


OVERALL = Rate(interval=1 / 30, burst=26, spared=10)
"""Telegram lets 30 come at once, and counts them when they arrive. Four are left for calls that take a tenth of a
second longer than those after them."""
CHAT = Rate(interval=1.0, burst=5, spared=2)
GROUP = Rate(interval=3.75, burst=5, spared=4)
"""20 in any minute: 5 at once, and 15 more at this interval."""
EDITS = Rate(interval=6.0, burst=5, spared=2)
"""15 edits in any minute of a private chat. In a group they are a part of its 20 messages."""
BACKLOG = 6
"""A person with this many messages waiting in a chat leaves `BACKLOG_SPARES` turns of the token's burst to people who
wait for a single answer, and asks again no sooner than after `BACKLOG_PAUSE` seconds."""
BACKLOG_SPARES = 5
BACKLOG_PAUSE = 0.5
LINE = 5.0
"""Seconds by which turns of the token are reserved in advance. It bounds the delay after a step of Redis' clock."""
PLACE_KEPT = 5.0
"""Seconds for which a reserved turn that is due stays valid."""


class Caller(NamedTuple):
    """Whose turn a call takes."""

    person: int | str
    backlogged: bool
    """Whether `BACKLOG` messages of theirs are waiting."""


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


@contextmanager
def on_behalf_of(person: int | str, *, backlogged: bool = False) -> Iterator[None]:
    """Have calls inside the block take the turns of a person, who has one place in line for all their chats.

    Args:
        person: Their id; 0 for nobody. Calls for nobody take the turns of their chat.
        backlogged: Whether `BACKLOG` messages of theirs are waiting.
    """
    token = _caller.set(Caller(person, backlogged))
    try:
        yield
    finally:
        _caller.reset(token)


def caller_in(chat_id: int | None) -> Caller:
    """Return whose turn a call in a chat takes."""
    caller = _caller.get() or Caller(0, backlogged=False)
    return caller._replace(person=caller.person or chat_id or 0)


def is_group(chat_id: int) -> bool:
    """Whether a chat is a group: users' ids are positive (https://core.telegram.org/api/bots/ids)."""
    return chat_id < 0
