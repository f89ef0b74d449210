"""The lanes' transitions, each one Lua script that may be repeated without harm."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from qwenedit_jobs.lanes.entries import Done, Entry, Occupancy, SetAside, Stay, Waiting
from qwenedit_jobs.redis.scripts import CLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

HOLD = 30.0
"""Seconds that an entry is in hand without a sign of life from its holder."""
LOOKED_AT_ONCE, MOST_LOOKED_AT = 1_000, 10_000
"""Entries that one step of a look at all of them takes, and most that a look takes."""
FIELDS = 6
"""Values by which `next` tells of an entry."""
SCRIPTS = (
    "put", "next", "done", "park", "make_due_apart", "renew", "reclaim", "rewrite", "set_aside",
    "retry_set_aside", "drain",
)  # fmt: skip

TIME = 9
"""Place of the clock's key among those of a script."""

_FOLDER = files("qwenedit_jobs.lanes") / "lua"


class Put(StrEnum):
    """What became of an entry that was put into its lane."""

    PUT = "put"
    KNOWN = "known"
    """It waits already, or was set aside."""
    FULL = "full"
    """Its sender has as many waiting in this lane as they may."""


class Lanes:
    """One fair queue.

    Args:
        redis: A client that decodes replies.
        prefix: Of its keys.
        name: This replica's; after a restart under the same name its entries are due at once.
        hold: Seconds; see `HOLD`.
    """

    def __init__(self, redis: Redis, prefix: str, *, name: str = "", hold: float = HOLD) -> None:
        self._redis = redis
        self._name = name
        self._hold = round(hold * 1000)
        self.prefix = prefix
        self.keys = tuple(
            f"{prefix}:{part}"
            for part in ("entries", "failures", "ready", "held", "holders", "parked", "senders", "aside", "time")
        )
        self._scripts = {
            script: self.script((_FOLDER / f"{script}.lua").read_text(), when_full=script != "put")
            for script in SCRIPTS
        }

    @property
    def lane_prefix(self) -> str:
        """Prefix of the LISTs of a lane's entry ids, and the first argument of every script."""
        return f"{self.prefix}:lane:"

    @property
    def entries(self) -> str:
        """HASH of the entries that are not done: the key is there as long as there is one."""
        return self.keys[0]

    def why_key(self, entry: str) -> str:
        """STRING: what an entry waits for, until it is done, or for a minute longer than the wait."""
        return f"{self.prefix}:why:{entry}"

    def script(self, text: str, *, when_full: bool = False) -> AsyncScript:
        """Make a script that may use the functions of the lanes' prelude; call it with `keys` first.

        Args:
            text: Its own.
            when_full: A full Redis runs it as well.
        """
        flags = "#!lua flags=allow-oom\n" if when_full else ""
        clock = f"{flags}local TIME = KEYS[{TIME}]\n{CLOCK.read_text()}"
        return self._redis.register_script(clock + (_FOLDER / "prelude.lua").read_text() + text)

    async def put(self, lane: str, entry: str, payload: str, *, sender: str = "", most: int = 0) -> Put:
        """Add an entry behind those of its lane, once.

        Args:
            lane: Which.
            entry: Its id.
            payload: What it says.
            sender: Whose share of the lane it takes.
            most: Entries that the sender may have waiting in the lane; 0: any number.
        """
        return Put(await self._run("put", lane, sender, entry, payload, most))

    async def next(self, count: int) -> tuple[list[Entry], float | None]:
        """Take up to `count` entries in hand, each of another lane.

        Returns:
            The entries, and the seconds until another one may be due; None when nothing waits.
        """
        wait, *told = await self._run("next", self._name, self._hold, count)
        entries = [
            Entry(lane=lane, id=entry_id, failures=int(failures), token=token, payload=payload, waiting=int(waiting))
            for lane, entry_id, failures, token, waiting, payload in zip(
                *(told[at::FIELDS] for at in range(FIELDS)), strict=True
            )
        ]
        return entries, None if int(wait) < 0 else int(wait) / 1000

    async def done(self, entry: Entry) -> Done:
        """Drop an entry that is worked off."""
        first, more = await self._run("done", entry.lane, entry.id, entry.token, self.why_key(entry.id))
        return Done(first=bool(first), more=bool(more))

    async def park(
        self, entry: Entry, seconds: float, *, failed: bool = False, alone: bool = False, why: str = ""
    ) -> bool:
        """Let go of an entry until it is due again; False when the hold had run out.

        Args:
            entry: In hand.
            seconds: Until then.
            failed: Count a failed attempt.
            alone: Let the entries behind it go first; otherwise its lane waits with it.
            why: What it waits for, for the operator; never a user's words.
        """
        told = (round(seconds * 1000), int(failed), int(alone), why, self.why_key(entry.id))
        return bool(await self._run("park", entry.lane, entry.id, entry.token, *told))

    async def rewrite(self, entry: Entry, payload: str) -> bool:
        """Change what an entry says, for the attempts to come; False when the hold had run out."""
        return bool(await self._run("rewrite", entry.lane, entry.id, entry.token, payload))

    async def reread(self, entry: Entry) -> Entry:
        """Return an entry with what it says now."""
        packed = await self._redis.hget(self.entries, entry.id)
        return entry if packed is None else replace(entry, payload=_waiting(entry.id, str(packed)).payload)

    async def make_due_apart(self, lane: str) -> int:
        """Make the entries of a lane due now that wait apart, as `park` had it; returns how many."""
        return int(await self._run("make_due_apart", lane))

    async def renew(self, entries: Iterable[Entry]) -> int:
        """Give a sign of life for entries in hand; returns how many still are."""
        return int(
            await self._run("renew", self._hold, *(each for entry in entries for each in (entry.lane, entry.token)))
        )

    async def reclaim(self) -> int:
        """Make due what this name had in hand before it started anew; returns how many lanes that were."""
        return int(await self._run("reclaim", self._name))

    async def set_aside(self, entry: Entry, why: dict[str, str]) -> None:
        """Take an entry that nobody can work off out of its lane, and keep it for the operator."""
        await self._run("set_aside", entry.lane, entry.id, entry.token, json.dumps(why))

    async def drain(self, stream: str, job_prefix: str, *, count: int) -> int:
        """Move entries of a stream of jobs' ends into the lanes of the chats that wait for them.

        Returns:
            How many were moved.
        """
        return int(await self._scripts["drain"](keys=(*self.keys, stream), args=(self.lane_prefix, count, job_prefix)))

    # ---------------------------------------------------------------- looking

    async def occupancy(self) -> Occupancy:
        """Count the entries."""
        pipeline = self._redis.pipeline(transaction=False)
        entries, _failures, _ready, held, _holders, _parked, _senders, aside, _time = self.keys
        pipeline.hlen(entries)
        pipeline.zcard(held)
        pipeline.hlen(aside)
        return Occupancy(*map(int, await pipeline.execute()))

    async def waiting(self) -> list[Waiting]:
        """Return the entries that are not done, the oldest first; of very many only some."""
        found = dict[str, str]()
        async for entry, packed in self._redis.hscan_iter(self.entries, count=LOOKED_AT_ONCE):
            found[str(entry)] = str(packed)
            if len(found) >= MOST_LOOKED_AT:
                break
        return sorted(
            (_waiting(entry, packed) for entry, packed in found.items()), key=lambda each: each.since or math.inf
        )

    async def stay_of(self, entry: Waiting) -> Stay:
        """Tell why an entry is still there."""
        _entries, failures, ready, held, _holders, parked, _senders, _aside, _time = self.keys
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zscore(ready, entry.lane)
        pipeline.zscore(parked, entry.id)
        pipeline.zscore(held, entry.lane)
        pipeline.hget(failures, entry.id)
        pipeline.get(self.why_key(entry.id))
        due, parked_until, held_until, failed, why = await pipeline.execute()
        until = parked_until if parked_until is not None else due
        return Stay(
            until=float(until) / 1000 if until is not None else None,
            in_hand=held_until is not None and parked_until is None,
            failures=int(failed or 0),
            why=str(why or ""),
        )

    async def list_set_aside(self) -> list[SetAside]:
        """Return what was set aside, oldest first."""
        found = [
            _set_aside(str(entry), str(packed)) for entry, packed in (await self._redis.hgetall(self.keys[7])).items()
        ]
        return sorted(found, key=lambda each: each.at)

    async def retry_set_aside(self, entry: str) -> bool:
        """Put an entry that was set aside back into its lane; False when it was not there."""
        return bool(await self._run("retry_set_aside", entry))

    async def drop_set_aside(self, entry: str) -> bool:
        """Forget an entry that was set aside; False when it was not there."""
        return bool(await self._redis.hdel(self.keys[7], entry))

    async def _run(self, script: str, *arguments: str | int) -> Any:
        return await self._scripts[script](keys=self.keys, args=(self.lane_prefix, *arguments))


def _waiting(entry: str, packed: str) -> Waiting:
    lane, _sender, _due, payload = (*packed.split("\n", 3), "", "", "")[:4]
    milliseconds = entry.partition("-")[0]
    return Waiting(
        id=entry, lane=lane, since=int(milliseconds) / 1000 if milliseconds.isdecimal() else None, payload=payload
    )


def _set_aside(entry: str, packed: str) -> SetAside:
    lane, sender, at, why, payload = (*packed.split("\n", 4), "", "", "", "")[:5]
    told = json.loads(why) if why.startswith("{") else {}
    return SetAside(
        id=entry, lane=lane, sender=sender, at=int(at or 0) / 1000, why=str(told.get("error", "")), payload=payload
    )
