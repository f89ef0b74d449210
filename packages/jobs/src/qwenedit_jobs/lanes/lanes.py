"""The lanes' transitions, each one Lua script that may be repeated without harm."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_jobs import durations
from qwenedit_jobs.lanes.entries import DoneResult, Entry, Occupancy, SetAside, Stay, Waiting
from qwenedit_jobs.redis.scripts import Scripts, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redis.asyncio import Redis

FOLDER = Path(__file__).parent / "lua"


class Put(StrEnum):
    """Result of adding an entry to its lane."""

    PUT = "put"
    KNOWN = "known"
    """It was added before."""
    FULL = "full"
    """Its sender has too many waiting in this lane."""


class Lanes:
    """A fair queue: one lane per chat or user, served in turn.

    Args:
        redis: A client that decodes replies.
        prefix: Prefix of its keys.
        name: This replica's name; after a restart under the same name its entries are due at once.
        hold: Seconds; see `durations.LANE_HOLD`.
    """

    def __init__(self, redis: Redis, prefix: str, *, name: str = "", hold: float = durations.LANE_HOLD) -> None:
        self._redis = redis
        self._name = name
        self._hold = round(hold * 1000)
        self.prefix = prefix
        self._scripts = self.scripts(FOLDER)

    def key(self, name: str) -> str:
        """Return the key or key prefix that scripts know by a name; see `lua/transitions.lua`."""
        return f"{self.prefix}:{name.removesuffix('_prefix')}{':' * name.endswith('_prefix')}"

    def scripts(self, folder: Path, key: Callable[[str], str | None] = lambda _name: None) -> Scripts:
        """Return scripts that can use what the lanes' scripts share.

        Args:
            folder: The scripts' folder.
            key: Returns a key by its name; None for the lanes' own.
        """
        return Scripts(self._redis, folder, lambda name: key(name) or self.key(name), shared=FOLDER)

    def why_key(self, entry: str) -> str:
        """STRING: what an entry waits for, for a minute longer than the wait."""
        return f"{self.key('why_prefix')}{entry}"

    async def put(self, lane: str, entry: str, payload: str, *, sender: str = "", most: int = 0) -> Put:
        """Append an entry to a lane, once.

        Args:
            lane: The lane's name.
            entry: The entry's ID.
            payload: Its content.
            sender: The user whose share of the lane it uses.
            most: Entries that the sender may have waiting in the lane; 0 for no limit.
        """
        outcome = await self._scripts.run("put", lane=lane, sender=sender, id=entry, payload=payload, most=most)
        return Put(outcome)

    async def next(self, count: int) -> tuple[list[Entry], float | None]:
        """Hold up to `count` due entries, at most one of each lane.

        Returns:
            The entries, and the seconds until another one may be due; None when nothing waits.
        """
        reply = named(await self._scripts.run("next", name=self._name, hold=self._hold, count=count))
        entries, wait = [Entry(**named(each)) for each in reply["entries"]], reply["wait"]
        return entries, None if wait < 0 else wait / 1000

    async def done(self, entry: Entry) -> DoneResult:
        """Drop an entry that is done."""
        reply = named(await self._scripts.run("done", **_arguments(entry), failures=entry.failures))
        return DoneResult(first=bool(reply["first"]), more=bool(reply["more"]))

    async def park(
        self, entry: Entry, seconds: float, *, failed: bool = False, alone: bool = False, why: str = ""
    ) -> bool:
        """Release an entry until it's due again; False if the hold had expired.

        Args:
            entry: A held entry.
            seconds: Seconds until it's due.
            failed: Whether to count a failed attempt.
            alone: Let the entries behind it go first; otherwise its lane waits with it.
            why: What it waits for, for the operator; never a user's words.
        """
        ms = round(seconds * 1000)
        return bool(await self._scripts.run("park", **_arguments(entry), ms=ms, failed=failed, alone=alone, why=why))

    async def rewrite(self, lane: str, entry: str, payload: str) -> bool:
        """Change an entry's payload; False if it's held, or doesn't wait in this lane."""
        return bool(await self._scripts.run("rewrite", lane=lane, id=entry, payload=payload))

    async def drop(self, lane: str, entry: str) -> None:
        """Drop an entry that is no longer needed."""
        await self.done(Entry(lane=lane, id=entry, sender="", failures=0, token="", payload=""))

    async def make_due(self, lane: str) -> bool:
        """Make the first entry of a lane due now; False if there is none, or it's held."""
        if not await self._redis.exists(f"{self.key('lane_prefix')}{lane}"):
            return False
        return bool(await self._scripts.run("make_due", lane=lane))

    async def make_due_apart(self, lane: str) -> int:
        """Make a lane's entries due that were parked `alone`; returns how many."""
        if not await self._redis.exists(f"{self.key('lane_prefix')}{lane}:apart"):
            return 0
        return int(await self._scripts.run("make_due_apart", lane=lane))

    async def renew(self, entries: Iterable[Entry]) -> int:
        """Renew the hold of entries; returns how many are still held."""
        held = [(entry.lane, entry.token) for entry in entries]
        return int(await self._scripts.run("renew", hold=self._hold, held=held))

    async def release_own_holds(self) -> int:
        """Release what this replica held before it restarted; returns the number of lanes."""
        return int(await self._scripts.run("release_own_holds", name=self._name))

    async def set_aside(self, entry: Entry, why: dict[str, str]) -> None:
        """Move an entry that can't be handled out of its lane, and keep it for the operator."""
        await self._scripts.run("set_aside", **_arguments(entry), why=json.dumps(why))

    async def drain(self, stream: str, prefixes: Sequence[str], *, at_once: int = 100) -> int:
        """Move ended jobs from the stream into their chats' lanes, so many in about a millisecond of Redis' time.

        Args:
            stream: The stream's key.
            prefixes: Of the keys that may have a job's chat in their `payload`; the first that has one counts.
            at_once: The number of jobs.

        Returns:
            How many were moved.
        """
        moved, drained = 0, at_once
        while drained == at_once:
            drained = int(await self._scripts.run("drain", stream=stream, prefixes=prefixes, count=at_once))
            moved += drained
        return moved

    # ---------------------------------------------------------------- looking

    async def occupancy(self) -> Occupancy:
        """Count the entries."""
        pipeline = self._redis.pipeline(transaction=False)
        for name in ("entries", "holders", "aside"):
            pipeline.hlen(self.key(name))
        return Occupancy(*map(int, await pipeline.execute()))

    async def of_lane(self, lane: str) -> dict[str, str]:
        """Return the payloads of a lane by ID, in order; entries parked `alone` come last."""
        key = f"{self.key('lane_prefix')}{lane}"
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.smembers(f"{key}:apart")
        pipeline.lrange(key, 0, -1)
        apart, in_line = await pipeline.execute()
        ids = [str(each) for each in (*in_line, *sorted(apart))]
        packed = await self._redis.hmget(self.key("entries"), ids) if ids else []
        return {entry: _waiting(entry, str(each)).payload for entry, each in zip(ids, packed, strict=True) if each}

    async def lane_of(self, entry: str) -> str:
        """Return the lane of an entry; empty if there is none."""
        return _waiting(entry, str(await self._redis.hget(self.key("entries"), entry) or "")).lane

    async def waiting(self) -> list[Waiting]:
        """Return the waiting entries, oldest first, up to 10,000."""
        packed_entries = dict[str, str]()
        async for entry, packed in self._redis.hscan_iter(self.key("entries"), count=1_000):
            packed_entries[str(entry)] = str(packed)
            if len(packed_entries) >= 10_000:
                break
        return sorted(
            (_waiting(entry, packed) for entry, packed in packed_entries.items()),
            key=lambda each: each.since or math.inf,
        )

    async def stay_of(self, entry: Waiting) -> Stay:
        """Return why an entry isn't done."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zscore(self.key("ready"), entry.lane)
        pipeline.zscore(self.key("parked"), entry.id)
        pipeline.hexists(self.key("holders"), entry.lane)
        pipeline.hget(self.key("failures"), entry.id)
        pipeline.get(self.why_key(entry.id))
        due, parked_until, held, failed, why = await pipeline.execute()
        in_hand = held and parked_until is None
        until = None if in_hand else parked_until if parked_until is not None else due
        return Stay(
            until=float(until) / 1000 if until is not None else None,
            in_hand=bool(in_hand),
            failures=int(failed or 0),
            why=str(why or ""),
        )

    async def list_set_aside(self) -> list[SetAside]:
        """Return what was set aside, oldest first."""
        packed = await self._redis.hgetall(self.key("aside"))
        entries = [_set_aside(str(entry), str(each)) for entry, each in packed.items()]
        return sorted(entries, key=lambda each: each.at)

    async def retry_set_aside(self, entry: str) -> bool:
        """Return an entry that was set aside to its lane; False if there's none."""
        return bool(await self._scripts.run("retry_set_aside", id=entry))

    async def drop_set_aside(self, entry: str) -> bool:
        """Delete an entry that was set aside; False if there's none."""
        return bool(await self._redis.hdel(self.key("aside"), entry))


def _arguments(entry: Entry) -> dict[str, str]:
    return {"lane": entry.lane, "id": entry.id, "sender": entry.sender, "token": entry.token}


def _waiting(entry: str, packed: str) -> Waiting:
    lane, _sender, _due, payload = (*packed.split("\n", 3), "", "", "")[:4]
    milliseconds = entry.partition("-")[0]
    return Waiting(
        id=entry, lane=lane, since=int(milliseconds) / 1000 if milliseconds.isdecimal() else None, payload=payload
    )


def _set_aside(entry: str, packed: str) -> SetAside:
    lane, sender, at, why, payload = (*packed.split("\n", 4), "", "", "", "")[:5]
    reason = json.loads(why) if why.startswith("{") else {}
    return SetAside(
        id=entry, lane=lane, sender=sender, at=int(at or 0) / 1000, why=str(reason.get("error", "")), payload=payload
    )
