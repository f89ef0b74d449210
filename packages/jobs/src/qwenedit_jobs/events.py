"""Moves the ends of jobs from the stream that workers write into the lanes of the chats that wait for an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.model import State
from qwenedit_jobs.redis.connection import answered_within

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.lanes import Entry, Lanes

AT_ONCE = 100
"""Entries of the stream that one call moves: a millisecond of Redis."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """A job ended. May come twice: consumers dedupe by job id."""

    job_id: str
    state: State


class Events:
    """Ends of jobs, at least once each.

    Every replica of the bot may call any of this at any time: an entry leaves the stream and enters its lane in one
    step. An end written by another version stays in its lane unread.

    Args:
        redis: A client that decodes replies, for waiting.
        keys: The installation's key names.
        lanes: Where the entries go.
    """

    def __init__(self, redis: Redis, keys: Keys, lanes: Lanes) -> None:
        self._redis = redis
        self._keys = keys
        self._lanes = lanes

    async def wait(self, block: float) -> bool:
        """Wait up to `block` seconds until the stream has an entry; returns whether it has. It takes nothing."""
        milliseconds = max(1, round(block * 1000))
        async with answered_within(block):
            return bool(await self._redis.xread({self._keys.events: "0-0"}, count=1, block=milliseconds))

    async def drain(self) -> int:
        """Move what is in the stream into the lanes; returns how many entries that were."""
        moved, drained = 0, AT_ONCE
        while drained == AT_ONCE:
            drained = await self._lanes.drain(self._keys.events, self._keys.job_prefix, count=AT_ONCE)
            moved += drained
        return moved


def event_of(entry: Entry) -> JobEnd:
    """Read an entry.

    Raises:
        ValueError: it is no JSON, or has a state that this version does not know.
        TypeError: it, or a part of it, is JSON and no object.
        KeyError: it lacks a part.
    """
    fields = json.loads(entry.payload)
    if not isinstance(fields, dict):
        raise TypeError("an event is an object")
    return JobEnd(str(fields["id"]), State(fields["state"]))


def job_in(payload: str) -> str | None:
    """Return the id of the job that an entry is about, also one of another version; None where there is none."""
    try:
        return str(json.loads(payload)["id"])
    except (ValueError, KeyError, TypeError):
        return None
