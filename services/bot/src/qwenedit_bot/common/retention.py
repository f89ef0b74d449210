"""What each feature keeps of a user, for how long, and how a user is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from redis.asyncio import Redis

FORGET_ALL, FORGET_NOT = "forget:all", "forget:not"
"""Data of the buttons that answer `/forget`."""
SCANNED_AT_ONCE = 1_000
"""Keys that Redis looks at in one go, a millisecond, while it does nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that is kept of a user."""

    what: str
    """As docs/users-and-payments.md calls it."""
    keys: tuple[str, ...]
    """Names of the keys that hold it, in `BotKeys` or `qwenedit_jobs.Keys`."""
    seconds: int | None = None
    """The longest time; None where `until` alone says when it goes."""
    until: str = ""
    """What ends it, or the setting that says the time."""
    stays: str = ""
    """Why /forget leaves it; empty where it is erased."""
    told: str = ""
    """The variable by which the text of /privacy says the time; empty where that is no line of its own."""


class Keeper(Protocol):
    """A feature that keeps something of users."""

    @property
    def kept(self) -> tuple[Kept, ...]:
        """All that it keeps."""

    async def forget(self, user_id: int) -> None:
        """Erase what it keeps of a user, but for what stays; may be repeated."""


async def erase_keys(redis: Redis, user_id: int, *patterns: str) -> None:
    """Delete the keys whose names fit one of the patterns, which takes a look at every key.

    Args:
        redis: A client that decodes replies.
        user_id: Stands in each of the names.
        patterns: As of a shell.
    """
    names = [str(name) async for name in redis.scan_iter(f"*:{user_id}*", count=SCANNED_AT_ONCE)]
    found = [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]
    if found:
        await redis.unlink(*found)
