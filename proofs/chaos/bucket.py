"""Pictures in a bucket: what is left of them when every job has ended, and when everybody wants to be forgotten."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from aiogram.utils.token import extract_bot_id
from obstore.store import S3Store

from local_stack import SIMULATED_TOKEN
from qwenedit_bot.common.keys import BotKeys
from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_jobs.pictures.bucket import Bucket
from qwenedit_jobs.pictures.cleanup import Cleanup
from qwenedit_jobs.pictures.receipts import Receipt, ref_of
from qwenedit_testkit.object_server import KEY, SECRET, Versitygw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from telegram_simulator.client import Person

NAME, PREFIX = "pictures", "chaos"
URL = f"s3://{NAME}/{PREFIX}"
DELETED_WITHIN = 60.0
"""Seconds: the bot deletes within some, and may be about to start."""
LOOK_EVERY = 1.5  # beyond the second that a listing tells
FORGOTTEN = 20
"""People who want to be forgotten at the end."""


class ChaosBucket(Versitygw):
    """The store of objects of a run."""

    def objects_api(self) -> S3Store:
        """Return a client of the bucket that no proxy disturbs."""
        return S3Store(
            NAME, prefix=PREFIX, endpoint=self.url, region="us-east-1", access_key_id=KEY, secret_access_key=SECRET,
            client_options={"allow_http": True},
        )  # fmt: skip

    async def names(self) -> set[str]:
        """Return the names of all pictures' objects."""
        pages = self.objects_api().list()
        return {each["path"] for page in pages for each in page if ":" not in each["path"] and "/" in each["path"]}

    async def leftovers(self, redis_url: str, people: Iterable[Person], jobs_of: dict[int, set[str]]) -> list[str]:
        """List what is in the bucket and must not be.

        Args:
            redis_url: Of the Redis that has the receipts.
            people: Who has asked for jobs; some of them want to be forgotten now.
            jobs_of: The ids of each person's jobs.
        """
        async with connect(RedisSettings(redis_url=redis_url), decode=False) as redis:
            found = await self._orphans(redis)
        for person in list(people)[:FORGOTTEN]:
            found += await self._after_a_forget(person, jobs_of[person.id])
        return found

    async def _orphans(self, redis: Redis) -> list[str]:
        """Sweep as the bot does an hour later, and name the objects that no receipt names.

        A worker that was stopped may upload a last result meanwhile, so it is done again until nothing is left.
        """
        sweeper = Cleanup(redis, Keys(), Bucket(URL, self.objects_api()), youngest=timedelta(0))
        deadline = time.monotonic() + DELETED_WITHIN
        while True:
            waiting = await sweeper.waiting()
            await redis.delete(Keys().swept)
            await sweeper.sweep(BotKeys(prefix=Keys().prefix, bot_id=extract_bot_id(SIMULATED_TOKEN)).installation)
            found = [f"the object {name} has no receipt" for name in await self.names() if not await _kept(redis, name)]
            if waiting:
                found.append(f"{waiting} objects wait to be deleted")
            if not found or time.monotonic() > deadline:
                return found
            await asyncio.sleep(LOOK_EVERY)

    async def _after_a_forget(self, person: Person, jobs: set[str]) -> list[str]:
        await person.send("/forget")
        await person.press("Delete everything", timeout=DELETED_WITHIN)
        await person.says("I have deleted everything", timeout=DELETED_WITHIN)
        return [
            f"the object {name} of somebody who was forgotten"
            for name in await self.names()
            if name.partition("/")[0] in jobs
        ]


async def _kept(redis: Redis, name: str) -> bool:
    """Whether a receipt names an object.

    A result whose worker was killed before it could hand it in has one as well, under a key that ends within minutes.
    """
    key = Keys().picture(ref_of(name))
    for kept in (await redis.get(key), await redis.get(f"{key}:sent")):
        receipt = Receipt.read(kept) if isinstance(kept, bytes) else None
        if receipt is not None and receipt.name == name:
            return True
    return False
