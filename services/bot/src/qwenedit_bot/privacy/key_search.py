"""Finds a user's keys whose names are not known, in one scan of Redis."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_jobs.redis.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.common.retention import KeyPattern

SCANNED_AT_ONCE = 1_000
"""Keys that Redis looks at in one step, about a millisecond, while every other client waits."""


class KeySearch:
    """Looks at every key of Redis, in short steps between which other clients have their turn.

    Args:
        redis: A client that decodes replies.
    """

    def __init__(self, redis: Redis) -> None:
        self._scripts = Scripts(redis, Path(__file__).parent / "lua", str)

    async def find(self, user_id: int, patterns: Iterable[KeyPattern]) -> list[str]:
        """Return the keys of a user that fit one of the patterns.

        A key that is made or deleted meanwhile may be among them or not.
        """
        wanted = tuple(patterns)
        owned = [(each.glob.removesuffix("*"), each.owner) for each in wanted if each.owner]
        found: set[str] = set()
        cursor = "0"
        while True:
            step = {"cursor": cursor, "count": SCANNED_AT_ONCE, "user": str(user_id), "owned": owned}
            cursor, names = await self._scripts.run("search", **step)
            found.update(fitting(names, wanted))
            if cursor == "0":
                return sorted(found)


def fitting(names: Sequence[str], patterns: Sequence[KeyPattern]) -> list[str]:
    """Return the names that fit one of the patterns."""
    return [name for name in names if any(fnmatchcase(name, pattern.glob) for pattern in patterns)]
