"""The bot's writes that a full Redis takes, because they end things, make room, or keep it from repeating itself.

Any other write may be refused over `maxmemory`. Then its update or answer is tried again later, so whatever a
repetition needs to know is written here:

- the leader: without one no lease ends, no retry returns, and nobody deletes the pictures that would make room;
- what was sent: otherwise each repetition would send it once more;
- moderation's verdict: otherwise each repetition would ask again;
- jobs to be forgotten, which makes room.

So are the ends of jobs and lanes' entries: all scripts with `flags=allow-oom`. Each note is small and expires.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_jobs.redis.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis


class SureWrites:
    """Writes over `maxmemory`. Every method may raise `redis.exceptions.RedisError`, and may be repeated."""

    def __init__(self, redis: Redis) -> None:
        self._run = Scripts(redis, Path(__file__).parent / "lua", str).run

    async def note(
        self, key: str, value: str | int, *, seconds: int, keep: bool = False, said: tuple[str, str, int] | None = None
    ) -> str:
        """Write a key, with `keep` unless it's there; returns its value then.

        Args:
            key: Its name.
            value: Its new value.
            seconds: Until it expires.
            keep: Whether a value that is there stays.
            said: A set, a member that joins it in the same moment, and the seconds until the set expires.
        """
        name, member, ttl = said or (None, None, None)
        more = {"keep": keep, "set": name, "member": member, "set_ttl": ttl}
        return str(await self._run("note", key=key, value=str(value), ttl=seconds, **more))

    async def join(self, key: str, members: Iterable[str]) -> None:
        """Add members to a set."""
        await self._run("join", set=key, members=list(members))

    async def lead(self, key: str, replica: str, *, lease: float) -> bool:
        """Make a replica the leader for `lease` seconds, unless another one is; returns whether it leads."""
        return bool(await self._run("lead", key=key, replica=replica, lease=round(lease * 1000)))

    async def resign(self, key: str, replica: str) -> None:
        """End a replica's leadership."""
        await self._run("resign", key=key, replica=replica)
