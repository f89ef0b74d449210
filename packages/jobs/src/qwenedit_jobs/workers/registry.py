"""The register of workers, which each keeps up to date by heartbeats."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

BEAT_EVERY = 10.0
"""Seconds between two signs of life of a worker."""
FORGOTTEN_AFTER = 60
"""Seconds without one until a worker is forgotten."""


class _Report(BaseModel):
    # A worker of the next release may say more; texts are not cached, for no job's id is read for long.
    model_config = ConfigDict(frozen=True, extra="ignore", cache_strings="keys")


class Device(_Report):
    """A worker's ComfyUI and its GPU, as they were last heard of."""

    version: str
    """Of ComfyUI."""
    name: str
    """Of the GPU."""
    vram_total: int
    """Bytes, as is the next."""
    vram_free: int


class Presence(_Report):
    """What a worker says of itself. Which job it has is known from the job's lease."""

    worker: str
    pod: str = ""
    """Empty outside of Kubernetes, as is the next."""
    node: str = ""
    version: str = ""
    """Of the worker."""
    since: float
    """Seconds since the epoch: when the process began, by its own clock."""
    ready: bool
    """Whether its ComfyUI could take a job."""
    draining: bool
    problem: str = ""
    """Why it is not ready."""
    sockets: int | None = None
    """Open ones of its process; None where the system does not say."""
    comfyui_url: str = ""
    device: Device | None = None
    """None until ComfyUI has answered."""


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker and its last sign of life."""

    presence: Presence
    at: float
    """Seconds since the epoch, by Redis' clock."""


class Workers:
    """The workers of an installation.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = (keys.workers, keys.workers_about)
        self._beat = redis.register_script((files("qwenedit_jobs.workers") / "lua" / "heartbeat.lua").read_text())

    async def beat(self, presence: Presence) -> None:
        """Give a sign of life: one command, whatever the number of workers."""
        await self._beat(keys=self._keys, args=(presence.worker, presence.model_dump_json(), FORGOTTEN_AFTER))

    async def leave(self, worker: str) -> None:
        """Say goodbye."""
        names, about = self._keys
        await self._redis.zrem(names, worker)
        await self._redis.hdel(about, worker)

    async def seen(self) -> list[LiveWorker]:
        """Return the workers that are there, by name; one that was killed is among them for `FORGOTTEN_AFTER`."""
        names, about = self._keys
        times = dict(cast("list[tuple[str, float]]", await self._redis.zrange(names, 0, -1, withscores=True)))
        said = await self._redis.hgetall(about)
        found = []
        for worker in sorted(times.keys() & said.keys()):
            try:
                presence = Presence.model_validate_json(said[worker])
            except ValidationError:  # of another release
                continue
            found.append(LiveWorker(presence, times[worker] / 1000))
        return found
