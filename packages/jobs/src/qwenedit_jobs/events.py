"""Moves ended jobs from the stream that workers write into their chats' lanes."""

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


@dataclass(frozen=True, slots=True)
class JobEnd:
    """A job ended. May arrive twice: consumers dedupe by job ID."""

    job_id: str
    state: State


class Events:
    """Ended jobs, at least once each.

    Any replica may call any method at any time: an entry moves from the stream into its lane atomically. An entry of
    another version stays in its lane unread.

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
        """Wait up to `block` seconds for an entry in the stream; returns whether there is one."""
        milliseconds = max(1, round(block * 1000))
        async with answered_within(block):
            return bool(await self._redis.xread({self._keys.events: "0-0"}, count=1, block=milliseconds))

    async def drain(self) -> int:
        """Move entries from the stream into the lanes; returns how many."""
        return await self._lanes.drain(self._keys.events, [self._keys.accepted_prefix, self._keys.job_prefix])


def event_of(entry: Entry) -> JobEnd:
    """Read an entry.

    Raises:
        ValueError: it isn't JSON, or this version doesn't know its state.
        TypeError: it or a part of it isn't an object.
        KeyError: it lacks a field.
    """
    fields = json.loads(entry.payload)
    if not isinstance(fields, dict):
        raise TypeError("an event is an object")
    return JobEnd(str(fields["id"]), State(fields["state"]))


def job_in(payload: str) -> str | None:
    """Return the ID of an entry's job, even of another version's; None if there's none."""
    try:
        return str(json.loads(payload)["id"])
    except (ValueError, KeyError, TypeError):
        return None
