"""Erases a user's data: features erase their own, and scans of Redis find the rest."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import OutOfMemoryError

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.edits.requests.backlog import Backlog
    from qwenedit_bot.edits.user_jobs import UserJobs
    from qwenedit_bot.inbox.inbox import Inbox
    from qwenedit_bot.payments.quotas import Quotas

log = structlog.get_logger(__name__)


async def rewrite_file(redis: Redis) -> None:
    """Start a rewrite of Redis' append-only file, so that deleted data leaves the disk too.

    Redis itself does so only when the file has doubled.
    """
    if (await redis.info("persistence")).get("aof_enabled"):
        await redis.bgrewriteaof()


def patterns(keys: BotKeys, user_id: int) -> tuple[str, ...]:
    """Return shell patterns of the keys that hold only this user's data."""
    return (
        keys.language(user_id),
        keys.draft("*", user_id),
        f"{keys.album_prefix}{user_id}:*",
        keys.occasion(user_id, "*"),
        keys.occasion("-*", f"*:{user_id}"),
        keys.reply(user_id, "*"),
        keys.said(user_id, "*"),
    )


@dataclass(frozen=True, slots=True)
class UserErasure:
    """Erases the data of users."""

    personal_data = (
        PersonalData(
            "that a user asked to be forgotten",
            "forgot",
            seconds=round(timeouts.FORGET_AGAIN),
            stays="repeated requests in that time wait for the first",
        ),
    )

    redis: Redis
    keys: BotKeys
    job_prefix: str
    backlog: Backlog
    jobs: UserJobs
    quotas: Quotas
    inbox: Inbox

    async def check_rate(self, user_id: int, press: str) -> None:
        """Allow one request per user and `timeouts.FORGET_AGAIN` seconds; repeating the same press is allowed.

        Raises:
            LaterError: the user had another request a moment ago.
        """
        key = self.keys.forgot(user_id)
        try:
            await self.redis.set(key, press, nx=True, px=round(timeouts.FORGET_AGAIN * 1000))
        except OutOfMemoryError:  # deleting is what helps then
            return
        passed, left = await self.redis.get(key), await self.redis.pttl(key)
        if passed is not None and passed != press:
            raise LaterError(max(left, 0) / 1000, "forget")

    async def forget(self, user_id: int) -> None:
        """Erase a user's data. Idempotent."""
        await self.backlog.forget(user_id)  # first: a request that waits could become a job after the scan
        jobs, names = await self._scan(user_id)
        await self.jobs.forget(jobs)  # before the quotas, to which a cancelled job goes back
        await self.quotas.forget(user_id)
        await self.inbox.forget(user_id)
        if names:
            await self.redis.unlink(*names)
        log.info("user.forgotten")

    async def _scan(self, user_id: int) -> tuple[set[str], set[str]]:
        """Return the IDs of a user's jobs, and the keys that match the patterns.

        Redis scans in short steps, between which other clients get their turn. Keys created or deleted meanwhile may
        or may not be included.
        """
        globs, user = patterns(self.keys, user_id), str(user_id)
        scan = partial(self.redis.scan_iter, count=1_000)  # about a millisecond in which all other clients wait
        jobs, names = set[str](), set[str]()
        async for name in scan(f"{self.keys.prefix}:*:{user}*"):
            if any(fnmatchcase(name, each) for each in globs):
                names.add(name)
        job_keys = [name async for name in scan(f"{self.job_prefix}*", _type="HASH")]
        for start in range(0, len(job_keys), 1_000):
            pipeline, some = self.redis.pipeline(transaction=False), job_keys[start : start + 1_000]
            for name in some:
                pipeline.hget(name, "user")
            owners = zip(some, await pipeline.execute(), strict=True)
            jobs.update(name.removeprefix(self.job_prefix) for name, owner in owners if owner == user)
        return jobs, names
