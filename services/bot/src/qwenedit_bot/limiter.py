"""Telegram's limits of how much may be sent (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

WINDOW = 62.0
"""Seconds over which a chat's edits are counted: a minute, and what an edit may be late by when it reaches Telegram."""
EDITS = 15
"""Edits of any kind that a chat gets in a window."""


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
LONGEST_RESERVATION = 1.0
"""Seconds that a call may wait for the token's turn. It waits for nothing else, so it holds its slot no longer."""


class Pace(Protocol):
    """One rate limit for everything that is sent with a token."""

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Take a turn, also the chat's where one is named, and for an edit one of the chat's edits.

        Raises:
            LaterError: The turn is not free. Nothing is taken or reserved.
            RedisError: Redis does not say.
        """

    async def ready(self, chat_id: int, *, edit: bool = False) -> None:
        """Raise what `acquire` would raise now, and take nothing."""

    async def try_acquire(self, chat_id: int, *, edits: int) -> bool:
        """Take the turn of an edit only if nothing of greater weight could miss it.

        Args:
            chat_id: The chat.
            edits: How many the chat may have had in the last minute, this one included.
        """

    async def close(self, chat_id: int | None, seconds: float) -> None:
        """Obey a 429: send nothing, in this chat or at all, for a while."""


def is_group(chat_id: int) -> bool:
    """Whether a chat is a group: users' ids are positive (https://core.telegram.org/api/bots/ids)."""
    return chat_id < 0
