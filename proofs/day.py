"""Runs a day of a busy GPU with a small Redis: old pictures never displace a new job or a result.

Real: Redis with a `maxmemory`, the queue's scripts, the store of pictures, and bytes of the sizes that photos (0.3 to
0.9 MB) and results (1.6 to 2 MB) have. Played by this script: people, one worker, and the bot's answers. A GPU that
takes ten seconds for a job does 8,640 a day. Here they follow each other without a pause, so that a job's number is
its time. Nothing ends by its TTL meanwhile: what goes, goes for others.

Some jobs wait at any time, and answers come a few jobs late. One job in fifty fails, and one is cancelled. Every six
hours many people come at once, with more jobs than Redis has room for, and Telegram takes no answers for two minutes.
These promises are broken by a single case:

- nobody is refused but in such a crowd, and then only when no answered picture is left that could have made room;
- every photo is there when the worker takes its job, and every result until it is answered;
- a worker never finds Redis full when it hands a result in;
- photos are gone when their job has ended, but for failed ones.
"""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from proofs._frame import prove
from qwenedit_jobs import (
    Done,
    Edit,
    Fail,
    Job,
    Keys,
    QueueLimits,
    Reason,
    RedisPictureStore,
    RedisSettings,
    Result,
    StorageFullError,
    connect,
    durations,
    input_ref,
    job_id,
    result_ref,
)
from qwenedit_testkit.job_queue import JobQueue
from qwenedit_testkit.redis import redis_server

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from redis.asyncio import Redis

    from qwenedit_jobs import Claim

JOBS, SECONDS_EACH = 8_640, 10
"""Jobs of a day, and the seconds that each takes there."""
PHOTO, RESULT = (300_000, 900_000), (1_600_000, 2_000_000)
"""Bytes of the smallest and of the largest."""
LINE = 6
"""Jobs that wait at most, but in a crowd."""
LATE = 3
"""Answers that are to be given at most."""
CROWDS, CROWD = 4, 100
"""How often a day many come at once, and how many."""
AWAY = 12
"""Jobs for which Telegram is away then, so that no answer can be given."""
ONE_IN = 50
MEGABYTE = 1024 * 1024
LIMITS = QueueLimits(max_queue_length=1000, max_unfinished_per_user=1000)


@dataclass(slots=True)
class Figures:
    """What came of it."""

    accepted: int = 0
    done: int = 0
    refused: int = 0
    """Jobs for which Redis had no room, while few waited."""
    refused_in_crowds: int = 0
    refused_beside_old: int = 0
    """Of both, those that were refused although an answered picture was left."""
    no_room_for_result: int = 0
    lost_photos: int = 0
    lost_results: int = 0
    photos_left: int = 0
    """Photos of jobs that have ended, other than by failing."""
    oldest: list[float] = field(default_factory=list)
    """Hours of that day for which the oldest answered picture had been kept, in each hour but the first."""

    @property
    def broken(self) -> list[str]:
        """Say which promise was not kept, in a line each."""
        found = {
            "no job was done": not self.done,
            f"{self.refused} jobs were refused for lack of room": self.refused,
            f"{self.refused_beside_old} jobs were refused while an answered picture was left": self.refused_beside_old,
            f"{self.no_room_for_result} results found Redis full": self.no_room_for_result,
            f"{self.lost_photos} photos were gone before they were needed": self.lost_photos,
            f"{self.lost_results} results were gone before they were answered": self.lost_results,
            f"{self.photos_left} photos were left of jobs that had ended": self.photos_left,
        }
        return [what for what, is_so in found.items() if is_so]


class Day:
    """The people, the worker and the bot of a day.

    Args:
        redis: A client that decodes replies.
        raw: One that does not.
        jobs: How many jobs the day has.
        chance: Decides all that is left to chance.
    """

    def __init__(self, redis: Redis, raw: Redis, *, jobs: int, chance: random.Random) -> None:
        self._redis = redis
        self._keys = Keys()
        self._queue = JobQueue(redis, self._keys)
        self._store = RedisPictureStore(raw, self._keys, ttl=durations.PICTURE)
        self._jobs = jobs
        self._chance = chance
        self._pool = chance.randbytes(RESULT[1])
        self._began = time.time() * 1000
        self._numbers = 0
        self._line = 0
        self._to_answer = deque[tuple[str, str]]()
        self._failed = set[str]()
        self.figures = Figures()

    async def run(self) -> Figures:
        """Live through the day; prints a line for each hour."""
        crowds = {self._jobs * number // CROWDS + self._jobs // 8 for number in range(CROWDS)}
        hour, away = max(1, self._jobs // 24), 0
        heads = ("accepted", "refused", "used, MB", "kept free", "answered", "oldest, h")
        print("hour", *(f"{head:>9}" for head in heads))
        for number in range(1, self._jobs + 1):
            if number in crowds:
                await self._come(CROWD, crowd=True)
                away = number + AWAY
            await self._come(self._chance.randint(0 if self._line else 1, max(1, LINE - self._line)), crowd=False)
            await self._work(number)
            while number >= away and len(self._to_answer) > self._chance.randint(0, LATE):
                await self._answer(number)
            if number % hour == 0:
                await self._report(number)
        await self._end()
        return self.figures

    async def _come(self, people: int, *, crowd: bool) -> None:
        """Have people ask for a job each, unless the crowd before still waits."""
        for _person in range(people if crowd or self._line < LINE else 0):
            self._numbers += 1
            new_id = job_id(self._numbers, 1, key=b"day")
            ref = input_ref(new_id, 0)
            job = Job(id=new_id, user_id=self._numbers, edit=Edit(prompt="p", pictures=(ref,), seed=1), reply=None)
            try:
                await self._store.put(ref, self._bytes(PHOTO))
                await self._queue.enqueue(job, LIMITS, pictures_in_redis=True)
            except StorageFullError:
                await self._store.delete(ref)
                await self._note_refusal(crowd=crowd)
                continue
            self.figures.accepted += 1
            if self._chance.randrange(ONE_IN) == 0:
                await self._queue.cancel(new_id)
            else:
                self._line += 1

    async def _note_refusal(self, *, crowd: bool) -> None:
        if crowd:
            self.figures.refused_in_crowds += 1
        else:
            self.figures.refused += 1
        self.figures.refused_beside_old += bool(await self._redis.zcard(self._keys.answered_pictures))

    async def _work(self, number: int) -> None:
        """Execute the next job."""
        claim = await self._queue.claim(worker="w", token=f"token-{number}", lease=600)
        if claim is None:
            return
        self._line -= 1
        if not await self._store.holds(*claim.job.edit.pictures):
            self.figures.lost_photos += 1
        if self._chance.randrange(ONE_IN) == 0:
            await self._queue.settle(claim.job.id, claim.token, Fail(Reason.EXECUTION_FAILED))
            self._failed.update(claim.job.edit.pictures)
            await self._queue.answered(claim.job.id)
            await self._date(number, *claim.job.edit.pictures)
            return
        await self._hand_in(claim)

    async def _hand_in(self, claim: Claim) -> None:
        ref = result_ref(claim.job.id, claim.attempt, claim.token)
        told = Result(picture=ref, seed=1, seconds=SECONDS_EACH)
        try:
            await self._queue.settle(claim.job.id, claim.token, Done(told, picture=self._bytes(RESULT)))
        except StorageFullError:
            self.figures.no_room_for_result += 1
            await self._queue.settle(claim.job.id, claim.token, Fail(Reason.STORAGE_FULL))
            return
        self.figures.done += 1
        self._to_answer.append((claim.job.id, ref))

    async def _answer(self, number: int) -> None:
        answered, ref = self._to_answer.popleft()
        if not await self._store.holds(ref):
            self.figures.lost_results += 1
        await self._queue.answered(answered)
        await self._date(number, ref)

    async def _date(self, number: int, *refs: str) -> None:
        """Date answered pictures by the job's number: Redis' clock tells how fast this machine is."""
        await self._redis.zadd(self._keys.answered_pictures, dict.fromkeys(refs, self._began + number), xx=True)

    async def _report(self, number: int) -> None:
        memory = await self._queue.memory()
        kept = cast(
            "list[tuple[str, float]]", await self._redis.zrange(self._keys.answered_pictures, 0, -1, withscores=True)
        )
        oldest = 24 * (self._began + number - kept[0][1]) / self._jobs if kept else None
        if oldest is not None and number > self._jobs // 24:
            self.figures.oldest.append(oldest)
        refused = self.figures.refused + self.figures.refused_in_crowds
        cells = (
            str(self.figures.accepted),
            str(refused),
            f"{memory.used / MEGABYTE:.1f}",
            f"{memory.kept_free / MEGABYTE:.1f}",
            str(len(kept)),
            "" if oldest is None else f"{oldest:.2f}",
        )
        print(f"{24 * number / self._jobs:4.0f}", *(f"{cell:>9}" for cell in cells), flush=True)

    async def _end(self) -> None:
        """Finish what is left, and look what stays."""
        number = self._jobs
        while self._line > 0:
            number += 1
            await self._work(number)
        while self._to_answer:
            await self._answer(number)
        prefix = self._keys.picture("")
        names = {str(key).removeprefix(prefix) async for key in self._redis.scan_iter(f"{prefix}*:in:*", count=1000)}
        self.figures.photos_left = len(names - self._failed)

    def _bytes(self, sizes: tuple[int, int]) -> bytes:
        return self._pool[: self._chance.randint(*sizes)]


async def day(*, jobs: int, megabytes: int, seed: int) -> Figures:
    """Live through a day of so many jobs."""
    small = ("--maxmemory", f"{megabytes}mb", "--maxmemory-policy", "noeviction")  # as the chart's, but for the size
    async with redis_server(options=small) as server:
        settings = RedisSettings(redis_url=server.url)
        async with connect(settings) as redis, connect(settings, decode=False) as raw:
            return await Day(redis, raw, jobs=jobs, chance=random.Random(seed)).run()


async def a_day(options: argparse.Namespace, _folder: Path) -> list[str]:
    """Live through it, and print what came of it."""
    figures = await day(jobs=options.jobs, megabytes=options.megabytes, seed=options.seed)
    print(f"\n{figures.accepted} jobs accepted, {figures.done} done, {figures.refused_in_crowds} refused in crowds")
    if figures.oldest:
        print(f"oldest answered picture: {min(figures.oldest):.2f} to {max(figures.oldest):.2f} hours")
    return figures.broken


if __name__ == "__main__":
    prove(a_day, __doc__, jobs=(JOBS, "jobs of the day"), megabytes=(64, "Redis' maxmemory"))
