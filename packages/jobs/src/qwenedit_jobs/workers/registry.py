"""The register of workers and bots, updated by their heartbeats."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from redis.exceptions import RedisError

from qwenedit_jobs import durations
from qwenedit_jobs.redis.ending import end
from qwenedit_jobs.redis.scripts import Scripts, named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

_FOLDER = Path(__file__).parent / "lua"
_Text = Annotated[str, BeforeValidator(lambda text: text[:500] if isinstance(text, str) else text)]
_Seconds = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=2**63)]


class _Report(BaseModel):
    # A worker of the next release may say more; texts are not cached, for no job's id is read for long.
    model_config = ConfigDict(frozen=True, extra="ignore", cache_strings="keys")


class Device(_Report):
    """A worker's ComfyUI and GPU, as last reported."""

    version: _Text
    """Of ComfyUI."""
    name: _Text
    """Of the GPU."""
    vram_total: _Count
    """Bytes, as is the next."""
    vram_free: _Count


class Trouble(_Report):
    """A warning from a part's log."""

    event: _Text
    words: _Text = ""
    count: _Count = 1
    since: _Seconds
    """When the first of `count` occurred, since the epoch by the part's own clock, as is `at`, the last one's."""
    at: _Seconds


class Presence(_Report):
    """What a worker or bot reports about itself. The job's lease, not this, says which job a worker has."""

    worker: _Text
    part: _Text = "worker"
    version: _Text = ""
    """Of the worker."""
    since: _Seconds
    """When the process started, since the epoch by its own clock."""
    ready: bool
    """Whether its ComfyUI could take a job."""
    draining: bool
    problem: _Text = ""
    """Why it isn't ready."""
    sockets: _Count | None = None
    """Its open sockets; None if the system doesn't say."""
    comfyui_url: _Text = ""
    device: Device | None = None
    """None until ComfyUI has answered."""
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker and its last heartbeat."""

    presence: Presence
    at: float
    """Seconds since the epoch, by Redis' clock."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The register's entries."""

    workers: tuple[LiveWorker, ...]
    bots: tuple[LiveWorker, ...] = ()
    """By name, like the workers; includes killed ones, within the requested time."""
    ignored: int = 0
    """Entries that are too large, too many, or not a worker's."""


class Workers:
    """The workers of an installation.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        names = {"workers": keys.workers, "about_prefix": keys.worker_about("")}
        self._scripts = Scripts(redis, _FOLDER, names.__getitem__)

    async def beat(self, presence: Presence) -> None:
        """Send a heartbeat."""
        about = presence.model_dump_json()
        await self._scripts.run("beat", worker=presence.worker, about=about, kept=durations.LAST_WORDS)

    async def leave(self, worker: str) -> None:
        """Remove a worker."""
        await self._redis.zrem(self._keys.workers, worker)
        await self._redis.delete(self._keys.worker_about(worker))

    async def seen(self, within: int = durations.FORGOTTEN_WORKER) -> Seen:
        """Return the parts that sent a heartbeat within so many seconds, the last first. Reads at most 8 MiB."""
        # A stolen worker's password could flood the register.
        limits = {"forgotten": within * 1000, "most": 1_000, "bytes": 8_192}
        reply = named(await self._scripts.run("seen", **limits))
        ignored = reply["ignored"]
        parts = []
        for each in sorted(map(named, reply["found"]), key=itemgetter("worker")):
            try:
                presence = Presence.model_validate_json(each["text"])
            except ValidationError:
                ignored += 1
                continue
            if presence.worker == each["worker"]:
                parts.append(LiveWorker(presence, float(each["at"]) / 1000))
            else:
                ignored += 1
        workers = tuple(each for each in parts if each.presence.part == "worker")
        return Seen(workers, tuple(each for each in parts if each not in workers), ignored)


@asynccontextmanager
async def telling(register: Workers, bot: str, troubles: Callable[[], list[dict[str, Any]]]) -> AsyncIterator[None]:
    """Keep a bot and its warnings in the register; an error that ends it is its last warning."""
    about = {"worker": bot, "part": "bot", "since": time.time(), "ready": False, "draining": False}

    async def beat(*last: dict[str, Any]) -> None:
        with suppress(RedisError):  # its log and its probes show that
            await register.beat(Presence.model_validate({**about, "troubles": [*troubles(), *last]}))

    async def keep_beating() -> None:
        while True:
            await asyncio.sleep(durations.BOT_BEAT)
            await beat()

    task, last = asyncio.create_task(keep_beating()), []
    try:
        yield
    except Exception as error:
        cause, now = error, time.time()
        while isinstance(cause, ExceptionGroup):
            cause = cause.exceptions[0]
        last = [{"event": "bot.refused", "words": f"{type(cause).__name__}: {cause}", "since": now, "at": now}]
        raise
    finally:
        await end([task])
        with suppress(RedisError):
            await (beat(*last) if last else register.leave(bot))
