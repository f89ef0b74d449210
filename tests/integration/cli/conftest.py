"""The command `qwenedit` on a real Redis, with jobs put there as bot and workers do."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from qwenedit_jobs import Edit, Fail, Job, Keys, QueueLimits, Reason, RedisSettings, connect, input_ref, job_id
from qwenedit_jobs.cli import main
from qwenedit_jobs.workers.registry import Presence, Workers
from qwenedit_testkit.job_queue import JobQueue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

PROMPT = "make it a secret snow"


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


@dataclass
class Desk:
    """An installation without its services, and an operator."""

    redis: Redis
    capsys: pytest.CaptureFixture[str]
    keys: Keys = field(default_factory=Keys)

    def __post_init__(self) -> None:
        self.queue = JobQueue(self.redis, self.keys)

    async def ask(self, *words: str) -> Said:
        """Run the command in its own event loop, as a process does."""

        def run() -> int:
            with pytest.raises(SystemExit) as end:
                main(words)
            assert isinstance(end.value.code, int)
            return end.value.code

        code = await asyncio.to_thread(run)
        printed = self.capsys.readouterr()
        return Said(code, printed.out, printed.err)

    async def enqueue(self, number: int, *, user: int = 7) -> str:
        identity = job_id(user, number, key=b"tests")
        ref = input_ref(identity, 0)
        await self.redis.set(self.keys.picture(ref), "a picture", ex=60)
        job = Job(id=identity, user_id=user, edit=Edit(prompt=PROMPT, pictures=(ref,), seed=4), reply=None)
        await self.queue.enqueue(job, QueueLimits(max_unfinished_per_user=99, retry_delays=(60.0,)))
        return identity

    async def claim(self, *, worker: str = "gpu-1", token: str = "t") -> str:
        claim = await self.queue.claim(worker=worker, token=token, lease=30)
        assert claim is not None
        return claim.job.id

    async def dead(self, number: int, *, detail: str = "") -> str:
        """Have a job fail for good."""
        identity = await self.enqueue(number)
        token = f"dead {number}"
        assert await self.claim(token=token) == identity
        await self.queue.settle(identity, token, Fail(Reason.OUT_OF_MEMORY, detail))
        return identity

    async def ago(self, seconds: float) -> int:
        """Return milliseconds since the epoch, so many seconds ago by Redis' clock."""
        now, _ = await self.redis.time()
        return round((now - seconds) * 1000)

    @asynccontextmanager
    async def limited(self, monkeypatch: pytest.MonkeyPatch, *rights: str, password: str = "p") -> AsyncIterator[None]:
        """Have the operator be a user of Redis with these rights."""
        await self.redis.execute_command("ACL", "SETUSER", "looker", "on", ">p", *rights)
        monkeypatch.setenv("REDIS_URL", os.environ["REDIS_URL"].replace("//", "//looker@"))
        monkeypatch.setenv("REDIS_PASSWORD", password)
        try:
            yield
        finally:
            await self.redis.execute_command("ACL", "DELUSER", "looker")

    async def state(self, identity: str) -> str:
        status = await self.queue.status(identity)
        assert status is not None
        return status.state


def about(name, **facts):
    here = Presence(worker=name, since=1_000.0, ready=True, draining=False, version="1.2.3", sockets=9)
    return here.model_copy(update=facts)


def row(said, name):
    [line] = [line for line in said.out.splitlines() if line.startswith(f"{name} ")]
    return line


def ids_in(said):
    """Return the first column of a table; a text has no table if it ends in a period."""
    return [] if said.out.endswith(".\n") else [line.split()[0] for line in said.out.splitlines()[1:]]


def line_of(said, name):
    [line] = [line for line in said.out.splitlines() if line.startswith(f"{name} ")]
    return line.split(maxsplit=1)[1]


@pytest.fixture
async def desk(redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("REDIS_URL", redis_url)
    async with connect(RedisSettings(redis_url=redis_url)) as redis:
        yield Desk(redis, capsys)


@pytest.fixture
def workers(desk):
    return Workers(desk.redis, desk.keys)
