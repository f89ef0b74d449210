"""Telegram's limits of how much may be sent (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
"""Of a private chat; and of a person in all the groups in which they call the bot."""
GROUP = Rate(interval=3.75, burst=5, spared=4)
"""20 in any minute: 5 at once, and 15 more at this interval."""
EDITS = Rate(interval=6.0, burst=5, spared=2)
"""15 edits in any minute of a private chat. In a group they are a part of its 20 messages."""
BUSY = 1
"""Turns within the last seconds after which somebody makes way for others where the token's turns are scarce: they
leave them `BUSY_LEAVE` turns of its burst, ask again after `BUSY_PAUSE` seconds at the earliest, and reserve none."""
BUSY_LEAVE = 5
BUSY_PAUSE = 0.5
LINE = 5.0
"""Seconds by which turns of the token are reserved in advance. It bounds the delay after a step of Redis' clock."""
PLACE_KEPT = 5.0
"""Seconds for which a reserved turn that is due stays valid."""


_person: ContextVar[int] = ContextVar("person", default=0)


@contextmanager
def on_behalf_of(person: int) -> Iterator[None]:
    """Have calls inside the block take the turns of a person, in whatever chats they are.

    Args:
        person: Their id; 0 for nobody. Calls for nobody take the turns of their chat.
    """
    token = _person.set(person)
    try:
        yield
    finally:
        _person.reset(token)


def sender_in(chat_id: int | None) -> int:
    """Return whose turn a call in a chat takes: a person's, or the chat's own."""
    return _person.get() or chat_id or 0


def is_group(chat_id: int) -> bool:
    """Whether a chat is a group: users' ids are positive (https://core.telegram.org/api/bots/ids)."""
    return chat_id < 0
