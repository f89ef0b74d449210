"""Tells KEDA how many workers are wanted, by the length of a list in Redis, which KEDA counts as it counts the line.

The list has one entry more than workers are wanted, so that "none" differs from "nobody knows". It expires when nobody
renews it: then KEDA goes by the line's length.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError
from redis.exceptions import ResponseError

from qwenedit_bot.scaling.decision import Memory

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.scaling.decision import Decision
    from qwenedit_jobs import Keys

EXPIRES = 30
"""Seconds after the last decision: longer than a restart of the bot and a look that waits for Telegram usually take."""
BRIDGE = 8
"""Seconds for which an idle installation's first jobs wait for a decision: another replica leads after six."""
_MEMORY = TypeAdapter(Memory)


class WantedKey:
    """The key `qwenedit:workers_wanted`.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        replica: This replica's name, as the leader's lease has it.
    """

    def __init__(self, redis: Redis, keys: Keys, *, replica: str) -> None:
        self._redis = redis
        self._key = keys.workers_wanted
        self._leader = keys.leader
        self._jobs = (keys.job_queue, keys.leases, keys.delayed)
        self._replica = replica
        folder = files("qwenedit_bot.scaling") / "lua"
        self._say = redis.register_script((folder / "say.lua").read_text())
        self._bridge = redis.register_script((folder / "bridge.lua").read_text())

    async def say(self, decision: Decision | None) -> bool:
        """Say how many workers are wanted; None: there are no jobs. False where another replica leads.

        Without jobs the key goes after `BRIDGE` and not at once: a job may have been accepted since the look.
        """
        keys = (self._leader, self._key)
        if decision is None:
            return bool(await self._say(keys=keys, args=(self._replica, 0, "", BRIDGE)))
        memory = _MEMORY.dump_json(decision.memory).decode()
        return bool(await self._say(keys=keys, args=(self._replica, decision.wanted, memory, EXPIRES)))

    async def memory(self) -> Memory:
        """Return what the last decision remembers, whoever made it; an empty memory where nobody can tell."""
        try:
            return _MEMORY.validate_json(await self._redis.lindex(self._key, 0) or "")
        except (ValidationError, ResponseError):  # of another release or kind, or before the first decision
            return Memory()

    async def bridge(self) -> None:
        """Before a job is accepted: keep the time until the leader's decision from counting as "nobody decides"."""
        await self._bridge(keys=(self._key, *self._jobs), args=(BRIDGE,))
